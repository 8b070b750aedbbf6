//! The command `check`: files of pairs, exit codes, and its output for people and programs.

use serde_json::Value;

use crate::cli::Home;

const FIRE: &str = "A fire at the port of Haemin hurt 17 people on Monday.";
const FIRE_KO: &str = "월요일 해민항에서 불이 나 17명이 다쳤다.";
const FIRE_WRONG: &str = "월요일 해민항에서 불이 나 71명이 다쳤다.";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn two_files_are_compared_as_a_whole_or_line_by_line() {
    let home = Home::new();
    let source = home.write("a.txt", format!("{FIRE}\n\n{FIRE}\n"));
    let right = home.write("right.txt", format!("{FIRE_KO}\n\n{FIRE_KO}\n"));
    let wrong = home.write("wrong.txt", format!("{FIRE_KO}\n\n{FIRE_WRONG}\n"));
    let ran = home.run(&["check", &source, &right, "--strict"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    assert_eq!(ran.err, "1 pair checked, nothing found\n");
    let ran = home.run(&["check", &source, &wrong, "--lines", "--strict"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.starts_with("line 3: A fire at the port of Haemin"), "{}", ran.out);
    assert!(ran.out.contains("hurt [17] people") && ran.out.contains("[71]"), "{}", ran.out);
    assert!(
        ran.err.starts_with("2 pairs checked, 3 findings in 1: numbers 2, consistency 1"),
        "{}",
        ran.err
    );
    assert_eq!(home.run(&["check", &source, &wrong]).code, Some(0));
    let short = home.write("short.txt", FIRE_KO);
    let ran = home.run(&["check", &source, &short, "--lines"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("is missing in [home]/short.txt"), "{}", ran.err);
}

#[test]
fn the_support_of_a_summary_is_shown_where_it_is_asked_for() {
    let home = Home::new();
    let article = home.write("article.txt", format!("{FIRE} Seven boats burned."));
    let summary = home.write("summary.txt", "A fire hurt 17 people at the port.");
    let arguments = ["check", &article, &summary, "--task", "summary", "--quiet"];
    let run = |more: &[&str]| home.run(&[&arguments[..], more].concat()).out;
    assert_eq!(run(&[]), "");
    let text = run(&["--support"]);
    assert!(text.contains(&format!("is supported by: '{FIRE}'")), "{text}");
    assert!(run(&["--support", "--messages", "ko"]).contains("의 근거: 'A fire"));
    let json = &lines(&run(&["--support", "--json"]))[0];
    assert_eq!(json["support"][0]["words"], FIRE);
    assert_eq!(json["support"][0]["output"]["start"], 0);
    assert!(lines(&run(&["--json"]))[0].get("support").is_none());
    let translation = home.write("ko.txt", FIRE_KO);
    let ran = home.run(&["check", &article, &translation, "--support", "--json", "--quiet"]);
    assert!(lines(&ran.out)[0].get("support").is_none(), "a translation has none");
}

#[test]
fn json_has_one_object_a_pair_in_the_order_of_the_input() {
    let home = Home::new();
    let mut input = String::new();
    for number in 0..1500 {
        let output = if number % 500 == 7 { FIRE_WRONG } else { FIRE_KO };
        let row = serde_json::json!({"id": format!("n{number}"), "source": FIRE, "output": output});
        input += &format!("{row}\n");
    }
    let ran = home.run_with(&["check", "--pairs", "-", "--json", "--quiet"], &input, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let found = lines(&ran.out);
    assert_eq!(found.len(), 1500);
    for (index, one) in found.iter().enumerate() {
        assert_eq!((&one["index"], &one["id"]), (&index.into(), &format!("n{index}").into()));
        let doubts = one["findings"].as_array().unwrap().len();
        assert_eq!(doubts > 0, index % 500 == 7, "{one}");
    }
    let keys: Vec<&str> = found[7].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["index", "place", "id", "source", "output", "from", "to", "task", "score", "findings"]
    );
    assert_eq!((&found[7]["from"], &found[7]["to"]), (&"en".into(), &"ko".into()));
}

#[test]
fn a_pair_that_cannot_be_read_is_named_and_the_others_are_checked() {
    let home = Home::new();
    let text = format!(
        "{{\"source\": \"{FIRE}\", \"output\": \"{FIRE_WRONG}\"}}\nnot JSON\n{{\"source\": \"市長は月曜日、新しい橋を開通させた。\", \"output\": \"x\"}}\n{{\"source\": \"{FIRE}\", \"output\": \"x\", \"task\": \"poem\"}}\n"
    );
    let path = home.write("pairs.jsonl", text);
    let ran = home.run(&["check", "--pairs", &path, "--json"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    let found = lines(&ran.out);
    assert_eq!(found.len(), 4);
    assert!(!found[0]["findings"].as_array().unwrap().is_empty());
    assert!(found[1]["error"].as_str().unwrap().starts_with("is not JSON"));
    for said in [
        "[home]/pairs.jsonl line 2 is not JSON",
        "line 3 has a source that seems to be in Japanese; if it is English or Korean, say so with --from",
        "line 4 has the task `poem`; it must be `translation` or `summary`",
        "3 pairs of [home]/pairs.jsonl could not be read; the others were checked",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
}

#[test]
fn checks_are_listed_and_chosen_by_name() {
    let home = Home::new();
    let path = home.write("pairs.tsv", format!("{FIRE}\t{FIRE_WRONG}\n"));
    let count = |arguments: &[&str]| {
        let ran =
            home.run(&[&["check", "--pairs", &path, "--json", "--quiet"], arguments].concat());
        lines(&ran.out)[0]["findings"].as_array().unwrap().len()
    };
    assert_eq!(count(&["--only", "numbers"]), 2);
    assert_eq!(count(&["--only", "markup,quotes"]), 0);
    assert_eq!(count(&["--skip", "numbers"]), 0);
    let ran = home.run(&["check", "--pairs", &path, "--only", "numeral"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("`numeral` is not a check; known: "), "{}", ran.err);
    let listed = home.run(&["check", "--list"]);
    assert!(listed.out.contains("numbers: ") && listed.out.contains("kinds: "), "{}", listed.out);
    assert!(lines(&home.run(&["check", "--list", "--json"]).out).len() > 5);
}

#[test]
fn translators_files_are_checked_with_the_languages_that_they_name() {
    let home = Home::new();
    let memory = format!(
        "<tmx version=\"1.4\"><header srclang=\"ko\"/><body><tu tuid=\"u1\"><tuv xml:lang=\"en\"><seg>{FIRE}</seg></tuv>\
         <tuv xml:lang=\"ko\"><seg>{FIRE_WRONG}</seg></tuv></tu></body></tmx>"
    );
    let ran = home.run(&["check", "--pairs", &home.write("a.tmx", memory), "--json", "-q"]);
    let found = lines(&ran.out);
    assert_eq!((&found[0]["from"], &found[0]["id"]), (&"ko".into(), &"u1".into()));
    assert_eq!(found[0]["findings"].as_array().unwrap().len(), 2);
    let text = format!(
        "<xliff version=\"1.2\"><file source-language=\"en\" target-language=\"ko\"><body><trans-unit id=\"1\">\
         <source>{FIRE}</source><target>{FIRE_KO}</target></trans-unit></body></file></xliff>"
    );
    let ran = home.run(&["check", "--pairs", &home.write("a.xlf", text), "--strict"]);
    assert_eq!(ran.code, Some(0), "{} {}", ran.out, ran.err);
}

#[test]
fn what_is_missing_is_said_with_the_way_out() {
    let home = Home::new();
    let one = home.write("one.txt", FIRE);
    for (arguments, said) in [
        (&["check"][..], "there is no input; give two files"),
        (&["check", &one], "there is nothing to compare the file with; give two files"),
        (&["check", &one, "gone.txt"], "gone.txt does not exist"),
        (&["check", "-", "-"], "standard input can be read only once"),
        (&["check", &one, &one, "--to", "en"], "is a translation from English into English"),
        (&["check", "--pairs", &one], "holds no pairs; known: TMX"),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
}

#[test]
fn the_checks_are_measured_over_pairs_of_the_users_own() {
    let home = Home::new();
    let path = home.write("pairs.tsv", format!("{FIRE}\t{FIRE_KO}\n").repeat(12));
    let page = home.path().join("checks.html").display().to_string();
    let ran =
        home.run(&["eval", "checks", "--pairs", &path, "--most", "20", "--json", "--html", &page]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let table: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(table["lines"], 12);
    let rows = table["kinds"].as_array().unwrap();
    let row = rows.iter().find(|row| row["kind"] == "number_digit" && row["direction"] == "en-ko");
    let found = &row.unwrap()["found"];
    assert!(found["of"].as_u64() > Some(5) && found["share"] == 1.0, "{found}");
    assert!(std::fs::read_to_string(page).unwrap().starts_with("<!doctype html>"));
    let ran = home.run(&["eval", "checks", "--pairs", &home.write("a.tsv", "one\n")]);
    assert!(ran.err.contains("[home]/a.tsv line 1 has no tab between source and output"));
    assert_eq!(ran.code, Some(2));
}

#[test]
fn a_dismissed_finding_is_not_reported_again_for_the_same_words() {
    let home = Home::new();
    let path = home.write("pairs.tsv", format!("{FIRE}\t{FIRE_WRONG}\n"));
    let found = |arguments: &[&str]| {
        let ran = home.run(&[&["check", "--pairs", &path, "--json"], arguments].concat());
        let findings = lines(&ran.out)[0]["findings"].as_array().unwrap().clone();
        (ran.code, findings, ran.err)
    };
    let (code, findings, _) = found(&["--strict"]);
    assert_eq!((code, findings.len()), (Some(1), 2));
    for finding in &findings {
        let hash = finding["hash"].as_str().unwrap();
        let ran = home.run(&["check", "--dismiss", hash, "--reason", "the ministry's figure"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(ran.err.contains("dismissed in [home]/.config/malmoi/dismissed.jsonl"));
    }
    let (code, findings, said) = found(&["--strict"]);
    assert_eq!((code, findings.len()), (Some(0), 2), "{said}");
    assert!(findings.iter().all(|finding| finding["dismissed"] == true));
    assert!(said.contains("nothing found; 2 dismissed before"), "{said}");
    // The same words in a longer file, and another error in them.
    let other = format!(
        "A dog barked.\t개가 짖었다.\n{FIRE}\t{FIRE_WRONG}\n{FIRE}\t해민항에서 불이 나 71명이 다쳤다.\n"
    );
    let path = home.write("other.tsv", other);
    let ran = home.run(&["check", "--pairs", &path]);
    assert!(ran.out.starts_with("line 3: "), "{}", ran.out);
    let (code, ..) = found(&["--strict", "--dismissed", "none.jsonl"]);
    assert_eq!(code, Some(1));
    let ran = home.run(&["check", "--dismiss", "17"]);
    assert!(ran.err.contains("`17` is not the hash of a finding"), "{}", ran.err);
}

#[test]
fn findings_are_shown_in_korean_where_the_system_or_a_setting_says_so() {
    let home = Home::new();
    let path = home.write("pairs.tsv", format!("{FIRE}\t{FIRE_WRONG}\n"));
    let shown = |arguments: &[&str], variables: &[(&str, &str)]| {
        let ran = home.run_with(&[&["check", "--pairs", &path], arguments].concat(), "", variables);
        ran.out + &ran.err
    };
    for (arguments, variables, is_korean) in [
        (&[][..], &[][..], false),
        (&[], &[("LANG", "ko_KR.UTF-8")], true),
        (&[], &[("LANG", "ko_KR.UTF-8"), ("LC_ALL", "C")], false),
        (&[], &[("MALMOI_MESSAGES", "ko")], true),
        (&["--messages", "en"], &[("MALMOI_MESSAGES", "ko")], false),
        (&["--messages", "ko"], &[], true),
    ] {
        let text = shown(arguments, variables);
        assert_eq!(text.contains("번역문에 없는 숫자: '17'"), is_korean, "{text}");
        assert_eq!(text.contains("appears in the original"), !is_korean, "{text}");
        assert_eq!(text.contains("1쌍 검사, 1쌍에 지적 2건"), is_korean, "{text}");
    }
    home.write(".config/malmoi/config.toml", "messages = \"ko\"\n");
    assert!(shown(&[], &[]).contains("번역문: "));
    assert!(shown(&["--messages", "fr"], &[]).contains("expected en or ko"));
}

#[test]
fn rules_of_the_user_come_from_a_file_and_its_faults_are_named() {
    let home = Home::new();
    let source = home.write("a.txt", FIRE);
    let output = home.write("b.txt", FIRE_KO);
    let rules = home.write(
        "checks.toml",
        "[[term]]\nen = 'port'\nko = '항구'\n[[forbidden]]\nword = '불'\ninstead = '화재'\n",
    );
    let arguments = ["check", &source, &output, "--only", "patterns", "--json", "--quiet"];
    let found = |ran: &crate::cli::Ran| -> Vec<String> {
        let findings = lines(&ran.out)[0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|one| one["message"].as_str().unwrap().to_string()).collect()
    };
    let expected =
        ["the term 'port' is not translated as '항구'", "the word '불' is forbidden; write '화재'"];
    assert_eq!(found(&home.run(&arguments)), [""; 0]);
    let ran = home.run(&[&arguments[..], &["--checks", &rules]].concat());
    assert_eq!(found(&ran), expected, "{}", ran.err);
    let variables = [("MALMOI_CHECKS", rules.as_str())];
    assert_eq!(found(&home.run_with(&arguments, "", &variables)), expected);
    home.write("checks.toml", "[[pattern]]\nname = 'a'\noutput = '('\n");
    let ran = home.run(&[&arguments[..], &["--checks", &rules]].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("checks.toml: [[pattern]] 1 ('a'): `output` is not a"), "{}", ran.err);
    assert!(ran.err.contains("docs/patterns.md"), "{}", ran.err);
}

#[test]
fn a_source_with_two_translations_in_a_run_is_named() {
    let home = Home::new();
    let other = "월요일 해민항 화재로 17명이 부상했다.";
    let rows = format!("{FIRE}\t{FIRE_KO}\n{FIRE}\t{FIRE_KO}\n{FIRE}\t{other}\n");
    let path = home.write("pairs.tsv", rows);
    let ran = home.run(&["check", "--pairs", &path, "--only", "consistency"]);
    assert!(ran.out.starts_with("line 3: ") && ran.out.contains("at line 1"), "{}", ran.out);
    assert!(ran.err.starts_with("3 pairs checked, 1 finding in 1: consistency 1"), "{}", ran.err);
}
