use std::path::PathBuf;

use candle_core::Device;
use malmoi::internals::architectures::{
    self, Loaded, Logits, LogitsFor, Network, Row, Setup, State,
};
use malmoi::internals::checkpoint::{Checkpoint, Tokenizer};
use malmoi::internals::generation::{Control, Engine, Generated, Options};
use malmoi::internals::kernels::{Phase, Precision};
use serde::Deserialize;

use crate::support::here;

#[derive(Deserialize)]
struct Expected {
    prompt: Vec<u32>,
    logits: std::collections::BTreeMap<usize, Vec<f32>>,
    greedy: Vec<u32>,
}

struct Fixture {
    name: String,
    network: Box<dyn Network>,
    expected: Expected,
}

/// All folders in `fixtures/models`. A checkpoint that is added there runs through all tests here.
fn fixtures() -> Vec<Fixture> {
    let folders =
        std::fs::read_dir(here("fixtures/models")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> =
        folders.filter(|path| path.join("expected.json").exists()).collect();
    folders.sort();
    assert!(folders.len() >= 39, "{folders:?}");
    folders
        .into_iter()
        .map(|folder| {
            let checkpoint = Checkpoint::open(&folder).unwrap();
            let setup =
                Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Fast };
            let Loaded { network, .. } = architectures::load(&setup).unwrap();
            let expected = std::fs::read(folder.join("expected.json")).unwrap();
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            Fixture { name, network, expected: serde_json::from_slice(&expected).unwrap() }
        })
        .collect()
}

/// The same checkpoints, as llama.cpp's converter writes them: with other names, permuted rows, and
/// one added to norms.
#[test]
fn gguf_files_give_the_logits_of_their_folders() {
    let mut count = 0;
    for entry in std::fs::read_dir(here("fixtures/gguf")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let checkpoint = Checkpoint::open(&path).unwrap();
        let setup =
            Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Fast };
        let Loaded { network, .. } = architectures::load(&setup).unwrap();
        let expected =
            std::fs::read(here("fixtures/models").join(&name).join("expected.json")).unwrap();
        let fixture =
            Fixture { name, network, expected: serde_json::from_slice(&expected).unwrap() };
        let logits = fixture.read(&mut fixture.begin(), &fixture.expected.prompt);
        for (at, expected) in &fixture.expected.logits {
            let off =
                logits[*at].iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-4, "{}: token {at} is {off} off", fixture.name);
        }
        count += 1;
    }
    assert!(count >= 15, "{count}");
}

impl Fixture {
    fn begin(&self) -> State {
        self.network.begin(&[&[]], Phase::Decode).unwrap().remove(0)
    }

    /// Logits of every token.
    fn read(&self, state: &mut State, tokens: &[u32]) -> Vec<Vec<f32>> {
        let logits = self
            .network
            .forward(&mut [Row { state, tokens, logits: LogitsFor::All }], Phase::Decode)
            .unwrap();
        logits.row(0).map(<[f32]>::to_vec).collect()
    }
}

fn largest(scores: &[f32]) -> u32 {
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.unwrap().0 as u32
}

#[test]
fn logits_are_those_of_the_reference() {
    for fixture in fixtures() {
        let logits = fixture.read(&mut fixture.begin(), &fixture.expected.prompt);
        for (at, expected) in &fixture.expected.logits {
            assert_eq!(logits[*at].len(), expected.len());
            let off =
                logits[*at].iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-4, "{}: token {at} is {off} off", fixture.name);
        }
    }
}

#[test]
fn greedy_ids_are_those_of_the_reference() {
    for fixture in fixtures() {
        let mut state = fixture.begin();
        let mut next = fixture.expected.prompt.clone();
        let mut ids = Vec::new();
        while ids.len() < fixture.expected.greedy.len() {
            let id = largest(fixture.read(&mut state, &next).last().unwrap());
            ids.push(id);
            next = vec![id];
        }
        assert_eq!(ids, fixture.expected.greedy, "{}", fixture.name);
    }
}

