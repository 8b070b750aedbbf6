//! Generation speed of an encoder–decoder model, for `peers/ctranslate2.py`, which compares it with
//! CTranslate2. `FILE` holds a list of lists of ids. Every text gets exactly `--tokens` tokens.
//! Prints one line of JSON per run.
//!
//! ```sh
//! sources FOLDER --sources FILE.json --batch N --beams N --tokens N [--runs N] [--quantize q8_0]
//! ```

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use malmoi::internals::generation::beam::search;
use malmoi::{Model, OpenOptions, Quantization};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let number = |name: &str, usual: usize| given(name).map_or(Ok(usual), |text| text.parse());
    let folder = arguments.first().ok_or("usage: sources FOLDER --sources FILE.json …")?;
    let text = std::fs::read_to_string(given("--sources").ok_or("--sources is missing")?)?;
    let (batch, beams, tokens) =
        (number("--batch", 1)?, number("--beams", 1)?, number("--tokens", 32)?);
    let quantize = given("--quantize")
        .map(|word| Quantization::parse(word).ok_or("--quantize: q8_0, q6k, q4k"));
    let weights_cache = Some(PathBuf::from(folder).join("quantized"));
    let model = Model::open_with(
        folder,
        &OpenOptions { quantize: quantize.transpose()?, weights_cache, ..OpenOptions::default() },
    )?;

    let sources: Vec<Vec<u32>> = serde_json::from_str(&text)?;
    let sources: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
    let mut how = model.seq2seq_task("", "ko", "en")?.search;
    how.num_beams = beams;
    how.logits_processors.forced_bos_token_id = None;
    (how.logits_processors.min_new_tokens, how.logits_processors.max_length) = (tokens, tokens + 1);
    search(model.network(), &sources[..batch.min(sources.len())], &how, batch)?;
    for _ in 0..number("--runs", 1)? {
        let began = Instant::now();
        let mut written = 0;
        for sources in sources.chunks(batch) {
            let found = search(model.network(), sources, &how, batch)?;
            written += found.iter().map(|found| found[0].ids.len()).sum::<usize>();
        }
        let seconds = began.elapsed().as_secs_f64();
        let rate = written as f64 / seconds;
        println!(
            "{{\"tokens_per_second\": {rate:.1}, \"seconds\": {seconds:.3}, \"tokens\": {written}}}"
        );
    }
    Ok(())
}
