#![no_main]

use malmoi::glossary::{GLOSSARY_FORMATS, Glossary, written};
use malmoi::{Language, LanguagePair, Term};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let format = &GLOSSARY_FORMATS[usize::from(*which) % GLOSSARY_FORMATS.len()];
    let name = format!("a.{}", format.extensions[0]);
    let Ok(terms) = Term::read(bytes, &name) else { return };
    // Each term takes at least a byte of the file.
    assert!(terms.len() <= bytes.len());
    for format in GLOSSARY_FORMATS {
        written(&terms, &format!("a.{}", format.extensions[0])).expect("terms can be written");
    }
    let glossary = Glossary::from(terms);
    let text = String::from_utf8_lossy(bytes);
    for from in Language::all() {
        for found in glossary.occurring(&text, LanguagePair { from, to: from.other() }) {
            assert!(text.get(found.span).is_some_and(|words| !words.is_empty()));
        }
    }
});