#[test]
fn rows_of_a_batch_give_the_logits_of_single_rows() {
    for fixture in fixtures() {
        let tokens = &fixture.expected.prompt;
        let texts = [&tokens[..17], &tokens[3..40], &tokens[20..21]];
        let mut states: Vec<State> = texts.iter().map(|_| fixture.begin()).collect();
        for step in 0..3 {
            let parts: Vec<&[u32]> = texts
                .iter()
                .map(|text| &text[text.len() * step / 3..text.len() * (step + 1) / 3])
                .collect();
            // The second step needs no logits at all.
            let logits = |which: usize| match step {
                1 => LogitsFor::None,
                _ => [LogitsFor::Last, LogitsFor::All, LogitsFor::None][(which + step) % 3],
            };
            let mut rows: Vec<Row<'_>> = states
                .iter_mut()
                .zip(&parts)
                .enumerate()
                .filter(|(_, (_, part))| !part.is_empty())
                .map(|(which, (state, tokens))| Row { state, tokens, logits: logits(which) })
                .collect();
            let together = fixture.network.forward(&mut rows, Phase::Decode).unwrap();
            let read = parts.iter().enumerate().filter(|(_, part)| !part.is_empty());
            for (row, (which, part)) in read.enumerate() {
                let upto = &texts[which][..texts[which].len() * step / 3 + part.len()];
                let mut alone = fixture.read(&mut fixture.begin(), upto);
                let wanted = match logits(which) {
                    LogitsFor::None => 0,
                    LogitsFor::Last => 1,
                    LogitsFor::All => part.len(),
                };
                let alone = alone.split_off(alone.len() - wanted);
                let together: Vec<&[f32]> = together.row(row).collect();
                assert_eq!(together, alone, "{} row {row} step {step}", fixture.name);
            }
        }
    }
}

#[test]
fn a_text_in_chunks_is_the_whole_text() {
    for fixture in fixtures() {
        let tokens = &fixture.expected.prompt;
        let whole = fixture.read(&mut fixture.begin(), tokens);
        // In some fixtures texts of up to 32 tokens have other frequencies; their logits are not
        // recomputed.
        let from = if fixture.name == "phi3-beyond" { 32 } else { 0 };
        for size in [1, 3, 7, 16] {
            let mut state = fixture.begin();
            let chunks: Vec<Vec<f32>> =
                tokens.chunks(size).flat_map(|chunk| fixture.read(&mut state, chunk)).collect();
            assert!(chunks[from..] == whole[from..], "{} in chunks of {size}", fixture.name);
        }
    }
}

#[test]
fn truncated_tokens_leave_no_trace() {
    for fixture in fixtures() {
        let tokens = &fixture.expected.prompt;
        let fresh = fixture.read(&mut fixture.begin(), tokens);
        let mut state = fixture.begin();
        fixture.read(&mut state, &tokens[..12]);
        fixture.read(&mut state, &tokens[25..]);
        // Recurrent layers have a snapshot at the end of the first piece.
        assert_eq!(state.truncate(12), 12);
        assert_eq!(fixture.read(&mut state, &tokens[12..]), fresh[12..], "{}", fixture.name);
        // From any other position they go further back.
        let kept = state.truncate(20);
        assert!(kept == 20 || kept == 12 || kept == 0, "{}", fixture.name);
        assert_eq!(state.len(), kept);
        assert_eq!(fixture.read(&mut state, &tokens[kept..]), fresh[kept..], "{}", fixture.name);
    }
}

/// For every network. Among the cases are rollbacks of loops, frequencies that change in the middle
/// of a text, and recurrent layers, which cannot be truncated everywhere.
#[test]
fn drafts_change_no_text() {
    let tokenizer = Tokenizer::from_folder(&here("fixtures/trained/bart-cnn"), "bart").unwrap();
    let mut accepted_draft_tokens = 0;
    for fixture in fixtures() {
        let Expected { prompt, greedy, .. } = &fixture.expected;
        // The prompt contains the expected text, and is so long that the frequencies for more than
        // 64 tokens begin to apply during decoding.
        let mut repeated = [&prompt[..], greedy, prompt, greedy, prompt].concat();
        let from = repeated.len().saturating_sub(52);
        let prompts = [repeated.split_off(from), prompt.clone()];
        let engine = Engine {
            network: &*fixture.network,
            tokenizer: &tokenizer,
            eos_tokens: &[0],
            context: 96,
            phases_share_kernels: false,
            fixed_chunks: false,
        };
        for batch in [1, 2] {
            let written = |drafts: bool| {
                let options = Options { max_tokens: 60, drafts, batch, ..Options::default() };
                engine.generate(&prompts, &options, &mut |_, _| Control::Continue).unwrap()
            };
            for (with, without) in written(true).into_iter().zip(written(false)) {
                accepted_draft_tokens += with.accepted_draft_tokens;
                assert_eq!(
                    Generated { accepted_draft_tokens: 0, ..with },
                    without,
                    "{}",
                    fixture.name
                );
            }
        }
    }
    assert!(accepted_draft_tokens > 100, "{accepted_draft_tokens}");
}

