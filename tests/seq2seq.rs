use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Device;
use malmoi::internals::architectures::{self, Loaded, LogitsFor, Network, Row, Setup};
use malmoi::internals::checkpoint::{Checkpoint, Gguf, Tokenizer};
use malmoi::internals::generation::LogitsProcessors;
use malmoi::internals::generation::beam::{BeamSearchConfig, EarlyStopping, Hypothesis, search};
use malmoi::internals::kernels::{Phase, Precision};
use serde::Deserialize;
use serde_json::Value;

use crate::support::gguf::{File, Tensor, Value as Metadata};
use crate::support::here;

/// Golden values of the reference: see `fixtures/seq2seq/make.py`.
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
    beams: BTreeMap<usize, Vec<Vec<ExpectedHypothesis>>>,
}

#[derive(Deserialize)]
struct ExpectedHypothesis {
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
    let folders =
        std::fs::read_dir(here("fixtures/seq2seq")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> =
        folders.filter(|path| path.join("expected.json").exists()).collect();
    folders.sort();
    assert!(folders.len() >= 17, "{folders:?}");
    folders.into_iter().map(|folder| fixture(&folder, &folder)).collect()
}

/// The same T5, as llama.cpp's converter writes them: see `fixtures/seq2seq/make_gguf.py`.
fn ggufs() -> Vec<Fixture> {
    let files = std::fs::read_dir(here("fixtures/seq2seq/gguf"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    let folder = |file: &Path| here("fixtures/seq2seq").join(file.file_stem().unwrap());
    files.iter().map(|file| fixture(file, &folder(file))).collect()
}

/// A checkpoint with the golden values in a folder.
fn fixture(checkpoint: &Path, folder: &Path) -> Fixture {
    let expected = std::fs::read(folder.join("expected.json")).unwrap();
    let name = checkpoint.file_name().unwrap().to_string_lossy().into_owned();
    let network = load(checkpoint).unwrap().network;
    Fixture { name, network, expected: serde_json::from_slice(&expected).unwrap() }
}

fn load(path: &Path) -> malmoi::Result<Loaded> {
    let checkpoint = Checkpoint::open(path)?;
    let setup = Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Fast };
    architectures::load(&setup)
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// The search settings of a run, from the arguments of the reference's `generate`.
fn beams(settings: &Value, width: usize) -> BeamSearchConfig {
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
    BeamSearchConfig {
        num_beams: width,
        length_penalty: number("length_penalty").unwrap_or(1.0) as f32,
        early_stopping: match settings.get("early_stopping") {
            Some(Value::Bool(true)) => EarlyStopping::Yes,
            Some(Value::String(_)) => EarlyStopping::Never,
            _ => EarlyStopping::No,
        },
        decoder_start_token_id: ids("decoder_start_token_id")[0],
        logits_processors: LogitsProcessors {
            repetition_penalty: number("repetition_penalty").unwrap_or(1.0) as f32,
            no_repeat_ngram_size: count("no_repeat_ngram_size"),
            bad_words_ids: serde_json::from_value(words).unwrap(),
            min_length: count("min_length"),
            min_new_tokens: count("min_new_tokens"),
            forced_bos_token_id: ids("forced_bos_token_id").first().copied(),
            forced_eos_token_ids: ids("forced_eos_token_id"),
            suppress_tokens: ids("suppress_tokens"),
            begin_suppress_tokens: ids("begin_suppress_tokens"),
            eos_token_ids: ids("eos_token_id"),
            max_length: count("max_length"),
            lexical_constraint: None,
        },
    }
}

impl Fixture {
    fn search(
        &self,
        sources: &[Vec<u32>],
        beams: &BeamSearchConfig,
        at_once: usize,
    ) -> Vec<Vec<Hypothesis>> {
        let sources: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
        search(&*self.network, &sources, beams, at_once).unwrap()
    }

    /// Compares the logits of each token of a forced decoder input.
    fn check_logits(&self) {
        let Forced { source, read, logits } = &self.expected.forced;
        let mut state = self
            .network
            .begin(&[&self.expected.sources[*source]], Phase::Decode)
            .unwrap()
            .remove(0);
        let row = Row { state: &mut state, tokens: read, logits: LogitsFor::All };
        let whole = self.network.forward(&mut [row], Phase::Decode).unwrap();
        assert_eq!(whole.row(0).count(), logits.len());
        for (at, (ours, expected)) in whole.row(0).zip(logits).enumerate() {
            let off = difference(ours, expected);
            assert!(off < 1e-4, "{}: token {at} is {off} off", self.name);
        }
    }

    /// Compares hypotheses and scores for all settings and numbers of beams, at several batch
    /// sizes.
    fn check_texts(&self, at_once: usize) {
        for Run { name, settings, beams: expected } in &self.expected.runs {
            for (width, expected) in expected {
                let found = self.search(&self.expected.sources, &beams(settings, *width), at_once);
                let case = format!("{}: {name}, {width} beams, {at_once} at once", self.name);
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

#[test]
fn logits_after_every_token_are_those_of_the_reference() {
    for fixture in fixtures() {
        fixture.check_logits();
        let Forced { source, read, .. } = &fixture.expected.forced;
        let begin = || {
            fixture
                .network
                .begin(&[&fixture.expected.sources[*source]], Phase::Decode)
                .unwrap()
                .remove(0)
        };
        let mut state = begin();
        let row = Row { state: &mut state, tokens: read, logits: LogitsFor::All };
        let whole = fixture.network.forward(&mut [row], Phase::Decode).unwrap();
        // Token by token, truncated and forked, the logits are the same to the last bit.
        let mut state = begin();
        for (at, token) in read.iter().enumerate() {
            let mut other = state.fork();
            let row = Row { state: &mut other, tokens: &[3, 4], logits: LogitsFor::Last };
            fixture.network.forward(&mut [row], Phase::Decode).unwrap();
            let row = Row { state: &mut state, tokens: &[*token], logits: LogitsFor::Last };
            let one = fixture.network.forward(&mut [row], Phase::Decode).unwrap();
            assert!(one.last(0) == whole.row(0).nth(at).unwrap(), "{}: token {at}", fixture.name);
        }
        assert_eq!(state.truncate(4), 4);
        let row = Row { state: &mut state, tokens: &read[4..], logits: LogitsFor::Last };
        let again = fixture.network.forward(&mut [row], Phase::Decode).unwrap();
        assert!(again.last(0) == whole.last(0), "{}", fixture.name);
    }
}

#[test]
fn inputs_of_a_batch_give_the_logits_of_single_inputs() {
    for fixture in fixtures() {
        let sources: Vec<&[u32]> = fixture.expected.sources.iter().map(Vec::as_slice).collect();
        let start = fixture.expected.forced.read[0];
        let mut together = fixture.network.begin(&sources, Phase::Decode).unwrap();
        let read = [start, 7];
        let rows =
            together.iter_mut().map(|state| Row { state, tokens: &read, logits: LogitsFor::Last });
        let together =
            fixture.network.forward(&mut rows.collect::<Vec<_>>(), Phase::Decode).unwrap();
        for (row, source) in sources.iter().enumerate() {
            let mut alone = fixture.network.begin(&[source], Phase::Decode).unwrap();
            let alone = Row { state: &mut alone[0], tokens: &[start, 7], logits: LogitsFor::Last };
            let alone = fixture.network.forward(&mut [alone], Phase::Decode).unwrap();
            assert!(together.last(row) == alone.last(0), "{} {row}", fixture.name);
        }
    }
}

#[test]
fn searches_find_the_texts_and_scores_of_the_reference() {
    for fixture in fixtures() {
        [1, 2, 8].into_iter().for_each(|at_once| fixture.check_texts(at_once));
    }
}

#[test]
fn inputs_and_texts_of_maximum_length() {
    for fixture in fixtures() {
        let Long { source, settings, ids } = &fixture.expected.long;
        let found = fixture.search(std::slice::from_ref(source), &beams(settings, 1), 1);
        assert_eq!(found[0][0].ids, *ids, "{}", fixture.name);
        if !fixture.name.contains("t5") && fixture.name != "madlad" {
            let longer = [source.as_slice(), &[7]].concat();
            let error = fixture.network.begin(&[&longer], Phase::Decode).err().unwrap().to_string();
            assert!(error.starts_with("a source takes"), "{}: {error}", fixture.name);
        }
        assert!(fixture.network.begin(&[&[]], Phase::Decode).is_err());
        assert!(fixture.network.begin(&[&[5000]], Phase::Decode).is_err());
    }
}

#[test]
fn gguf_files_give_the_logits_texts_and_scores_of_their_folders() {
    for fixture in ggufs() {
        fixture.check_logits();
        fixture.check_texts(8);
        let Long { source, settings, ids } = &fixture.expected.long;
        let found = fixture.search(std::slice::from_ref(source), &beams(settings, 1), 1);
        assert_eq!(found[0][0].ids, *ids, "{}", fixture.name);
        // The metadata names the start and end tokens.
        let (settings, ours) = (
            &fixture.expected.runs[0].settings,
            search_settings(&format!("gguf/{}", fixture.name), ""),
        );
        let expected = beams(settings, 1);
        assert_eq!(
            (ours.decoder_start_token_id, ours.logits_processors.eos_token_ids),
            (expected.decoder_start_token_id, expected.logits_processors.eos_token_ids),
            "{}",
            fixture.name
        );
    }
}

/// Tokenizes like the SentencePiece library does with the model that the vocabulary is from.
#[test]
fn gguf_files_tokenize_as_the_library_does() {
    let expected = std::fs::read(here("fixtures/seq2seq/gguf.json")).unwrap();
    let expected: BTreeMap<String, BTreeMap<String, Vec<u32>>> =
        serde_json::from_slice(&expected).unwrap();
    assert_eq!(expected.len(), 5);
    for (name, texts) in expected {
        let file = here("fixtures/seq2seq/gguf").join(format!("{name}.gguf"));
        let tokenizer = Tokenizer::from_gguf(&Gguf::open(&file).unwrap()).unwrap();
        for (text, ids) in texts {
            assert_eq!(tokenizer.encode(&text).unwrap(), ids, "{name}: {text:?}");
        }
        let ids = tokenizer.encode("a <extra_id_0> b").unwrap();
        assert!(!ids.contains(&tokenizer.id_of("<extra_id_0>").unwrap()), "{name}");
        let ids = tokenizer.encode("The council met on Monday.").unwrap();
        assert_eq!(tokenizer.decode(&ids).unwrap(), "The council met on Monday.", "{name}");
        let frame = tokenizer.encoder_template("en", "ko").unwrap();
        assert_eq!((frame.before.len(), frame.after.len(), frame.first), (0, 1, None), "{name}");
        // The file can be opened as a model.
        let model = malmoi::Model::open(&file).unwrap();
        assert!(model.is_encoder_decoder());
        let request = model.translate("The council met on Monday.").max_tokens(4);
        assert!(request.run().unwrap().segments[0].score.is_some(), "{name}");
    }
}

/// A fixture's GGUF file, to be modified: all tensors, and the metadata that the network needs.
fn to_change(name: &str) -> File {
    let gguf = Gguf::open(&here("fixtures/seq2seq/gguf").join(name)).unwrap();
    let mut file = File::default().set("general.architecture", Metadata::Text("t5".into()));
    for key in [
        "block_count",
        "decoder_block_count",
        "embedding_length",
        "feed_forward_length",
        "attention.head_count",
        "attention.key_length",
        "attention.relative_buckets_count",
    ] {
        let key = format!("t5.{key}");
        let number = gguf.number(&key).unwrap() as u32;
        file = file.set(&key, Metadata::U32(number));
    }
    for (name, info) in gguf.tensors() {
        let (dimensions, offset) =
            (info.shape.iter().rev().map(|n| *n as u64).collect(), file.data.len() as u64);
        file.tensors.push(Tensor { name: name.clone(), dimensions, ggml_type: 0, offset });
        file.data.extend(&gguf.file().bytes()[info.range.clone()]);
        file.data.resize(file.data.len().next_multiple_of(file.alignment), 0);
    }
    file
}

/// Files converted from PyTorch's own format store a shared tensor as often as it is used.
#[test]
fn a_copy_of_the_table_is_no_output_matrix_of_its_own() {
    for (name, gated) in [("t5", false), ("mt5", true)] {
        let mut file = to_change(&format!("{name}.gguf"));
        let folder = tempfile::tempdir().unwrap();
        // A new file each time, because open files are mapped.
        let written = |file: &File| {
            let path = folder
                .path()
                .join(format!("{}.gguf", std::fs::read_dir(folder.path()).unwrap().count()));
            std::fs::write(&path, file.bytes()).unwrap();
            fixture(&path, &here("fixtures/seq2seq").join(name))
        };
        file.tensors.retain(|tensor| tensor.name != "output.weight");
        let without = written(&file);
        let mut table =
            file.tensors.iter().find(|tensor| tensor.name == "token_embd.weight").unwrap().clone();
        let bytes = table.dimensions.iter().product::<u64>() as usize * 4;
        let copied = file.data[table.offset as usize..][..bytes].to_vec();
        (table.name, table.offset) = ("output.weight".into(), file.data.len() as u64);
        let at = file.data.len();
        file.tensors.push(table);
        file.data.extend(copied);
        let copy = written(&file);
        // A matrix of a gated network that differs in a single bit is not a copy.
        file.data[at] ^= 1;
        let nearly = written(&file);
        let logits = |fixture: &Fixture| {
            let mut state = fixture.network.begin(&[&[5, 9, 1]], Phase::Decode).unwrap().remove(0);
            let row = Row { state: &mut state, tokens: &[0], logits: LogitsFor::Last };
            fixture.network.forward(&mut [row], Phase::Decode).unwrap().last(0).to_vec()
        };
        let (without, copy, nearly) = (logits(&without), logits(&copy), logits(&nearly));
        assert!(without == copy, "{name}");
        let scale = if gated { 32f32.sqrt() } else { 1.0 };
        let scaled: Vec<f32> = copy.iter().map(|logit| logit * scale).collect();
        assert!(difference(&scaled, &nearly) < 1e-4, "{name}");
    }
}

#[test]
fn gguf_files_with_missing_parts_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t5.gguf");
    let refused = |file: &File, reason: &str| {
        std::fs::write(&path, file.bytes()).unwrap();
        let error = load(&path).err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
    };
    let file = to_change("umt5.gguf");
    for key in [
        "block_count",
        "embedding_length",
        "attention.key_length",
        "attention.relative_buckets_count",
    ] {
        let mut file = file.clone();
        file.metadata.retain(|(name, _)| name != &format!("t5.{key}"));
        refused(&file, &format!("it has no {key}"));
    }
    // A bias in the second layer, or a gate in the first, means one in every layer.
    for (tensor, reason) in [
        ("dec.blk.0.attn_rel_b.weight", "relative_attention_bias"),
        ("dec.blk.1.attn_rel_b.weight", "relative_attention_bias"),
        ("enc.blk.1.ffn_gate.weight", "wi_0"),
        ("token_embd.weight", "shared.weight"),
    ] {
        let mut file = file.clone();
        file.tensors.retain(|one| one.name != tensor);
        refused(&file, reason);
    }
}

/// The search settings of a fixture's folder or file for a task.
fn search_settings(name: &str, task: &str) -> BeamSearchConfig {
    let checkpoint = Checkpoint::open(&here("fixtures/seq2seq").join(name)).unwrap();
    let setup = Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Fast };
    let Loaded { vocabulary, context, .. } = architectures::load(&setup).unwrap();
    BeamSearchConfig::from_checkpoint(&checkpoint.config, task, vocabulary, context).unwrap()
}

#[test]
fn search_settings_come_from_the_checkpoint() {
    for Fixture { name, expected, .. } in fixtures() {
        // The settings that the reference took from the folder, without lengths and numbers of
        // beams.
        let taken = beams(&expected.runs[0].settings, 1).logits_processors;
        let ours = search_settings(&name, "");
        assert_eq!(
            vec![ours.decoder_start_token_id],
            vec![beams(&expected.runs[0].settings, 1).decoder_start_token_id],
            "{name}"
        );
        let LogitsProcessors { bad_words_ids, forced_eos_token_ids, eos_token_ids, .. } =
            ours.logits_processors;
        assert_eq!(
            (bad_words_ids, forced_eos_token_ids, eos_token_ids),
            (taken.bad_words_ids, taken.forced_eos_token_ids, taken.eos_token_ids),
            "{name}"
        );
    }
    let m2m100 = search_settings("m2m100", "translation_en_to_ko");
    assert_eq!(
        (m2m100.num_beams, m2m100.early_stopping, m2m100.logits_processors.max_length),
        (5, EarlyStopping::Yes, 30)
    );
    let mt5 = search_settings("mt5", "");
    assert_eq!((mt5.length_penalty, mt5.logits_processors.no_repeat_ngram_size), (0.6, 2));
    // Without a generation_config.json the keys of config.json apply, the oldest ones too.
    let bart = search_settings("bart-large", "").logits_processors;
    assert_eq!(
        (bart.min_length, bart.no_repeat_ngram_size, bart.forced_bos_token_id),
        (12, 3, Some(0))
    );
    assert_eq!(search_settings("bart-scaled", "").logits_processors.forced_bos_token_id, Some(0));
    // Task-specific settings of config.json apply to their task only.
    let (plain, summary) =
        (search_settings("kobart", ""), search_settings("kobart", "summarization"));
    assert_eq!((plain.num_beams, plain.logits_processors.repetition_penalty), (1, 1.0));
    assert_eq!((summary.num_beams, summary.logits_processors.repetition_penalty), (6, 1.5));
    // The default is the maximum length; the reference would stop at 20 tokens.
    assert_eq!(search_settings("t5", "").logits_processors.max_length, 512);
}

#[test]
fn invalid_search_settings_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let from = here("fixtures/seq2seq/m2m100");
    std::fs::copy(from.join("model.safetensors"), folder.path().join("model.safetensors")).unwrap();
    std::fs::copy(from.join("config.json"), folder.path().join("config.json")).unwrap();
    for (settings, reason) in [
        (r#"{"num_beams": "many"}"#, "num_beams is \"many\", expected a number"),
        (
            r#"{"forced_bos_token_id": 5000}"#,
            "forced_bos_token_id is 5000, expected a token of a vocabulary",
        ),
        (r#"{"bad_words_ids": [1, 2]}"#, "bad_words_ids is [1,2], expected lists of tokens"),
    ] {
        std::fs::write(folder.path().join("generation_config.json"), settings).unwrap();
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let error = BeamSearchConfig::from_checkpoint(&checkpoint.config, "", 96, 64)
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{error}");
    }
}
