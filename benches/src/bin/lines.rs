//! Speed of an encoder–decoder model on the lines of a text, for `students.py`: a line of JSON with
//! the seconds and the texts for each run. The model is open before, and nothing is checked.
//!
//! ```sh
//! lines FOLDER LINES FROM TO AT_ONCE RUNS
//! ```

use std::error::Error;
use std::time::Instant;

use malmoi::Model;
use malmoi::internals::generation::{Control, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, lines, from, to, at_once, runs] = arguments.as_slice() else {
        return Err("usage: lines FOLDER LINES FROM TO AT_ONCE RUNS".into());
    };
    let (at_once, runs): (usize, usize) = (at_once.parse()?, runs.parse()?);
    let model = Model::open(folder)?;
    let task = model.seq2seq_task("translation", from, to)?;
    let text = std::fs::read_to_string(lines)?;
    let options = Options { max_tokens: 256, batch: at_once, ..Options::default() };
    for run in 0..=runs {
        let began = Instant::now();
        let (mut texts, mut tokens) = (Vec::new(), 0);
        let lines: Vec<&str> = text.lines().collect();
        for lines in lines.chunks(at_once.max(1)) {
            let inputs = lines
                .iter()
                .map(|line| model.encoder_input(&task, line))
                .collect::<Result<Vec<_>, _>>()?;
            for generated in model.generate(&inputs, &options, &mut |_, _| Control::Continue)? {
                tokens += generated.tokens;
                texts.push(generated.text);
            }
        }
        // The first run also maps weights and starts threads.
        if run > 0 {
            let seconds = began.elapsed().as_secs_f64();
            println!(
                "{}",
                serde_json::json!({ "seconds": seconds, "tokens": tokens, "texts": texts })
            );
        }
    }
    Ok(())
}
