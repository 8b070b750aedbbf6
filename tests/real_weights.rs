use std::collections::BTreeMap;
use std::path::Path;

use malmoi::internals::architectures::{LogitsFor, Row};
use malmoi::internals::generation::{Control, Generated, Options, Sampling};
use malmoi::internals::kernels::Phase;
use malmoi::prompts::PromptPart;
use malmoi::{Finish, Model, OpenOptions};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::support::{here, real};

/// What the reference makes of a file: see `parity/real.py`.
#[derive(Deserialize)]
struct Reference {
    sums: BTreeMap<String, String>,
    ids: Vec<u32>,
    top: Vec<u32>,
    at: Vec<usize>,
    logits: BTreeMap<usize, Vec<f32>>,
}

/// A real file, with its reference. The most that quantized kernels may differ from exact ones, as
/// a mean KL divergence, is what llama.cpp's own differ on the same text; for a file without such a
/// figure, the largest of them.
const FILES: &[(&str, f64)] = &[
    ("smollm2-135m", 0.0031),
    ("qwen2.5-coder-0.5b", 0.0012),
    ("qwen2.5-coder-1.5b", 0.0051),
    ("gemma-3-270m", 0.0051),
];

fn reference(name: &str) -> Reference {
    let text = std::fs::read(here("parity/real.json")).unwrap();
    let mut all: serde_json::Value = serde_json::from_slice(&text).unwrap();
    serde_json::from_value(all[name].take()).unwrap()
}

fn logits(path: &Path, ids: &[u32], exact: bool) -> Vec<Vec<f32>> {
    logits_of(
        &Model::open_with(path, &OpenOptions { reference: exact, ..OpenOptions::default() })
            .unwrap(),
        ids,
    )
}

fn logits_of(model: &Model, ids: &[u32]) -> Vec<Vec<f32>> {
    in_pieces(model, &[ids], Phase::Decode)
}

