use std::cell::RefCell;
use std::sync::LazyLock;

use malmoi::{Event, Finding, Language, LanguagePair, Model, Observer, Outcome, Repair, Term};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::Home;
use crate::support::scripted;

/// Final sound of a term as it is read: a vowel, ㄹ or another consonant.
#[derive(Clone, Copy, PartialEq)]
enum Sound {
    V,
    R,
    C,
}
use Sound::{C, R, V};

/// English, its plural if it has one, Korean, final sound, and a forbidden word if there is one.
type Entry = (&'static str, &'static str, &'static str, Sound, &'static str);
/// English and Korean with a place for a term, and the particle after a consonant and a vowel.
type Frame = (&'static str, &'static str, (&'static str, &'static str));

/// Rows of a table of `fixtures/terms`, which `benches/terms/terms.py` reads, too.
fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    table.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{cells:?}"))
    })
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let entries = rows(include_str!("fixtures/terms/entries.tsv"));
    let sound = |sound| match sound {
        "V" => V,
        "R" => R,
        _ => C,
    };
    entries.map(|[a, b, c, d, e]| (a, b, c, sound(d), e)).collect()
});

static FRAMES: LazyLock<Vec<Frame>> = LazyLock::new(|| {
    let frames = rows(include_str!("fixtures/terms/frames.tsv"));
    frames
        .map(|[english, korean, consonant, vowel]| (english, korean, (consonant, vowel)))
        .collect()
});

/// What is wrong with a scripted translation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Missing,
    Changed,
    Forbidden,
    Particle,
}

impl Fault {
    fn kind(self) -> &'static str {
        match self {
            Self::Missing => "glossary_missing",
            Self::Changed => "glossary_changed",
            Self::Forbidden => "glossary_forbidden",
            Self::Particle => "glossary_particle",
        }
    }
}

struct Line {
    source: String,
    right: String,
    wrong: Option<(Fault, String)>,
    entry: &'static Entry,
}

fn keeps(entry: &Entry) -> bool {
    entry.0 == entry.2
}

fn particle(sound: Sound, (consonant, vowel): (&'static str, &'static str)) -> &'static str {
    match sound {
        V => vowel,
        R if consonant.starts_with('으') => vowel,
        R | C => consonant,
    }
}

/// 200 sentences: every term, every particle, plurals; two of five with a fault.
fn lines() -> Vec<Line> {
    let line = |at: usize| {
        let entry: &'static Entry = &ENTRIES[at * 7 % 60];
        let (english, plural, korean, sound, forbidden) = *entry;
        let (source, frame, pair) = FRAMES[(at + at / 60) % 10];
        let is_plural = at.is_multiple_of(2) && !plural.is_empty();
        let source = source.replace("{}", if is_plural { plural } else { english });
        let with = |word: &str, particle: &str| frame.replace("{}", &format!("{word}{particle}"));
        let right = particle(sound, pair);
        let lost = if keeps(entry) { Fault::Changed } else { Fault::Missing };
        let fault = match at % 5 {
            3 => lost,
            4 if !forbidden.is_empty() => Fault::Forbidden,
            4 if pair.0 != pair.1 => Fault::Particle,
            4 => lost,
            _ => {
                let right = with(korean, right);
                return Line { source, right, wrong: None, entry };
            }
        };
        let wrong = match fault {
            Fault::Missing | Fault::Changed => with("그것", particle(C, pair)),
            Fault::Forbidden => with(forbidden, pair.0),
            Fault::Particle => with(korean, if right == pair.0 { pair.1 } else { pair.0 }),
        };
        Line { source, right: with(korean, right), wrong: Some((fault, wrong)), entry }
    };
    (0..200).map(line).collect()
}

fn terms() -> Vec<Term> {
    let term = |entry: &Entry| Term {
        keep: keeps(entry),
        forbid: if entry.4.is_empty() { Vec::new() } else { vec![entry.4.into()] },
        ..Term::new(entry.0, entry.2)
    };
    ENTRIES.iter().map(term).collect()
}

fn open(script: Vec<Value>) -> (TempDir, Model) {
    let folder = scripted::model(Value::from(script), 16_384);
    let model = Model::open(folder.path()).unwrap();
    (folder, model)
}

fn kinds(outcome: &Outcome) -> Vec<&str> {
    let of_glossary = |finding: &&Finding| finding.check == "glossary";
    outcome.findings.iter().filter(of_glossary).map(|finding| finding.kind.as_str()).collect()
}

/// Translates a sentence; the prompt is returned as well.
fn translate(model: &Model, line: &Line, repair: Repair) -> (Outcome, String) {
    let prompts = RefCell::new(Vec::new());
    let observer = Observer::new().on_event(|event| {
        if let Event::Prompt { ids, .. } = event {
            let bytes: Vec<u8> = ids.iter().map(|id| *id as u8).collect();
            prompts.borrow_mut().push(String::from_utf8_lossy(&bytes).into_owned());
        }
    });
    let request = model.translate(&line.source).from(Language::English).to(Language::Korean);
    let outcome = request.glossary(terms()).repair(repair).observe(observer).unwrap();
    let prompt = prompts.borrow().join("\n");
    (outcome, prompt)
}

