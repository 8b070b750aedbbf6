//! Fingerprints of models' computations, to compare two versions of malmoi bit for bit:
//! `fingerprint MODEL...`, each a GGUF file or a Hugging Face folder. `same_bits.py` runs it.
//!
//! Prints one line of JSON per model: a hash of every logit of a prefill, of 24 greedy steps and of
//! a ragged batch, and the token ids. Encoder–decoder models also run their beam search.

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use candle_core::Device;
use malmoi::internals::architectures::{self, Loaded, LogitsFor, Network, Row, Setup};
use malmoi::internals::checkpoint::Checkpoint;
use malmoi::internals::generation::beam::{BeamSearchConfig, search};
use malmoi::internals::kernels::{Phase, Precision};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Ids below this exist in every fixture's vocabulary.
const VOCABULARY: u32 = 72;

fn main() -> Result<()> {
    for path in std::env::args().skip(1) {
        for precision in [Precision::Fast, Precision::Reproducible] {
            match fingerprint(Path::new(&path), precision) {
                Ok((hash, ids)) => println!(
                    "{}",
                    serde_json::json!({"model": path, "precision": format!("{precision:?}"), "logits": format!("{hash:016x}"), "ids": ids})
                ),
                Err(error) => {
                    println!("{}", serde_json::json!({"model": path, "error": error.to_string()}))
                }
            }
        }
    }
    Ok(())
}

fn fingerprint(path: &Path, precision: Precision) -> Result<(u64, Vec<u32>)> {
    let checkpoint = Checkpoint::open(path)?;
    let Loaded { network, encoder_vocabulary, vocabulary, context } =
        architectures::load(&Setup { checkpoint: &checkpoint, device: &Device::Cpu, precision })?;
    let mut hasher = DefaultHasher::new();
    let mut ids = Vec::new();
    let source: Vec<u32> = prompt(11, 19);
    if encoder_vocabulary.is_some() {
        let mut beams =
            BeamSearchConfig::from_checkpoint(&checkpoint.config, "", vocabulary, context)?;
        beams.num_beams = 3;
        beams.logits_processors.max_length = beams.logits_processors.max_length.min(24);
        let long = prompt(5, 33);
        for found in search(network.as_ref(), &[&source, &long], &beams, 2)? {
            for hypothesis in found {
                ids.extend(&hypothesis.ids);
                hypothesis.scores.iter().for_each(|score| score.to_bits().hash(&mut hasher));
            }
        }
    }
    let encoded: &[u32] = if encoder_vocabulary.is_some() { &source } else { &[] };
    steps(network.as_ref(), encoded, &mut ids, &mut hasher)?;
    Ok((hasher.finish(), ids))
}

/// A prefill with all its logits, 24 greedy steps, and one batch of three rows of unequal lengths.
fn steps(
    network: &dyn Network,
    source: &[u32],
    ids: &mut Vec<u32>,
    hasher: &mut DefaultHasher,
) -> Result<()> {
    let mut states = network.begin(&[source, source, source], Phase::Decode)?;
    let tokens = prompt(3, 40);
    let mut state = states[0].fork();
    let logits = forward(
        network,
        &mut [Row { state: &mut state, tokens: &tokens, logits: LogitsFor::All }],
        hasher,
    )?;
    let mut next = logits;
    for _ in 0..24 {
        ids.push(next);
        next = forward(
            network,
            &mut [Row { state: &mut state, tokens: &[next], logits: LogitsFor::Last }],
            hasher,
        )?;
    }
    let texts = [prompt(7, 21), prompt(13, 1), prompt(17, 34)];
    let mut rows: Vec<Row<'_>> = states
        .iter_mut()
        .zip(&texts)
        .map(|(state, tokens)| Row { state, tokens, logits: LogitsFor::Last })
        .collect();
    ids.push(forward(network, &mut rows, hasher)?);
    Ok(())
}

/// Hashes every logit of a step; returns the best id of the first row's last token.
fn forward(network: &dyn Network, rows: &mut [Row<'_>], hasher: &mut DefaultHasher) -> Result<u32> {
    let logits = network.forward(rows, Phase::Decode)?;
    for row in 0..rows.len() {
        logits.row(row).flatten().for_each(|score| score.to_bits().hash(hasher));
    }
    let scores = logits.last(0).iter().enumerate();
    Ok(scores.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(id, _)| id as u32))
}

/// `count` ids without a pattern that a network could continue.
fn prompt(seed: u32, count: u32) -> Vec<u32> {
    (0..count).map(|at| 4 + (seed + at * 7919) % (VOCABULARY - 4)).collect()
}
