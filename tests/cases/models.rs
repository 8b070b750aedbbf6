//! Checkpoints and tokenizers: settings in a model's files are applied or refused, never ignored.

/// Files that change while in use, and modified cache files.
mod changes;
/// Chat templates and reasoning.
mod chat;
/// Sampling and unreachable tokens.
mod sampling;
/// Texts and token ids.
mod tokenizers;
/// Weights that are read or refused.
mod weights;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use candle_core::Device;
use malmoi::internals::architectures::{self, LogitsFor, Row, Setup};
use malmoi::internals::checkpoint::{Checkpoint, Gguf, Tokenizer};
use malmoi::internals::generation::Sampling;
use malmoi::internals::kernels::{Phase, Precision};
use malmoi::prompts::PromptPart;
use malmoi::{Finish, Language, Model};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::case;
use crate::support::gguf::{File, Value};
use crate::support::network::{last_logits, tokens};
use crate::support::{here, scripted};

/// A copy of a case's model folder that a test may change.
fn model_of(name: &str) -> Option<TempDir> {
    let from = case(name)?.join("model");
    Some(copy(&from))
}

fn copy(from: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn fixture(name: &str) -> TempDir {
    copy(&here("fixtures/models").join(name))
}

fn edit(folder: &TempDir, name: &str, change: impl FnOnce(&mut Json)) {
    let path = folder.path().join(name);
    let mut json =
        std::fs::read(&path).map_or(json!({}), |text| serde_json::from_slice(&text).unwrap());
    change(&mut json);
    std::fs::write(&path, json.to_string()).unwrap();
}

/// A model that always gives the same answer, with a chat template.
fn saying(say: &str, template: Json) -> TempDir {
    let folder = scripted::model(json!([{"say": say}]), 20_000);
    edit(&folder, "tokenizer_config.json", |config| config["chat_template"] = template);
    folder
}

const ARTICLE: &str = "The council of Haemin met on Monday. Mayor Han Seo-jin spoke about the breakwater, \
    which costs 412 million won. Work begins in March, before the typhoon season of the following year.";

/// Runs the program on the example article: exit code, output, messages.
fn summarize(model: &Path) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("malmoi").unwrap();
    command
        .env_clear()
        .env("HOME", home.path())
        .env("HF_HUB_OFFLINE", "1")
        .current_dir(home.path());
    let article = here("../examples/articles/harbour.txt");
    let output = command.arg("summarize").arg(article).arg("--model").arg(model).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Decoded text of a prompt's token ids.
fn shown(model: &Model, ids: &[u32]) -> String {
    model.tokenizer().decode(ids).unwrap()
}

fn opening(folder: &Path) -> String {
    Model::open(folder).map(|model| model.name().to_string()).unwrap_err().to_string()
}

fn logits(path: &Path) -> Vec<f32> {
    last_logits(&Checkpoint::open(path).unwrap(), &tokens())
}

/// Writes the weights of a small Llama, different for each seed.
fn write_llama(path: &Path, config: &Json, seed: u32) {
    let number = |key: &str| config[key].as_u64().unwrap() as usize;
    let (hidden, inner, vocabulary) =
        (number("hidden_size"), number("intermediate_size"), number("vocab_size"));
    let mut tensors: Vec<(String, Vec<usize>)> = vec![
        ("model.embed_tokens.weight".into(), vec![vocabulary, hidden]),
        ("lm_head.weight".into(), vec![vocabulary, hidden]),
        ("model.norm.weight".into(), vec![hidden]),
    ];
    for layer in 0..number("num_hidden_layers") {
        let mut add = |name: &str, shape: &[usize]| {
            tensors.push((format!("model.layers.{layer}.{name}.weight"), shape.to_vec()))
        };
        for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
            add(&format!("self_attn.{name}"), &[hidden, hidden]);
        }
        add("mlp.gate_proj", &[inner, hidden]);
        add("mlp.up_proj", &[inner, hidden]);
        add("mlp.down_proj", &[hidden, inner]);
        add("input_layernorm", &[hidden]);
        add("post_attention_layernorm", &[hidden]);
    }
    let (mut header, mut data, mut state) =
        (serde_json::Map::new(), Vec::new(), seed.wrapping_add(1));
    for (name, shape) in tensors {
        let start = data.len();
        for _ in 0..shape.iter().product::<usize>() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            data.extend(((state >> 8) as f32 / (1 << 24) as f32 - 0.5).to_le_bytes());
        }
        header.insert(
            name,
            json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]}),
        );
    }
    let header = Json::from(header).to_string();
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat();
    std::fs::write(path, bytes).unwrap();
}
