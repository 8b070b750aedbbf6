//! A folder of articles, each once: `cargo run --release --example batch -- MODEL.gguf
//! examples/articles results`
//!
//! Stop it and start it again: it goes on where it was.

use std::sync::Arc;

use malmoi::batch::{self, Input, ModelChoice, Opened, Plan, Watch};
use malmoi::formats::Fields;
use malmoi::{Language, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, articles, results] = arguments.as_slice() else {
        return Err("usage: batch MODEL FOLDER RESULTS".into());
    };
    let worker = ModelChoice {
        model: Model::open(model)?,
        capabilities: Default::default(),
        sum: model.clone(),
    };
    let plan = Plan {
        summarizer: Some(worker.clone()),
        translator: Some(worker),
        translate: true,
        ..Plan::new(Language::English)
    };
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(articles)? {
        let path = entry?.path();
        let name = path.display().to_string();
        let open = move |_: Option<&str>| {
            let file =
                std::fs::File::open(&path).map_err(|e| malmoi::Error::io("read", &path, e))?;
            Ok(Opened::Source(Box::new(file), None))
        };
        inputs.push(Input { name, open: Box::new(open) });
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    let mut watch = Watch {
        on_progress: &mut |progress| {
            eprint!("\r{} done, {} waiting ", progress.counts.done, progress.waiting)
        },
        on_note: &mut |note| eprintln!("{note}"),
        stop: Arc::default(),
    };
    let counts =
        batch::run(&plan, results.as_ref(), inputs, &Fields::default(), false, &mut watch)?.counts;
    println!("{} of {} items done; see {results}/digest.html", counts.done, counts.items);
    Ok(())
}
