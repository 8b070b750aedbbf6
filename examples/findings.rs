//! The findings of a translation.
//!
//! ```sh
//! cargo run --release --example findings -- MODEL.gguf examples/articles/bridge.ko.txt
//! ```

use malmoi::{Language, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(article)) = (arguments.next(), arguments.next()) else {
        return Err("usage: findings MODEL ARTICLE".into());
    };
    let article = std::fs::read_to_string(article)?;
    let outcome = Model::open(model)?.translate(&article).to(Language::English).run()?;
    println!("{}\n\nread {} of {} tokens", outcome.text, outcome.tokens.seen, outcome.tokens.input);
    for finding in outcome.findings {
        println!("{}: {}", finding.check, finding.message);
    }
    Ok(())
}