/// Logits of every token of a sequence that comes in pieces.
fn in_pieces(model: &Model, pieces: &[&[u32]], phase: Phase) -> Vec<Vec<f32>> {
    let mut state = model.network().begin(&[&[]], phase).unwrap().remove(0);
    let read = |tokens: &&[u32]| {
        let rows = &mut [Row { state: &mut state, tokens, logits: LogitsFor::All }];
        let logits = model.network().forward(rows, phase).unwrap();
        logits.row(0).map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    pieces.iter().flat_map(read).collect()
}

fn largest(scores: &[f32]) -> u32 {
    scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0 as u32
}

fn log_softmax(scores: &[f32]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = scores.iter().map(|score| f64::from(score - most).exp()).sum();
    scores.iter().map(|score| f64::from(score - most) - sum.ln()).collect()
}

#[test]
fn token_ids_are_the_references() {
    let eval = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/eval");
    if !eval.exists() {
        eprintln!("skipped: the corpora are not on this machine");
        return;
    }
    for (name, _) in FILES {
        let Some(path) = real(name) else { continue };
        let model = Model::open(path).unwrap();
        for (corpus, expected) in reference(name).sums {
            let mut sum = Sha256::new();
            for line in std::fs::read_to_string(eval.join(&corpus)).unwrap().lines() {
                let ids: Vec<String> =
                    model.tokenizer().encode(line).unwrap().iter().map(u32::to_string).collect();
                sum.update(ids.join(",") + "\n");
            }
            assert_eq!(format!("{:x}", sum.finalize()), expected, "{name}: {corpus}");
        }
    }
}

/// Weights widened to f32 must give the reference's logits; the kernels for quantized weights must
/// stay near those.
fn computes_what_the_reference_computes(name: &str) {
    let Some(path) = real(name) else { return };
    let reference = reference(name);
    let exact = logits(&path, &reference.ids, true);
    let top: Vec<u32> = exact.iter().map(|scores| largest(scores)).collect();
    assert_eq!(top, reference.top, "{name}: the likeliest tokens");
    for (position, expected) in &reference.logits {
        let scale = exact[*position].iter().fold(0f32, |most, score| most.max(score.abs()));
        for (id, expected) in reference.at.iter().zip(expected) {
            let off = (exact[*position][*id] - expected).abs() / scale;
            assert!(off < 1e-3, "{name}: token {id} at {position} is {off} off");
        }
    }
    let divergence = |(exact, near): (&Vec<f32>, &Vec<f32>)| -> f64 {
        let (p, q) = (log_softmax(exact), log_softmax(near));
        p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum()
    };
    let limit = FILES.iter().find(|(file, _)| *file == name).unwrap().1;
    let model = Model::open(&path).unwrap();
    for phase in Phase::ALL.into_iter().skip(usize::from(Phase::share_kernels())) {
        let quantized = in_pieces(&model, &[&reference.ids], phase);
        let mean = exact.iter().zip(&quantized).map(divergence).sum::<f64>() / exact.len() as f64;
        let same =
            quantized.iter().zip(&top).filter(|(scores, top)| largest(scores) == **top).count();
        println!(
            "{name}, {phase:?}: mean KL {mean:.5}, likeliest token the same at {same} of {}",
            top.len()
        );
        assert!(mean <= limit, "{name}, {phase:?}: mean KL {mean}");
    }
}

#[test]
fn a_sequence_is_the_same_to_the_bit_however_it_is_cut() {
    let Some(path) = real("smollm2-135m") else { return };
    let model = Model::open(&path).unwrap();
    let ids = &reference("smollm2-135m").ids[..150];
    for phase in Phase::ALL {
        let whole = in_pieces(&model, &[ids], phase);
        let cut = [&ids[..1], &ids[1..34], &ids[34..35], &ids[35..99], &ids[99..]];
        assert!(in_pieces(&model, &cut, phase) == whole, "{phase:?}");
    }
}

#[test]
fn smollm2_computes_what_the_reference_computes() {
    computes_what_the_reference_computes("smollm2-135m");
}

#[test]
fn gemma_3_computes_what_the_reference_computes() {
    computes_what_the_reference_computes("gemma-3-270m");
}

#[test]
fn qwen2_computes_what_the_reference_computes() {
    computes_what_the_reference_computes("qwen2.5-coder-0.5b");
}

#[test]
#[ignore = "takes minutes: 1.5 billion weights in f32"]
fn qwen2_of_1_5_billion_computes_what_the_reference_computes() {
    computes_what_the_reference_computes("qwen2.5-coder-1.5b");
}

/// One thread, as many as there are processors here or more: the same sums are done in the same
/// order.
#[test]
fn a_text_does_not_depend_on_how_many_threads_compute_it() {
    let Some(path) = real("smollm2-135m") else { return };
    let text = |threads: &str| {
        let mut command = assert_cmd::Command::cargo_bin("malmoi").unwrap();
        command.env("HF_HUB_OFFLINE", "1").args([
            "summarize",
            "--quiet",
            "--sentences",
            "2",
            "--threads",
            threads,
        ]);
        let article = here("../examples/articles/harbour.txt");
        command.arg("--model").arg(&path).arg(article).output().unwrap().stdout
    };
    let alone = text("1");
    assert!(alone.len() > 40);
    for threads in ["2", "3", "7"] {
        assert_eq!(text(threads), alone, "{threads} threads");
    }
}

/// Weights that were laid out once give what those give that are laid out now, and where they
/// cannot be kept nothing fails.
#[test]
fn weights_that_are_kept_in_tiles_compute_the_same() {
    let Some(path) = real("smollm2-135m") else { return };
    let ids: Vec<u32> = (1000..1040).collect();
    let plain = logits(&path, &ids, false);
    let folder = tempfile::tempdir().unwrap();
    let kept_in = folder.path().join("weights");
    let nowhere = folder.path().join("a file");
    std::fs::write(&nowhere, "").unwrap();
    for (kept_in, new) in [(&kept_in, true), (&kept_in, false), (&nowhere, false)] {
        let options = OpenOptions {
            weights_cache: Some(kept_in.clone()),
            cache_packed: true,
            ..OpenOptions::default()
        };
        let model = Model::open_with(&path, &options).unwrap();
        let new = new && malmoi::internals::kernels::Isa::detect().has_packed_kernels();
        assert_eq!(model.bytes_cached().is_some(), new);
        assert!(logits_of(&model, &ids) == plain);
    }
}

#[test]
fn a_small_model_summarizes() {
    let Some(path) = real("smollm2-135m") else { return };
    let article = std::fs::read_to_string(here("../examples/articles/harbour.txt")).unwrap();
    let model = Model::open(path).unwrap();
    let outcome = model.summarize(&article).sentences(2).run().unwrap();
    assert_eq!(outcome.tokens.seen, outcome.tokens.input);
    assert_eq!(outcome.finish, Finish::Stop);
    assert!(outcome.text.contains("breakwater"), "{}", outcome.text);
    assert!(!outcome.text.contains("MOST READ"), "{}", outcome.text);
    assert_eq!(
        model.summarize(&article).sentences(2).text().unwrap(),
        outcome.text,
        "the same again"
    );
}

/// Greedy and by chance, alone and two at a time: what is looked up and verified several tokens at
/// a time is what is written one by one.
#[test]
fn drafts_change_no_text() {
    let Some(path) = real("smollm2-135m") else { return };
    let article = std::fs::read_to_string(here("../examples/articles/harbour.txt")).unwrap();
    let model = Model::open(path).unwrap();
    let prompt = |task: &str| {
        let parts = [PromptPart::Template(task), PromptPart::UserText(&article)];
        model.prompt(None, &[], &parts).unwrap()
    };
    let prompts =
        [prompt("Repeat this article word by word.\n\n"), prompt("Summarize this article.\n\n")];
    let random = Sampling::Random {
        temperature: 0.8,
        top_k: 20,
        top_p: 0.9,
        min_p: 0.0,
        typical_p: 1.0,
        seed: 7,
    };
    for (sampling, count) in [(Sampling::Greedy, 1), (Sampling::Greedy, 2), (random, 2)] {
        let written = |drafts: bool| {
            let options = Options {
                sampling: sampling.clone(),
                max_tokens: 80,
                drafts,
                ..Options::default()
            };
            model.generate(&prompts[..count], &options, &mut |_, _| Control::Continue).unwrap()
        };
        let (with, without) = (written(true), written(false));
        assert!(with.iter().any(|text| text.accepted_draft_tokens >= 8), "{with:?}");
        for (with, without) in with.into_iter().zip(without) {
            assert_eq!(Generated { accepted_draft_tokens: 0, ..with }, without);
        }
    }
}

#[test]
fn many_articles_at_once_get_the_summaries_of_each_alone() {
    let Some(path) = real("smollm2-135m") else { return };
    let article = std::fs::read_to_string(here("../examples/articles/harbour.txt")).unwrap();
    let model = Model::open(path).unwrap();
    // Articles of different lengths, which begin alike and not alike.
    let paragraphs: Vec<&str> = article.split("\n\n").collect();
    let texts: Vec<String> =
        (1..7).map(|count| paragraphs[count % 3..count + 3].join("\n\n")).collect();
    let summary = |model: &Model, text: &str| {
        model.summarize(text).sentences(2).max_tokens(60).text().unwrap()
    };
    let alone: Vec<String> = texts.iter().map(|text| summary(&model, text)).collect();
    let shared = model.shared(4).unwrap();
    let together: Vec<String> = std::thread::scope(|scope| {
        let works: Vec<_> =
            texts.iter().map(|text| scope.spawn(|| summary(&shared, text))).collect();
        works.into_iter().map(|work| work.join().unwrap()).collect()
    });
    assert_eq!(together, alone);
}
