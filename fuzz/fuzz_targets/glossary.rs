#![no_main]

use malmoi::checks::{CHECKS, CheckOptions, OutputKind, Pair};
use malmoi::glossary::{GLOSSARY_FORMATS, Glossary, written};
use malmoi::{Language, LanguagePair, Term};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let format = &GLOSSARY_FORMATS[usize::from(*which) % GLOSSARY_FORMATS.len()];
    let name = format!("a.{}", format.extensions[0]);
    let Ok(terms) = Term::read(bytes, &name) else { return };
    // Each term takes at least a byte of the file.
    assert!(terms.len() <= bytes.len());
    if terms.is_empty() {
        return;
    }
    for format in GLOSSARY_FORMATS {
        let name = format!("a.{}", format.extensions[0]);
        let text = written(&terms, &name).expect("terms can be written");
        assert_eq!(Term::read(text.as_bytes(), &name).expect("and read"), terms, "{text}");
    }
    let glossary = Glossary::from(terms);
    let text = String::from_utf8_lossy(bytes);
    let mut options = CheckOptions::default();
    options.glossary = glossary.clone();
    let check = CHECKS.iter().find(|check| check.name == "glossary").expect("it is there");
    for from in Language::all() {
        let languages = LanguagePair { from, to: from.other() };
        for found in glossary.occurring(&text, languages) {
            assert!(text.get(found.span).is_some_and(|words| !words.is_empty()));
        }
        let (source, output) = (&*text, &*text);
        let (to, kind) = (languages.to, OutputKind::Translation);
        for finding in check.findings(&Pair { source, output, from, to, kind }, &options) {
            for place in [finding.source, finding.output].into_iter().flatten() {
                assert!(place.of(&text).is_some_and(|words| !words.is_empty()), "{finding:?}");
            }
        }
    }
});
