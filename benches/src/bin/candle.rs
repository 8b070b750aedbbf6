//! Prefill and decode speed of a Qwen 2 GGUF file, alternating between malmoi and
//! candle-transformers' `quantized_qwen2` in one process. Prints medians and their ratio.
//!
//! ```sh
//! cargo run --release --bin candle -- MODEL.gguf [PROMPT TOKENS] [NEW TOKENS] [RUNS]
//! ```

use std::error::Error;
use std::fs::File;
use std::time::Instant;

use candle_core::quantized::gguf_file::Content;
use candle_core::{Device, IndexOp, Tensor};
use candle_transformers::models::quantized_qwen2::ModelWeights;
use malmoi::Model;
use malmoi::internals::architectures::{LogitsFor, Row};
use malmoi::internals::kernels::Phase;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Seconds of prefill and of decode.
type Times = (f64, f64);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path =
        arguments.first().ok_or("usage: candle MODEL.gguf [PROMPT TOKENS] [NEW TOKENS] [RUNS]")?;
    let number = |at: usize, usual: usize| arguments.get(at).map_or(Ok(usual), |text| text.parse());
    let (prompt, new, runs) = (number(1, 512)?, number(2, 64)?, number(3, 5)?);
    let ids: Vec<u32> = (0..prompt as u32).map(|i| 1000 + (i * 7919) % 50_000).collect();

    let model = Model::open(path)?;
    let mut file = File::open(path)?;
    let content = Content::read(&mut file)?;
    let mut candle = ModelWeights::from_gguf(content, &mut file, &Device::Cpu)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..runs {
        ours.push(malmoi_times(&model, &ids, new)?);
        theirs.push(candle_times(&mut candle, &ids, new)?);
        eprintln!("run {}: malmoi {:.2?} candle {:.2?} s", run + 1, ours[run], theirs[run]);
    }
    for (what, count, pick) in [("prefill", prompt, 0), ("decode", new, 1)] {
        let rate = |times: &[Times]| {
            let mut seconds: Vec<f64> =
                times.iter().map(|times| [times.0, times.1][pick]).collect();
            seconds.sort_by(f64::total_cmp);
            count as f64 / seconds[seconds.len() / 2]
        };
        let (a, b) = (rate(&ours), rate(&theirs));
        println!("{what}: malmoi {a:.1} tok/s, candle {b:.1} tok/s, ratio {:.2}", a / b);
    }
    Ok(())
}

fn malmoi_times(model: &Model, ids: &[u32], new: usize) -> Result<Times> {
    let network = model.network();
    let mut state = network.begin(&[&[]], Phase::Decode)?.remove(0);
    let began = Instant::now();
    let logits = network.forward(
        &mut [Row { state: &mut state, tokens: ids, logits: LogitsFor::Last }],
        Phase::Decode,
    )?;
    let mut next = largest(logits.last(0));
    let prefill = began.elapsed().as_secs_f64();
    let began = Instant::now();
    for _ in 0..new {
        let logits = network.forward(
            &mut [Row { state: &mut state, tokens: &[next], logits: LogitsFor::Last }],
            Phase::Decode,
        )?;
        next = largest(logits.last(0));
    }
    Ok((prefill, began.elapsed().as_secs_f64()))
}

fn candle_times(model: &mut ModelWeights, ids: &[u32], new: usize) -> Result<Times> {
    let step = |model: &mut ModelWeights, ids: &[u32], at: usize| -> Result<u32> {
        let logits = model
            .forward(&Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?, at)?
            .i(0)?
            .to_vec1::<f32>()?;
        Ok(largest(&logits))
    };
    let began = Instant::now();
    let mut next = step(model, ids, 0)?;
    let prefill = began.elapsed().as_secs_f64();
    let began = Instant::now();
    for at in ids.len()..ids.len() + new {
        next = step(model, &[next], at)?;
    }
    Ok((prefill, began.elapsed().as_secs_f64()))
}

fn largest(scores: &[f32]) -> u32 {
    scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(id, _)| id as u32)
}
