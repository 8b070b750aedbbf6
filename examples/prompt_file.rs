//! Fills in and prints a custom prompt.
//!
//! ```sh
//! cargo run --release --example prompt_file
//! ```

use malmoi::Language;
use malmoi::prompts::{Prompt, PromptPart, Style, Variables};

const FILE: &str = "---
task: [summarize]
for: any
describe: One line for a ticker
---
Write one line in {{ target.name }} for a news ticker about this:

{{ text }}";

fn main() -> malmoi::Result<()> {
    let prompt = Prompt::parse("ticker", FILE)?;
    let (source, target) = (Language::English, Language::Korean);
    let text = "The ministers met in Seoul on Thursday.";
    let variables = Variables {
        text,
        source,
        target,
        sentences: 1,
        style: Style::Headline,
        glossary: &[],
        examples: &[],
        context: None,
        register: None,
    };
    for part in prompt.render(&variables)?.parts {
        match part {
            PromptPart::Template(text) => println!("prompt:  {text:?}"),
            PromptPart::UserText(text) => println!("article: {text:?}"),
        }
    }
    Ok(())
}
