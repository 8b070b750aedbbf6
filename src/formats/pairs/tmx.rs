//! TMX, translation memories: units with the same text in two or more languages.
//!
//! Format: <https://www.gala-global.org/tmx-14b>.

use super::markup::{Element, Markup, Part};
use super::unit::{DOCUMENT_PROP, MODEL_PROP, STATE_PROP, language_of};
use super::{
    Collector, Details, InlineMarkup, Note, PairFormat, PairLanguages, PairReader, Prop, Side,
    Status, Tag, Unit,
};
use crate::formats::{Unreadable, xml};
use crate::language::Language;

pub(super) const FORMAT: PairFormat = PairFormat {
    name: "tmx",
    describe: "TMX",
    extensions: &["tmx"],
    sniff: |bytes| xml::root(bytes).is_some_and(|root| root == "tmx"),
    read: PairReader::Units(|source, languages| {
        let mut memory =
            Memory { markup: Markup::new(source), languages, header: None, segments: None };
        Box::new(std::iter::from_fn(move || memory.next_unit()))
    }),
};

/// `type` of a `ph` that stands for a character which XML cannot hold; its content is the
/// character's code in hexadecimal.
pub(super) const CONTROL: &str = "x-control";

/// Prefix of the properties that hold attributes which TMX does not have.
pub(super) const ATTRIBUTE_PROP: &str = "x-attribute-";

/// Kinds of segments that TMX knows.
pub(super) const SEGMENTS: &[&str] = &["block", "paragraph", "sentence", "phrase"];

/// Kind of the segments of files that malmoi writes, where a unit does not say it.
pub(super) const SEGMENTS_OF_FILE: &str = "paragraph";

struct Memory {
    markup: Markup,
    languages: PairLanguages,
    /// Source language of the file.
    header: Option<Language>,
    /// Kind of the segments of the file, if it is not the kind of malmoi's own.
    segments: Option<String>,
}

/// A unit as it is read.
struct Reading {
    line: usize,
    id: Option<String>,
    srclang: Option<String>,
    details: Details,
    sides: Vec<Side>,
    /// The text of the open segment.
    segment: Option<Collector>,
    /// The open note or property.
    remark: Option<Remark>,
}

enum Remark {
    Note(Note),
    Prop(Prop),
}

impl Reading {
    fn new(tag: Element, line: usize) -> Self {
        let mut attributes = tag.attributes;
        let id = take(&mut attributes, "tuid");
        let srclang = take(&mut attributes, "srclang");
        Self {
            line,
            id,
            srclang,
            details: details(attributes),
            sides: Vec::new(),
            segment: None,
            remark: None,
        }
    }

    /// The details of the open variant, or of the unit.
    fn details(&mut self) -> &mut Details {
        self.sides.last_mut().map_or(&mut self.details, |side| &mut side.details)
    }

    fn part(&mut self, part: Part, parent: &str) -> Result<(), String> {
        match part {
            Part::Start(tag) => return self.start(tag, parent),
            Part::Text(text) => match (&mut self.segment, &mut self.remark) {
                (Some(segment), _) => segment.text(&text),
                (_, Some(Remark::Note(note))) => note.text.push_str(&text),
                (_, Some(Remark::Prop(prop))) => prop.value.push_str(&text),
                _ => {}
            },
            Part::End(name) => self.end(&name),
        }
        Ok(())
    }

