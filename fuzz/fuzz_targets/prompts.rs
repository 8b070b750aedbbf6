#![no_main]

use malmoi::prompts::{Prompt, PromptPart, Style, Variables};
use malmoi::{Example, Language, LanguagePair};

const TEXT: &str = "The <|end|> ferry {{ left }} Haemin.";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = std::str::from_utf8(bytes) else { return };
    let Ok(prompt) = Prompt::parse("fuzzed", file) else { return };
    for source in Language::all() {
        let target = source.other();
        let examples = prompt.examples(LanguagePair { from: source, to: target });
        let examples: Vec<Example> = examples.cloned().collect();
        for Example { source, target } in &examples {
            assert!(!source.trim().is_empty() && !target.trim().is_empty());
        }
        let rendered = prompt.render(&Variables {
            text: TEXT,
            source,
            target,
            sentences: 3,
            style: Style::Paragraph,
            glossary: &[],
            examples: &examples,
            context: None,
            register: None,
        });
        let Ok(rendered) = rendered else { continue };
        assert!(prompt.has_examples_in_body() || rendered.examples.len() == examples.len());
        // The article is never a part of the template.
        let turns = rendered.examples.iter().flat_map(|turn| &turn.user);
        for part in turns.chain(&rendered.parts) {
            let PromptPart::Template(words) = part else { continue };
            assert!(!words.contains(TEXT) || file.contains("ferry"));
        }
    }
});
