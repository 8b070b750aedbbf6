//! Tests of the choice among examples, and of files of them.

use super::*;

fn example(source: &str, target: &str) -> Example {
    Example { source: source.into(), target: target.into() }
}

fn query(task: Task, from: Language, text: &str) -> ExampleQuery<'_> {
    let to = if task == Task::Translate { from.other() } else { from };
    ExampleQuery { task, languages: LanguagePair { from, to }, text }
}

fn sources(examples: Vec<Example>) -> Vec<String> {
    examples.into_iter().map(|example| example.source).collect()
}

#[test]
fn few_examples_are_shown_in_order_and_of_many_the_most_similar_last() {
    let examples = Examples::new(
        Task::Translate,
        vec![
            example("The ferry to Haemin leaves at nine.", "해민행 여객선은 9시에 출발한다."),
            example("It rained in the mountains.", "산간에 비가 내렸다."),
            example("The ferry leaves at ten.", "여객선은 10시에 출발한다."),
            example("Prices rose by 3%.", "물가가 3% 올랐다."),
        ],
    );
    let asked = query(Task::Translate, Language::English, "The ferry to Haemin leaves at eight.");
    let nearest = sources(examples.clone().limit(2).find(&asked));
    assert_eq!(nearest, ["The ferry leaves at ten.", "The ferry to Haemin leaves at nine."]);
    let all = sources(examples.clone().limit(4).find(&asked));
    assert!(all[0].starts_with("The ferry to Haemin") && all[3].starts_with("Prices"), "{all:?}");
    assert!(examples.limit(0).find(&asked).is_empty());
}

#[test]
fn pairs_of_a_translation_serve_both_directions_and_other_tasks_not_at_all() {
    let pair = example("It rained.", "비가 내렸다.");
    let examples = Examples::new(Task::Translate, vec![pair.clone()]);
    let find = |task, from| examples.find(&query(task, from, "x"));
    assert_eq!(find(Task::Translate, Language::English), [pair]);
    assert_eq!(find(Task::Translate, Language::Korean), [example("비가 내렸다.", "It rained.")]);
    assert!(find(Task::Summarize, Language::English).is_empty());
    // A summary is shorter than its text: it cannot be turned around.
    let summary = Examples::new(Task::Summarize, vec![example("It rained.", "비가 내렸다.")]);
    let languages = LanguagePair { from: Language::Korean, to: Language::English };
    let turned = ExampleQuery { task: Task::Summarize, languages, text: "x" };
    assert!(summary.find(&turned).is_empty());
}

#[test]
fn a_file_names_tasks_or_leaves_them_to_the_command() {
    let lines = "{\"source\": \"It rained.\", \"output\": \"비가 내렸다.\"}\n\
        {\"source\": \"It rained all day.\", \"output\": \"Rain.\", \"task\": \"summary\"}\n\
        {\"source\": \"Not translated yet.\", \"output\": \" \"}\n";
    let examples = Examples::read(lines.as_bytes(), "style.jsonl", Task::Translate).unwrap();
    let found: Vec<(Task, &str)> =
        examples.iter().map(|(task, example)| (task, example.source.as_str())).collect();
    assert_eq!(found, [(Task::Translate, "It rained."), (Task::Summarize, "It rained all day.")]);
}

#[test]
fn a_file_that_cannot_serve_is_refused_by_name() {
    let refused = |text: String, name: &str| {
        let source = std::io::Cursor::new(text.into_bytes());
        Examples::read(source, name, Task::Translate).unwrap_err().to_string()
    };
    let said = refused("{\"source\": \"a\", \"output\": \"\"}\n".into(), "a.jsonl");
    assert_eq!(said, "a.jsonl has no pair of texts");
    let said = refused("{\"source\": \"a\", \"output\": \"b\"}\nno\n".into(), "a.jsonl");
    assert!(said.starts_with("a.jsonl has a part that cannot be read, line 2: "), "{said}");
    let many = "one\t하나\n".repeat(Examples::MAX_IN_FILE + 1);
    assert_eq!(refused(many, "a.tsv"), "a.tsv has more than 10000 examples");
}

#[path = "../../../tests/support/clock.rs"]
mod clock;

#[test]
fn examples_are_found_in_linear_time() {
    let pairs = |count: usize, length: usize| -> Examples {
        let text = |number: usize| format!("{number} {}", "The ferry left. ".repeat(length));
        let korean = |number: usize| format!("{number} {}", "여객선이 떠났다. ".repeat(length));
        let pair = |number: usize| (Task::Translate, example(&text(number), &korean(number)));
        (0..count).map(pair).collect()
    };
    let work = |examples: &Examples, text: &str| {
        for _ in 0..20 {
            let found = examples.find(&query(Task::Translate, Language::English, text));
            assert_eq!(found.len(), Examples::LIMIT);
        }
    };
    let (few, many) = (pairs(500, 4), pairs(2_000, 4));
    let text = "The ferry came back. ".repeat(20);
    assert!(clock::grows_linearly(|| work(&few, &text), || work(&many, &text)), "more examples");
    let (short, long) = (pairs(40, 250), pairs(40, 1_000));
    assert!(
        clock::grows_linearly(|| work(&short, &text), || work(&long, &text)),
        "longer examples"
    );
    let (text, longer) = ("여객선 12호, ".repeat(1_000), "여객선 12호, ".repeat(4_000));
    assert!(clock::grows_linearly(|| work(&few, &text), || work(&few, &longer)), "a longer text");
}
