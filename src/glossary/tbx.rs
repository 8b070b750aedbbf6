//! TBX, the exchange format of term bases (ISO 30042): concepts with terms in several languages.
//! Both the elements of 2019 (`conceptEntry`, `langSec`, `termSec`) and those of 2008 (`termEntry`,
//! `langSet`, `tig`, `ntig`) are read; 2019 is written, with private categories (`x-…`) for what
//! the format has none for.
//!
//! Format: <https://www.tbxinfo.net>.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};

use super::term::{Term, one_line};
use crate::language::{Language, Register, is_hangul};

/// Nesting limit of elements; term bases have about ten levels.
const MAX_DEPTH: usize = 64;

/// Upper bound on the synonyms of a concept: each is a term with all translations.
const MAX_SYNONYMS: usize = 50;

/// Private categories: language of the source if it is not English, whether the term stays as it is
/// if equal words do not say so, and the register.
const SOURCE: &str = "x-source";
const KEEP: &str = "x-keep";
const REGISTER: &str = "x-register";

/// A concept as it is read.
#[derive(Default)]
struct Concept {
    note: Option<String>,
    part_of_speech: Option<String>,
    source: Option<Language>,
    keep: Option<bool>,
    register: Option<Register>,
    /// Words with their languages, and whether they are allowed.
    words: Vec<(Language, String, bool)>,
}

/// Where the reader is.
#[derive(Default)]
struct Position {
    /// Names of the open elements, and the `type` of the innermost note.
    open: Vec<String>,
    note_type: String,
    language: Option<Language>,
}

pub(super) fn read(text: &str) -> Result<Vec<Term>, String> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let (mut terms, mut at) = (Vec::new(), Position::default());
    let mut concept: Option<Concept> = None;
    let mut words = String::new();
    loop {
        let event = reader.read_event().map_err(|error| {
            let line = text[..(reader.error_position() as usize).min(text.len())]
                .bytes()
                .filter(|byte| *byte == b'\n')
                .count();
            format!("is not well-formed XML on line {}: {error}", line + 1)
        })?;
        match event {
            Event::Start(tag) => {
                let name = name(&tag);
                if at.open.len() == MAX_DEPTH {
                    return Err("has too many elements within each other".into());
                }
                match &*name {
                    "conceptEntry" | "termEntry" => concept = Some(Concept::default()),
                    "langSec" | "langSet" => {
                        at.language =
                            attribute(&tag, "lang").and_then(|code| Language::parse(&code).ok());
                    }
                    "termNote" | "descrip" => {
                        at.note_type = attribute(&tag, "type").unwrap_or_default();
                    }
                    _ => {}
                }
                words.clear();
                at.open.push(name);
            }
            Event::End(_) => {
                let Some(name) = at.open.pop() else { continue };
                match (&*name, &mut concept) {
                    ("conceptEntry" | "termEntry", Some(_)) => {
                        terms.extend(concept.take().into_iter().flat_map(Concept::terms));
                    }
                    ("langSec" | "langSet", _) => at.language = None,
                    (name, Some(concept)) => concept.take_words(name, &at, &words),
                    _ => {}
                }
            }
            Event::Text(part) => words.push_str(&part.xml10_content()),
            Event::CData(part) => words.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => words.push(character),
                _ => {
                    let written = format!("&{};", reference.xml10_content());
                    words.push_str(&quick_xml::escape::unescape(&written).unwrap_or_default());
                }
            },
            Event::Eof => break,
            _ => {}
        }
    }
    match at.open.last() {
        Some(name) => Err(format!("is incomplete: <{name}> is never closed")),
        None if terms.is_empty() => Err("has no terms in English and Korean".into()),
        None => Ok(terms),
    }
}

impl Concept {
    /// Takes the words of an element that ends.
    fn take_words(&mut self, name: &str, at: &Position, words: &str) {
        let words = one_line(words);
        match (name, at.language) {
            ("term", Some(language)) if !words.is_empty() => {
                self.words.push((language, words, true))
            }
            ("note", _) if !words.is_empty() => {
                self.note.get_or_insert(words);
            }
            ("descrip", None) => match at.note_type.as_str() {
                SOURCE => self.source = Language::parse(&words).ok(),
                KEEP => self.keep = Some(words == "yes"),
                REGISTER => self.register = Register::parse(&words),
                _ => {}
            },
            ("termNote", _) if at.note_type == "partOfSpeech" => self.part_of_speech = Some(words),
            ("termNote", Some(_)) if at.note_type == "administrativeStatus" => {
                let is_allowed = !["deprecatedTerm", "supersededTerm"]
                    .iter()
                    .any(|status| words.starts_with(status));
                if let Some(last) = self.words.last_mut() {
                    last.2 = is_allowed;
                }
            }
            _ => {}
        }
    }

    /// The terms, one for each synonym in English, or in the language that the concept names as its
    /// source; none if one of the languages has no word.
    fn terms(self) -> Vec<Term> {
        let from = self.source.unwrap_or(Language::English);
        let of = |language, allowed| {
            let is_such =
                move |word: &&(Language, String, bool)| word.0 == language && word.2 == allowed;
            self.words.iter().filter(is_such).map(|word| word.1.clone())
        };
        let mut targets = of(from.other(), true);
        let Some(target) = targets.next() else { return Vec::new() };
        let alternatives: Vec<String> = targets.collect();
        let forbid: Vec<String> = of(from.other(), false).collect();
        let term = |source: String| Term {
            keep: self.keep.unwrap_or(source == target),
            source,
            target: target.clone(),
            alternatives: alternatives.clone(),
            forbid: forbid.clone(),
            part_of_speech: self.part_of_speech.clone(),
            note: self.note.clone(),
            register: self.register,
        };
        of(from, true).take(MAX_SYNONYMS).map(term).collect()
    }
}