    fn start(&mut self, tag: Element, parent: &str) -> Result<(), String> {
        if let Some(segment) = &mut self.segment {
            return segment.open(tag.into_tag());
        }
        match (tag.name.as_str(), parent) {
            ("tuv", "tu") => {
                let language = tag.language().to_string();
                let mut attributes = tag.attributes;
                attributes.retain(|(name, _)| name != "xml:lang" && name != "lang");
                let details = details(attributes);
                self.sides.push(Side { language, details, ..Side::default() });
            }
            ("seg", "tuv") => self.segment = Some(Collector::default()),
            ("note", "tu" | "tuv") => {
                let attributes = tag.attributes;
                self.remark = Some(Remark::Note(Note { text: String::new(), attributes }));
            }
            ("prop", "tu" | "tuv") => {
                let mut attributes = tag.attributes;
                let name = take(&mut attributes, "type").unwrap_or_default();
                self.remark = Some(Remark::Prop(Prop { name, attributes, value: String::new() }));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        match (name, &mut self.segment) {
            ("seg", _) => {
                if let (Some(segment), Some(side)) = (self.segment.take(), self.sides.last_mut()) {
                    side.text = segment.finish(InlineMarkup::Tmx);
                }
            }
            (_, Some(segment)) => segment.close(control),
            ("note" | "prop", None) => match self.remark.take() {
                Some(Remark::Note(note)) => self.details().notes.push(note),
                Some(Remark::Prop(prop)) => match prop.name.strip_prefix(ATTRIBUTE_PROP) {
                    Some(name) => {
                        let name = name.to_string();
                        self.details().add(name, prop.value);
                    }
                    None => self.details().props.push(prop),
                },
                None => {}
            },
            _ => {}
        }
    }

    /// The unit in the requested languages, or those that the file names.
    fn finish(
        mut self,
        languages: PairLanguages,
        header: Option<Language>,
    ) -> Result<Unit, Unreadable> {
        let place = format!("line {}", self.line);
        let PairLanguages { from, to } = languages;
        let own = self.srclang.as_deref().and_then(language_of);
        let from = from.or(to.map(Language::other)).or(own).or(header);
        let position = |wanted: &dyn Fn(Language) -> bool| {
            self.sides.iter().position(|side| side.known_language().is_some_and(wanted))
        };
        let source = position(&|language| from.is_none_or(|from| from == language));
        let from = source.and_then(|at| self.sides[at].known_language());
        let target = from.and_then(|from| position(&|language| language == from.other()));
        let (Some(source), Some(target)) = (source, target) else {
            let codes: Vec<&str> = self.sides.iter().map(|side| side.language.as_str()).collect();
            let reason =
                format!("has no text in English and Korean; its languages: {}", codes.join(", "));
            return Err(Unreadable { place, reason, raw: String::new() });
        };
        // `*all*` says that any text may be the source.
        if let Some(other) = self.srclang.take().filter(|code| language_of(code) != from) {
            self.details.attributes.push(("srclang".to_string(), other));
        }
        let mut sides: Vec<Option<Side>> = self.sides.into_iter().map(Some).collect();
        let mut take = |at: usize| sides.get_mut(at).and_then(Option::take).unwrap_or_default();
        let (source, target) = (take(source), take(target));
        let mut unit = Unit {
            place,
            id: self.id,
            source,
            target,
            others: sides.into_iter().flatten().collect(),
            details: self.details,
            ..Unit::default()
        };
        let state = unit.details.take_prop(STATE_PROP);
        unit.status = state.and_then(|name| Status::parse(&name)).or(unit.status_of_props());
        unit.model = unit.details.take_prop(MODEL_PROP);
        unit.document = unit.details.take_prop(DOCUMENT_PROP);
        Ok(unit)
    }
}

impl Memory {
    fn next_unit(&mut self) -> Option<Result<Unit, Unreadable>> {
        let mut reading: Option<Reading> = None;
        loop {
            let line = self.markup.line();
            let part = match self.markup.next()? {
                Ok(part) => part,
                Err(error) => return Some(Err(error)),
            };
            match (part, &mut reading) {
                (Part::Start(tag), None) if tag.name == "header" => {
                    self.header = tag.attribute("srclang").and_then(language_of);
                    let other = |kind: &&str| SEGMENTS.contains(kind) && *kind != SEGMENTS_OF_FILE;
                    self.segments = tag.attribute("segtype").filter(other).map(str::to_string);
                }
                (Part::Start(tag), None) if tag.name == "tu" => {
                    let mut new = Reading::new(tag, line);
                    let attributes = &mut new.details.attributes;
                    if let Some(kind) = &self.segments
                        && attributes.iter().all(|(name, _)| name != "segtype")
                    {
                        attributes.push(("segtype".to_string(), kind.clone()));
                    }
                    reading = Some(new);
                }
                (Part::End(name), Some(_)) if name == "tu" => {
                    self.markup.begin_record();
                    let reading = reading.take()?;
                    return Some(reading.finish(self.languages, self.header));
                }
                (part, Some(open)) => {
                    if let Err(reason) = open.part(part, self.markup.parent()) {
                        return Some(Err(self.markup.fail(reason)));
                    }
                }
                _ => {}
            }
            if reading.is_none() {
                self.markup.begin_record();
            }
        }
    }
}

/// The character that a tag stands for.
fn control(tag: &Tag) -> Option<char> {
    if tag.name != "ph" || tag.attribute("type") != Some(CONTROL) {
        return None;
    }
    char::from_u32(u32::from_str_radix(&tag.code(), 16).ok()?)
}

/// Removes an attribute.
pub(super) fn take(attributes: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let at = attributes.iter().position(|(key, _)| key == name)?;
    Some(attributes.remove(at).1)
}

/// Details from the attributes of a `tu` or `tuv`.
pub(super) fn details(attributes: Vec<(String, String)>) -> Details {
    let mut details = Details::default();
    attributes.into_iter().for_each(|(name, value)| details.add(name, value));
    details
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read_in, told};
    use super::*;

    const MEMORY: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE tmx SYSTEM \"tmx14.dtd\">\n<tmx version=\"1.4\"><header srclang=\"en-US\"/><body>\n\
        <tu tuid=\"u1\"><note>n</note>\n<tuv xml:lang=\"ko-KR\"><seg>다리 <bpt i=\"1\">&lt;b&gt;</bpt>&amp; 배<ept i=\"1\"/></seg></tuv>\n\
        <tuv xml:lang=\"fr\"><seg>Le pont</seg></tuv><tuv xml:lang=\"en\"><seg>The bridge &#38; <hi>boats</hi></seg></tuv></tu>\n\
        <tu><tuv lang=\"fr\"><seg>x</seg></tuv></tu></body></tmx>";

    #[test]
    fn a_unit_gives_the_texts_in_english_and_korean_without_codes() {
        assert_eq!(
            told(MEMORY, "a.tmx"),
            [
                "line 4 u1 | The bridge & boats | 다리 & 배",
                "line 7 has no text in English and Korean; its languages: fr"
            ]
        );
        let given = PairLanguages { from: None, to: Some(Language::English) };
        assert_eq!(read_in(MEMORY, "a.tmx", given)[0].as_ref().unwrap().source, "다리 & 배");
    }

    #[test]
    fn a_damaged_file_is_read_up_to_the_damage() {
        let cut = MEMORY.trim_end_matches("</body></tmx>");
        let told = told(cut, "a.tmx");
        assert_eq!(told[0], "line 4 u1 | The bridge & boats | 다리 & 배");
        assert!(told.last().unwrap().contains("is incomplete"), "{told:?}");
    }
}