/// A network whose forward passes fail now and then, after they have changed the states.
struct Failing<'n> {
    network: &'n dyn Network,
    steps: std::sync::atomic::AtomicUsize,
}

impl Network for Failing<'_> {
    fn begin(&self, sources: &[&[u32]], phase: Phase) -> malmoi::Result<Vec<State>> {
        self.network.begin(sources, phase)
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> malmoi::Result<Logits> {
        let computed = self.network.forward(rows, phase);
        // Never twice in a row, so that the single retry succeeds.
        let step = self.steps.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let alone = rows.len() == 1 && rows[0].tokens.len() == 1;
        if step % 5 == 4 && !alone {
            return Err(malmoi::Error::Engine("no memory".into()));
        }
        computed
    }
}

#[test]
fn a_failed_batch_that_is_retried_row_by_row_gives_the_same_texts() {
    let tokenizer = Tokenizer::from_folder(&here("fixtures/trained/bart-cnn"), "bart").unwrap();
    let mut failed = 0;
    for fixture in fixtures() {
        let Expected { prompt, greedy, .. } = &fixture.expected;
        let prompts = [[&prompt[..], greedy, prompt].concat(), prompt.clone()];
        let options = Options { max_tokens: 30, batch: 2, ..Options::default() };
        let written = |network: &dyn Network| {
            let engine = Engine {
                network,
                tokenizer: &tokenizer,
                eos_tokens: &[0],
                context: 256,
                phases_share_kernels: false,
                fixed_chunks: false,
            };
            engine.generate(&prompts, &options, &mut |_, _| Control::Continue)
        };
        let network = Failing { network: &*fixture.network, steps: Default::default() };
        let texts = |written: Vec<Generated>| -> Vec<_> {
            written.into_iter().map(|one| (one.text, one.tokens, one.finish)).collect()
        };
        let (found, expected) = (written(&network).unwrap(), written(&*fixture.network).unwrap());
        assert_eq!(texts(found), texts(expected), "{}", fixture.name);
        failed += network.steps.into_inner() / 5;
    }
    assert!(failed > 100, "{failed}");
}

#[test]
fn a_fork_is_independent_of_its_origin() {
    for fixture in fixtures() {
        let tokens = &fixture.expected.prompt;
        let mut one = fixture.begin();
        fixture.read(&mut one, &tokens[..20]);
        let mut other = one.fork();
        let turned: Vec<u32> = tokens[20..].iter().rev().copied().collect();
        let of_other = fixture.read(&mut other, &turned);
        let of_one = fixture.read(&mut one, &tokens[20..]);
        let fresh = fixture.read(&mut fixture.begin(), tokens);
        assert_eq!(of_one, fresh[20..], "{}", fixture.name);
        assert_ne!(of_other, of_one);
        let turned: Vec<u32> = tokens[..20].iter().copied().chain(turned).collect();
        assert_eq!(of_other, fixture.read(&mut fixture.begin(), &turned)[20..], "{}", fixture.name);
    }
}

#[test]
fn invalid_rows_are_errors() {
    for fixture in fixtures() {
        for (tokens, word) in [
            (&[][..], "without tokens"),
            (&[96][..], "vocabulary of 96"),
            (&[3; 300][..], "window is 256"),
        ] {
            let mut state = fixture.begin();
            let rows = &mut [Row { state: &mut state, tokens, logits: LogitsFor::Last }];
            let error = fixture.network.forward(rows, Phase::Decode).err().unwrap().to_string();
            assert!(error.contains(word), "{}: {error}", fixture.name);
            assert!(state.is_empty());
        }
    }
}

/// Loads a tiny checkpoint with some values of its config replaced.
fn with_config(name: &str, change: impl FnOnce(&mut serde_json::Value)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(here("fixtures/models").join(name)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = folder.path().join("config.json");
    let mut config = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut config);
    std::fs::write(&path, config.to_string()).unwrap();
    folder
}

fn load(folder: &std::path::Path) -> malmoi::Result<Loaded> {
    let checkpoint = Checkpoint::open(folder)?;
    architectures::load(&Setup {
        checkpoint: &checkpoint,
        device: &Device::Cpu,
        precision: Precision::Fast,
    })
}

