use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::Device;
use malmoi::architectures::{self, Loaded, Network, Row, Setup, Want};
use malmoi::checkpoint::Checkpoint;
use malmoi::generation::Rules;
use malmoi::generation::beam::{Beams, EarlyStopping, Found, search};
use malmoi::kernels::Precision;
use serde::Deserialize;
use serde_json::Value;

use crate::support::here;

/// What the reference computes: see `fixtures/seq2seq/make.py`.
#[derive(Deserialize)]
struct Expected {
    sources: Vec<Vec<u32>>,
    forced: Forced,
    runs: Vec<Run>,
    long: Long,
}

#[derive(Deserialize)]
struct Forced {
    source: usize,
    read: Vec<u32>,
    logits: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Run {
    name: String,
    settings: Value,
    beams: BTreeMap<usize, Vec<Vec<Hypothesis>>>,
}

#[derive(Deserialize)]
struct Hypothesis {
    ids: Vec<u32>,
    score: Option<f32>,
}

#[derive(Deserialize)]
struct Long {
    source: Vec<u32>,
    settings: Value,
    ids: Vec<u32>,
}

struct Fixture {
    name: String,
    network: Box<dyn Network>,
    expected: Expected,
}

fn fixtures() -> Vec<Fixture> {
    let folders = std::fs::read_dir(here("fixtures/seq2seq")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.join("expected.json").exists()).collect();
    folders.sort();
    assert!(folders.len() >= 17, "{folders:?}");
    let open = |folder: PathBuf| {
        let checkpoint = Checkpoint::open(&folder).unwrap();
        let setup = Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Quantized };
        let Loaded { network, .. } = architectures::load(&setup).unwrap();
        let expected = std::fs::read(folder.join("expected.json")).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        Fixture { name, network, expected: serde_json::from_slice(&expected).unwrap() }
    };
    folders.into_iter().map(open).collect()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The settings of a run, as `generate` of the reference takes them.
fn beams(settings: &Value, width: usize) -> Beams {
    let number = |key: &str| settings.get(key).and_then(Value::as_f64);
    let count = |key: &str| number(key).unwrap_or(0.0) as usize;
    let ids = |key: &str| -> Vec<u32> {
        match settings.get(key) {
            Some(Value::Array(ids)) => ids.iter().map(|id| id.as_u64().unwrap() as u32).collect(),
            Some(Value::Number(id)) => vec![id.as_u64().unwrap() as u32],
            _ => Vec::new(),
        }
    };
    let words = settings.get("bad_words_ids").cloned().unwrap_or(Value::Array(Vec::new()));
    Beams {
        width,
        length_penalty: number("length_penalty").unwrap_or(1.0) as f32,
        early_stopping: match settings.get("early_stopping") {
            Some(Value::Bool(true)) => EarlyStopping::Yes,
            Some(Value::String(_)) => EarlyStopping::Never,
            _ => EarlyStopping::No,
        },
        start: ids("decoder_start_token_id")[0],
        rules: Rules {
            repetition_penalty: number("repetition_penalty").unwrap_or(1.0) as f32,
            no_repeat_ngram: count("no_repeat_ngram_size"),
            bad_words: serde_json::from_value(words).unwrap(),
            min_length: count("min_length"),
            min_new_tokens: count("min_new_tokens"),
            forced_first: ids("forced_bos_token_id").first().copied(),
            forced_last: ids("forced_eos_token_id"),
            suppressed: ids("suppress_tokens"),
            suppressed_first: ids("begin_suppress_tokens"),
            ends: ids("eos_token_id"),
            max_length: count("max_length"),
        },
    }
}

impl Fixture {
    fn search(&self, sources: &[Vec<u32>], beams: &Beams, at_once: usize) -> Vec<Vec<Found>> {
        let sources: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
        search(&*self.network, &sources, beams, at_once).unwrap()
    }
}

#[test]
fn logits_after_every_token_are_those_of_the_reference() {
    for fixture in fixtures() {
        let Forced { source, read, logits } = &fixture.expected.forced;
        let begin = || fixture.network.begin(&[&fixture.expected.sources[*source]]).unwrap().remove(0);
        let mut state = begin();
        let row = Row { state: &mut state, tokens: read, want: Want::All };
        let whole = fixture.network.forward(&mut [row]).unwrap();
        for (at, (ours, expected)) in whole.row(0).zip(logits).enumerate() {
            let off = difference(ours, expected);
            assert!(off < 1e-4, "{}: token {at} is {off} off", fixture.name);
        }
        // Token by token, cut back and forked, it is the same to the last bit.
        let mut state = begin();
        for (at, token) in read.iter().enumerate() {
            let mut other = state.fork();
            let row = Row { state: &mut other, tokens: &[3, 4], want: Want::Last };
            fixture.network.forward(&mut [row]).unwrap();
            let row = Row { state: &mut state, tokens: &[*token], want: Want::Last };
            let one = fixture.network.forward(&mut [row]).unwrap();
            assert!(one.last(0) == whole.row(0).nth(at).unwrap(), "{}: token {at}", fixture.name);
        }
        assert_eq!(state.truncate(4), 4);
        let row = Row { state: &mut state, tokens: &read[4..], want: Want::Last };
        let again = fixture.network.forward(&mut [row]).unwrap();
        assert!(again.last(0) == whole.last(0), "{}", fixture.name);
    }
}

#[test]
fn sources_read_together_are_sources_read_alone() {
    for fixture in fixtures() {
        let sources: Vec<&[u32]> = fixture.expected.sources.iter().map(Vec::as_slice).collect();
        let start = fixture.expected.forced.read[0];
        let mut together = fixture.network.begin(&sources).unwrap();
        let read = [start, 7];
        let rows = together.iter_mut().map(|state| Row { state, tokens: &read, want: Want::Last });
        let together = fixture.network.forward(&mut rows.collect::<Vec<_>>()).unwrap();
        for (row, source) in sources.iter().enumerate() {
            let mut alone = fixture.network.begin(&[source]).unwrap();
            let alone = Row { state: &mut alone[0], tokens: &[start, 7], want: Want::Last };
            let alone = fixture.network.forward(&mut [alone]).unwrap();
            assert!(together.last(row) == alone.last(0), "{} {row}", fixture.name);
        }
    }
}

#[test]
fn searches_find_the_texts_and_scores_of_the_reference() {
    for fixture in fixtures() {
        for Run { name, settings, beams: expected } in &fixture.expected.runs {
            for (width, expected) in expected {
                for at_once in [1, 2, 8] {
                    let found = fixture.search(&fixture.expected.sources, &beams(settings, *width), at_once);
                    let case = format!("{}: {name}, {width} beams, {at_once} at once", fixture.name);
                    for (found, expected) in found.iter().zip(expected) {
                        for (found, expected) in found.iter().zip(expected) {
                            assert_eq!(found.ids, expected.ids, "{case}");
                            let off = found.score.unwrap_or(0.0) - expected.score.unwrap_or(0.0);
                            assert!(off.abs() < 1e-4, "{case}: {off}");
                        }
                        assert!(!found.is_empty() && found.len() >= expected.len(), "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn sources_and_texts_as_long_as_can_be() {
    for fixture in fixtures() {
        let Long { source, settings, ids } = &fixture.expected.long;
        let found = fixture.search(std::slice::from_ref(source), &beams(settings, 1), 1);
        assert_eq!(found[0][0].ids, *ids, "{}", fixture.name);
        if !fixture.name.contains("t5") && fixture.name != "madlad" {
            let longer = [source.as_slice(), &[7]].concat();
            let error = fixture.network.begin(&[&longer]).err().unwrap().to_string();
            assert!(error.starts_with("a source takes"), "{}: {error}", fixture.name);
        }
        assert!(fixture.network.begin(&[&[]]).is_err());
        assert!(fixture.network.begin(&[&[5000]]).is_err());
    }
}

/// The search that a fixture's folder asks for, for a task.
fn asked_for(name: &str, task: &str) -> Beams {
    let checkpoint = Checkpoint::open(&here("fixtures/seq2seq").join(name)).unwrap();
    let setup = Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Quantized };
    let Loaded { vocabulary, context, .. } = architectures::load(&setup).unwrap();
    Beams::of_checkpoint(&checkpoint.hyper, task, vocabulary, context).unwrap()
}

#[test]
fn folders_say_how_they_are_searched() {
    for Fixture { name, expected, .. } in fixtures() {
        // What the reference took from the folder, but for what makes texts longer or searches wider.
        let taken = beams(&expected.runs[0].settings, 1).rules;
        let ours = asked_for(&name, "");
        assert_eq!(vec![ours.start], vec![beams(&expected.runs[0].settings, 1).start], "{name}");
        let Rules { bad_words, forced_last, ends, .. } = ours.rules;
        assert_eq!(
            (bad_words, forced_last, ends),
            (taken.bad_words, taken.forced_last, taken.ends),
            "{name}"
        );
    }
    let m2m100 = asked_for("m2m100", "translation_en_to_ko");
    assert_eq!((m2m100.width, m2m100.early_stopping, m2m100.rules.max_length), (5, EarlyStopping::Yes, 30));
    let mt5 = asked_for("mt5", "");
    assert_eq!((mt5.length_penalty, mt5.rules.no_repeat_ngram), (0.6, 2));
    // Without a generation_config.json the keys of config.json count, the oldest ones too.
    let bart = asked_for("bart-large", "").rules;
    assert_eq!((bart.min_length, bart.no_repeat_ngram, bart.forced_first), (12, 3, Some(0)));
    assert_eq!(asked_for("bart-scaled", "").rules.forced_first, Some(0));
    // What config.json has for a task counts for that task only.
    let (plain, summary) = (asked_for("kobart", ""), asked_for("kobart", "summarization"));
    assert_eq!((plain.width, plain.rules.repetition_penalty), (1, 1.0));
    assert_eq!((summary.width, summary.rules.repetition_penalty), (6, 1.5));
    // Where nothing is said a text may be as long as it can: the reference would stop at 20 tokens.
    assert_eq!(asked_for("t5", "").rules.max_length, 512);
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let from = here("fixtures/seq2seq/m2m100");
    std::fs::copy(from.join("model.safetensors"), folder.path().join("model.safetensors")).unwrap();
    std::fs::copy(from.join("config.json"), folder.path().join("config.json")).unwrap();
    for (settings, reason) in [
        (r#"{"num_beams": "many"}"#, "num_beams is \"many\", expected a number"),
        (r#"{"forced_bos_token_id": 5000}"#, "forced_bos_token_id is 5000, expected a token of a vocabulary"),
        (r#"{"bad_words_ids": [1, 2]}"#, "bad_words_ids is [1,2], expected lists of tokens"),
    ] {
        std::fs::write(folder.path().join("generation_config.json"), settings).unwrap();
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let error = Beams::of_checkpoint(&checkpoint.hyper, "", 96, 64).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