/// A right answer has no finding of the glossary; a wrong one has exactly the one that it should.
#[test]
fn of_200_sentences_with_60_terms_each_is_right_or_reported() {
    let lines = lines();
    let rule = |line: &Line| {
        let say = line.wrong.as_ref().map_or(&line.right, |(_, wrong)| wrong);
        json!({"when": line.source, "say": say})
    };
    let (_folder, model) = open(lines.iter().map(rule).collect());
    let mut seen = [0; 5];
    for line in &lines {
        let (outcome, prompt) = translate(&model, line, Repair::Off);
        let expected = line.wrong.as_ref().map(|(fault, _)| fault.kind());
        assert_eq!(kinds(&outcome), expected.as_slice(), "{} → {}", line.source, outcome.text);
        let used = outcome.glossary.unwrap_or_else(|| panic!("no term in {}", line.source));
        let is_used = line.wrong.as_ref().is_none_or(|(fault, _)| *fault == Fault::Particle);
        assert_eq!((used.terms, used.used), (1, usize::from(is_used)), "{}", line.source);
        seen[line.wrong.as_ref().map_or(4, |(fault, _)| *fault as usize)] += 1;
        // Only the term that occurs is shown.
        for entry in ENTRIES.iter() {
            let is_shown = prompt.contains(&format!("{} = {}\n", entry.0, entry.2));
            assert_eq!(is_shown, entry.0 == line.entry.0, "{} in {}", entry.0, line.source);
        }
    }
    assert!(seen.iter().all(|count| *count >= 5) && seen[4] == 120, "{seen:?}");
}

/// The model is almost as likely to begin the right answer, with its first byte: repair finds it
/// where a sample does, and what it does not find is still reported.
#[test]
fn wrong_terms_are_repaired_or_stay_reported() {
    let lines: Vec<Line> = lines().into_iter().filter(|line| line.wrong.is_some()).collect();
    let rule = |line: &Line| {
        // Another first word, so that the answers differ where sampling chooses.
        let wrong = line.wrong.as_ref().map(|(_, wrong)| format!("어쩌면 {wrong}"));
        json!({"when": line.source, "say": wrong, "or": line.right})
    };
    let (_folder, model) = open(lines.iter().map(rule).collect());
    let (mut severe, mut repaired) = (0, 0);
    for line in &lines {
        let (outcome, _) = translate(&model, line, Repair::Auto);
        let is_right = outcome.text == line.right;
        assert_eq!(kinds(&outcome).is_empty(), is_right, "{} → {}", line.source, outcome.text);
        let is_severe = line.wrong.as_ref().is_some_and(|(fault, _)| *fault != Fault::Particle);
        // A wrong particle alone is a minor doubt, which repair leaves by default.
        severe += usize::from(is_severe);
        repaired += usize::from(is_severe && is_right);
    }
    assert!(repaired * 3 > severe, "{repaired} of {severe} repaired");
}

#[test]
fn candidates_are_extracted_from_texts_and_from_pairs() {
    let home = Home::new();
    let english = home
        .write("a.en.txt", "Coach Elena Marsh thanked HBS.\nThe ferry was late.\nMarsh left.\n");
    let korean = home.write(
        "a.ko.txt",
        "엘레나 마시(Elena Marsh) 감독은 HBS에 고마워했다.\n배가 늦었다.\n마시는 떠났다.\n",
    );
    let ran = home.run(&["glossary", "extract", &english, &korean]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.starts_with("source\ttarget\tnote\t"), "{}", ran.out);
    assert!(ran.out.contains("\nElena Marsh\t엘레나 마시\tin brackets, 1 of 1\t"), "{}", ran.out);
    assert!(ran.out.contains("\nHBS\tHBS\tkept, 1 of 1\t\tyes\t"), "{}", ran.out);
    assert!(ran.err.ends_with("candidates from 3 pairs\n"), "{}", ran.err);
    // What is extracted is a glossary, and is not proposed again.
    let found = home.path().join("terms.tsv").display().to_string();
    assert_eq!(home.run(&["glossary", "extract", &korean, &english, "-o", &found]).code, Some(0));
    assert_eq!(std::fs::read_to_string(&found).unwrap(), ran.out, "in either order");
    assert_eq!(home.run(&["glossary", "import", &found]).code, Some(0));
    let pairs = home.write("pairs.tsv", "HBS aired it.\tHBS가 방송했다.\n");
    let ran = home.run(&["glossary", "extract", &pairs]);
    assert_eq!(ran.err, "0 candidates from 1 pair\n", "{}", ran.out);
    let ran = home.run(&["glossary", "extract", &english, &english]);
    assert!(ran.err.contains("both files are in English"), "{}", ran.err);
}

#[test]
fn both_directions_use_one_glossary() {
    let into_english = LanguagePair { from: Language::Korean, to: Language::English };
    let glossary = malmoi::Glossary::from(terms());
    for entry in ENTRIES.iter().filter(|entry| !keeps(entry)) {
        let text = format!("{}{} 보았다.", entry.2, particle(entry.3, ("을", "를")));
        let found = glossary.occurring(&text, into_english);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].term.target, entry.0);
    }
}