#[test]
fn an_unsupported_mechanism_is_refused_by_name() {
    use serde_json::json;
    let cases = [
        ("llama-gqa", "model_type", json!("qwen3_5_moe"), "architecture `qwen3_5_moe`"),
        ("llama-gqa", "hidden_act", json!("relu2"), "activation `relu2`"),
        ("llama-gqa", "rope_scaling", json!({"rope_type": "spiral"}), "rope scaling `spiral`"),
        (
            "mistral-whole",
            "rope_parameters",
            json!({"rope_theta": 1e4, "llama_4_scaling_beta": 0.1}),
            "llama_4_scaling_beta",
        ),
        (
            "qwen3-window",
            "layer_types",
            json!(["chunked_attention", "a", "b"]),
            "layer type chunked_attention",
        ),
        ("qwen35-even", "attn_output_gate", json!(false), "attn_output_gate"),
        ("gemma3-window", "use_bidirectional_attention", json!(true), "bidirectional attention"),
        (
            "gemma4-shared",
            "enable_moe_block",
            json!(true),
            "a mixture of experts (enable_moe_block)",
        ),
        ("gemma4-shared", "use_bidirectional_attention", json!("all"), "bidirectional attention"),
    ];
    for (name, key, value, word) in cases {
        let folder = with_config(name, |config| config[key] = value);
        let error = load(folder.path()).err().unwrap();
        assert!(matches!(error, malmoi::Error::Unsupported { .. }), "{name}: {error}");
        // Messages quote JSON values.
        assert!(error.to_string().replace('"', "").contains(word), "{name}: {error}");
    }
}

#[test]
fn invalid_numbers_in_a_config_are_errors() {
    use serde_json::json;
    let cases = [
        ("qwen35-grouped", "linear_num_value_heads", json!(3), "do not divide"),
        ("gemma4-shared", "num_kv_shared_layers", json!(7), "shares keys and values"),
        ("gemma4-shared", "per_layer_config", json!({"x": {}}), "layer `x`"),
        ("lfm2-adjusted", "conv_L_cache", json!(0), "conv_L_cache"),
        (
            "phi3-short",
            "rope_scaling",
            json!({"type": "su", "short_factor": [1.0]}),
            "short_factor",
        ),
        ("phi3-short", "partial_rotary_factor", json!(7.5), "cannot be rotated"),
        ("llama-gqa", "num_key_value_heads", json!(4), "do not match"),
    ];
    for (name, key, value, word) in cases {
        let folder = with_config(name, |config| config[key] = value);
        let error = load(folder.path()).err().unwrap().to_string();
        assert!(error.contains(word), "{name} {key}: {error}");
    }
}

/// A folder with weights in PyTorch's own format gives the logits of one with safetensors.
#[test]
fn weights_in_pytorchs_format_are_converted_once() {
    let (folder, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = here("fixtures/models/qwen2-tied");
    std::fs::copy(from.join("config.json"), folder.path().join("config.json")).unwrap();
    let weights = here("fixtures/pickle/qwen2-tied/pytorch_model.bin");
    std::fs::copy(weights, folder.path().join("pytorch_model.bin")).unwrap();
    let error = Checkpoint::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("its weights are in pytorch_model.bin"), "{error}");
    let checkpoint = Checkpoint::open_with_cache(folder.path(), Some(kept.path())).unwrap();
    let setup = Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision: Precision::Fast };
    let Loaded { network, .. } = architectures::load(&setup).unwrap();
    let expected = std::fs::read(from.join("expected.json")).unwrap();
    let expected = serde_json::from_slice(&expected).unwrap();
    let fixture = Fixture { name: "qwen2-tied".into(), network, expected };
    let logits = fixture.read(&mut fixture.begin(), &fixture.expected.prompt);
    for (at, expected) in &fixture.expected.logits {
        let off = logits[*at].iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "token {at} is {off} off");
    }
}

/// Older configs of Phi use this name.
#[test]
fn rope_scaling_of_type_su_is_longrope() {
    let folder = with_config("phi3-short", |config| config["rope_scaling"]["type"] = "su".into());
    let expected = std::fs::read(here("fixtures/models/phi3-short/expected.json")).unwrap();
    let Loaded { network, .. } = load(folder.path()).unwrap();
    let name = "phi3-short as su".to_string();
    let fixture = Fixture { name, network, expected: serde_json::from_slice(&expected).unwrap() };
    let logits = fixture.read(&mut fixture.begin(), &fixture.expected.prompt);
    for (at, expected) in &fixture.expected.logits {
        let off = logits[*at].iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "token {at} is {off} off");
    }
}
