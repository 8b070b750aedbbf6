//! Summarizes an article.
//!
//! ```sh
//! cargo run --release --example summarize -- MODEL.gguf examples/articles/harbour.txt
//! ```

use malmoi::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(article)) = (arguments.next(), arguments.next()) else {
        return Err("usage: summarize MODEL ARTICLE".into());
    };
    let article = std::fs::read_to_string(article)?;
    println!("{}", Model::open(model)?.summarize(&article).sentences(2).text()?);
    Ok(())
}