fn name(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_string()
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|found| found.key.local_name().as_ref() == name)?;
    Some(quick_xml::escape::unescape(found.value.as_ref()).ok()?.into_owned())
}

pub(super) fn write(terms: &[Term]) -> Result<String, String> {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <tbx type=\"TBX-Basic\" style=\"dca\" xml:lang=\"en\" xmlns=\"urn:iso:std:iso:30042:ed-2\">\n\
         <tbxHeader><fileDesc><sourceDesc><p>malmoi</p></sourceDesc></fileDesc></tbxHeader>\n\
         <text><body>\n",
    );
    for (number, term) in terms.iter().enumerate() {
        let is_korean = |text: &str| text.chars().any(is_hangul);
        let swapped = is_korean(&term.source) && !is_korean(&term.target);
        let (from, to) = if swapped { ("ko", "en") } else { ("en", "ko") };
        let keep = if term.keep { "yes" } else { "no" };
        let _ = writeln!(text, "<conceptEntry id=\"c{}\">", number + 1);
        for (category, value) in [
            (SOURCE, swapped.then_some(from)),
            (KEEP, (term.keep != (term.source == term.target)).then_some(keep)),
            (REGISTER, term.register.map(Register::as_str)),
        ] {
            if let Some(value) = value {
                let _ = writeln!(text, "<descrip type=\"{category}\">{value}</descrip>");
            }
        }
        if let Some(note) = &term.note {
            let _ = writeln!(text, "<note>{}</note>", escape(note));
        }
        section(&mut text, from, [(&*term.source, true)], term.part_of_speech.as_deref());
        let forbidden = term.forbid.iter().map(|word| (&**word, false));
        let words = term.renderings().map(|word| (word, true)).chain(forbidden);
        section(&mut text, to, words, term.part_of_speech.as_deref());
        text.push_str("</conceptEntry>\n");
    }
    text.push_str("</body></text>\n</tbx>\n");
    Ok(text)
}

/// The words of one language, each with whether it is allowed.
fn section<'w>(
    text: &mut String,
    language: &str,
    words: impl IntoIterator<Item = (&'w str, bool)>,
    part_of_speech: Option<&str>,
) {
    let _ = write!(text, "<langSec xml:lang=\"{language}\">");
    for (word, is_allowed) in words {
        let _ = write!(text, "<termSec><term>{}</term>", escape(word));
        if let Some(part_of_speech) = part_of_speech {
            let word = escape(part_of_speech);
            let _ = write!(text, "<termNote type=\"partOfSpeech\">{word}</termNote>");
        }
        if !is_allowed {
            text.push_str(
                "<termNote type=\"administrativeStatus\">deprecatedTerm-admn-sts</termNote>",
            );
        }
        text.push_str("</termSec>");
    }
    text.push_str("</langSec>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_editions_are_read() {
        let old = "<?xml version='1.0'?>\n<!DOCTYPE martif SYSTEM \"TBXBasiccoreStructV02.dtd\">\n\
            <martif type=\"TBX-Basic\"><text><body><termEntry id=\"1\"><note>house style</note>\
            <langSet xml:lang=\"ko-KR\"><tig><term>항만</term></tig><tig><term>포트</term>\
            <termNote type=\"administrativeStatus\">deprecatedTerm-admn-sts</termNote></tig></langSet>\
            <langSet xml:lang=\"en-US\"><ntig><termGrp><term>harbour &amp; port</term>\
            <termNote type=\"partOfSpeech\">noun</termNote></termGrp></ntig></langSet></termEntry>\
            <termEntry><langSet xml:lang=\"de\"><tig><term>Hafen</term></tig></langSet></termEntry>\
            </body></text></martif>";
        let expected = Term {
            forbid: vec!["포트".into()],
            part_of_speech: Some("noun".into()),
            note: Some("house style".into()),
            ..Term::new("harbour & port", "항만")
        };
        assert_eq!(read(old).unwrap(), std::slice::from_ref(&expected));
        let terms = [
            Term { alternatives: vec!["항구".into()], ..expected },
            Term { keep: true, ..Term::new("HBS", "HBS") },
        ];
        assert_eq!(read(&write(&terms).unwrap()).unwrap(), terms);
    }

    #[test]
    fn each_synonym_of_a_concept_is_a_term() {
        let word = |word: &str| format!("<termSec><term>{word}</term></termSec>");
        let concept = |english: String| {
            format!(
                "<tbx><text><body><conceptEntry><langSec xml:lang=\"en\">{english}</langSec>\
                 <langSec xml:lang=\"ko\">{}{}</langSec></conceptEntry></body></text></tbx>",
                word("부두"),
                word("선착장")
            )
        };
        let terms = read(&concept(word("quay") + &word("wharf"))).unwrap();
        let term = |source: &str| Term {
            alternatives: vec!["선착장".into()],
            ..Term::new(source, "부두")
        };
        assert_eq!(terms, [term("quay"), term("wharf")]);
        assert_eq!(read(&write(&terms).unwrap()).unwrap(), terms);
        let many: String = (0..1000).map(|number| word(&format!("quay {number}"))).collect();
        assert_eq!(read(&concept(many)).unwrap().len(), MAX_SYNONYMS);
    }

    #[test]
    fn damage_is_named() {
        let cut = "<tbx><text><body>\n<conceptEntry>";
        assert_eq!(read(cut).unwrap_err(), "is incomplete: <conceptEntry> is never closed");
        assert!(read("<tbx>\n</text>").unwrap_err().contains("on line 2"));
        assert_eq!(read("<tbx></tbx>").unwrap_err(), "has no terms in English and Korean");
    }
}
