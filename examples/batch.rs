//! Translates a folder of articles, each once. Stop it and start it again: it resumes.
//!
//! ```sh
//! cargo run --release --example batch -- MODEL.gguf examples/articles results
//! ```

use malmoi::batch::{self, Batch};
use malmoi::{Language, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, articles, results] = arguments.as_slice() else {
        return Err("usage: batch MODEL FOLDER RESULTS".into());
    };
    let model = Model::open(model)?;
    let report = Batch::new(Language::English)
        .summarize_with(&model)
        .translate_with(&model)
        .inputs(batch::files(articles)?)
        .on_progress(|progress| {
            eprint!("\r{} done, {} waiting ", progress.counts.done, progress.waiting)
        })
        .on_note(|note| eprintln!("{note}"))
        .run(results)?;
    println!(
        "{} of {} items done; see {results}/digest.html",
        report.counts.done, report.counts.items
    );
    Ok(())
}
