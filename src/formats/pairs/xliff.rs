//! XLIFF 1.2 and 2: texts on their way through translation, each with its translation.
//!
//! Formats: <https://docs.oasis-open.org/xliff/v1.2/os/xliff-core.html>,
//! <https://docs.oasis-open.org/xliff/xliff-core/v2.1/xliff-core-v2.1.html>.

use std::collections::VecDeque;

use super::markup::{Element, Markup, Part};
use super::unit::language_of;
use super::xliff_unit::Reading;
use super::{PairFormat, PairReader, Unit};
use crate::formats::{Unreadable, xml};
use crate::language::Language;

pub(super) const FORMAT: PairFormat = PairFormat {
    name: "xliff",
    describe: "XLIFF 1.2 and 2",
    extensions: &["xlf", "xliff", "sdlxliff", "mxliff", "mqxliff"],
    sniff: |bytes| xml::root(bytes).is_some_and(|root| root == "xliff"),
    read: PairReader::Units(|source, languages| {
        let code = |language: Option<Language>| language.map_or("", Language::code).to_string();
        let mut document = Document {
            markup: Markup::new(source),
            from: code(languages.from),
            to: code(languages.to),
            original: None,
            ready: VecDeque::new(),
            reading: None,
            is_foreign: false,
        };
        Box::new(std::iter::from_fn(move || document.next_unit()))
    }),
};

/// Longest name of a document; each unit repeats it.
const MAX_NAME_BYTES: usize = 1 << 12;

struct Document {
    markup: Markup,
    /// Language codes of the open file.
    from: String,
    to: String,
    /// Name of the document of the open file.
    original: Option<String>,
    /// Units that are read and not yet given out.
    ready: VecDeque<Unit>,
    /// The open unit, of which segments were given out.
    reading: Option<Reading>,
    /// True in a file of other languages than English and Korean.
    is_foreign: bool,
}

impl Document {
    fn next_unit(&mut self) -> Option<Result<Unit, Unreadable>> {
        let mut reading: Option<Reading> = self.reading.take();
        loop {
            if let Some(unit) = self.ready.pop_front() {
                self.reading = reading;
                return Some(Ok(unit));
            }
            let line = self.markup.line();
            let part = match self.markup.next()? {
                Ok(part) => part,
                Err(error) => return Some(Err(error)),
            };
            match (part, &mut reading) {
                (Part::Start(tag), None) => match tag.name.as_str() {
                    "xliff" | "file" => {
                        if let Some(error) = self.begin_file(&tag, line) {
                            return Some(Err(error));
                        }
                    }
                    "trans-unit" | "unit" if !self.is_foreign => {
                        reading = Some(Reading::new(tag, line));
                    }
                    _ => {}
                },
                (Part::Start(tag), Some(open)) => {
                    if let Err(reason) = open.start(tag, self.markup.parent(), line) {
                        return Some(Err(self.markup.fail(reason)));
                    }
                }
                (Part::Text(text), Some(open)) => open.text(&text),
                (Part::End(name), Some(open)) if open.is_in_text() => open.end(&name),
                (Part::End(name), Some(open)) => match name.as_str() {
                    _ if open.leaves_skipped() => {}
                    "segment" => {
                        let unit = open.end_segment(&self.from, &self.to);
                        self.give(vec![unit]);
                    }
                    "trans-unit" => {
                        let units = open.units(&self.from, &self.to);
                        reading = None;
                        self.give(units);
                    }
                    "unit" => reading = None,
                    _ => {}
                },
                _ => {}
            }
            if reading.is_none() {
                self.markup.begin_record();
            }
        }
    }

    fn give(&mut self, units: Vec<Unit>) {
        self.markup.begin_record();
        let document = |unit| Unit { document: self.original.clone(), ..unit };
        self.ready.extend(units.into_iter().map(document));
    }

    /// Reads the languages of a file; an error if they are not English and Korean.
    fn begin_file(&mut self, tag: &Element, line: usize) -> Option<Unreadable> {
        let code = |names: [&str; 2]| names.iter().find_map(|name| tag.attribute(name));
        let codes = (code(["srcLang", "source-language"]), code(["trgLang", "target-language"]));
        if let Some(from) = codes.0 {
            self.from = from.to_string();
        }
        if let Some(to) = codes.1 {
            self.to = to.to_string();
        }
        let original = tag.attribute("original").filter(|name| name.len() <= MAX_NAME_BYTES);
        self.original = original.map(str::to_string);
        let is_unknown = |code: &str| !code.is_empty() && language_of(code).is_none();
        let (from, to) = (language_of(&self.from), language_of(&self.to));
        let is_same = from.is_some() && from == to;
        self.is_foreign = is_unknown(&self.from) || is_unknown(&self.to) || is_same;
        self.is_foreign.then(|| Unreadable {
            place: format!("line {line}"),
            reason: format!(
                "is not in English and Korean; its languages: {}, {}",
                self.from, self.to
            ),
            raw: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, told};
    use super::super::{PairLanguages, units};
    use super::*;

    #[test]
    fn version_2_has_segments_in_units() {
        let text = "<xliff version=\"2.1\" srcLang=\"en\" trgLang=\"ko\">\n<file id=\"f\"><unit id=\"u1\"><notes><note>n</note></notes>\n\
            <segment id=\"s1\"><source>The <pc id=\"1\">bridge</pc>.</source><target>다리.</target></segment>\n\
            <ignorable><source> </source></ignorable><segment><source>It opened.</source></segment></unit></file></xliff>";
        assert_eq!(
            told(text, "a.xlf"),
            ["line 3 u1/s1 | The bridge. | 다리.", "line 4 u1 | It opened. | "]
        );
        let pair = read(text, "a.xlf").remove(0).unwrap();
        assert_eq!((pair.from, pair.to), (Some(Language::English), Some(Language::Korean)));
    }

    #[test]
    fn version_1_has_translation_units_and_earlier_matches() {
        let text = "<xliff version=\"1.2\"><file source-language=\"ko-KR\" target-language=\"en-US\"><body>\n\
            <trans-unit id=\"7\"><source>다리<ph id=\"1\">{0}</ph></source><seg-source><mrk mtype=\"seg\">다리</mrk></seg-source>\
            <target><g id=\"2\">The bridge</g></target><alt-trans><target>A bridge</target></alt-trans></trans-unit></body></file></xliff>";
        assert_eq!(told(text, "a.xlf"), ["line 2 7 | 다리 | The bridge"]);
    }

    #[test]
    fn a_file_in_other_languages_is_refused_once() {
        let text = "<xliff version=\"1.2\"><file source-language=\"en\" target-language=\"fr\"><body>\n\
            <trans-unit id=\"7\"><source>One.</source></trans-unit><trans-unit id=\"8\"><source>Two.</source></trans-unit></body></file>\n\
            <file source-language=\"en\" target-language=\"ko\"><body><trans-unit id=\"9\"><source>Ten.</source></trans-unit></body></file></xliff>";
        assert_eq!(
            told(text, "a.xlf"),
            ["line 1 is not in English and Korean; its languages: en, fr", "line 3 9 | Ten. | "]
        );
    }

    #[test]
    fn a_unit_of_tags_alone_is_a_unit_and_no_pair() {
        let text = "<xliff version=\"2.1\" srcLang=\"en\" trgLang=\"ko\"><file id=\"f\" original=\"a.docx\">\
            <unit id=\"u1\"><segment><source><ph id=\"1\"/></source><target><ph id=\"1\"/></target></segment></unit>\
            <unit id=\"u2\"><segment><source/></segment></unit></file></xliff>";
        let source = std::io::Cursor::new(text);
        let found = units(source, "a.xlf", PairLanguages::default()).unwrap();
        let found: Vec<Unit> = found.map(Result::unwrap).collect();
        assert_eq!(found[0].source.text.placeholders(), "<1/>");
        assert_eq!(found[0].document.as_deref(), Some("a.docx"));
        assert_eq!(found.len(), 2);
        assert!(read(text, "a.xlf").is_empty());
    }

    #[test]
    fn matches_and_glossaries_of_a_unit_say_nothing_of_its_own_texts() {
        let text = "<xliff version=\"2.1\" srcLang=\"en\" trgLang=\"ko\"><file id=\"f\"><unit id=\"u1\">\
            <mtc:matches><mtc:match ref=\"#1\"><mda:metadata><mda:metaGroup><mda:meta type=\"x\">y</mda:meta>\
            </mda:metaGroup></mda:metadata><originalData><data id=\"d1\">old</data></originalData><source>Old</source>\
            <unit><segment><source>Inner</source></segment></unit></mtc:match></mtc:matches>\
            <originalData><data id=\"d1\">new</data></originalData>\
            <segment><source>A <ph id=\"1\" dataRef=\"d1\"/></source></segment></unit></file></xliff>";
        let source = std::io::Cursor::new(text);
        let mut found = units(source, "a.xlf", PairLanguages::default()).unwrap();
        let unit = found.next().unwrap().unwrap();
        assert_eq!(unit.source.text.data, [("d1".to_string(), "new".to_string())]);
        assert_eq!((unit.details.props.len(), found.next()), (0, None));
        let text = "<xliff version=\"1.2\"><file source-language=\"en\" target-language=\"ko\"><body>\
            <trans-unit id=\"7\"><source>A</source><target>가</target><alt-trans><source>B</source><target>나</target>\
            <context-group><context context-type=\"x\">y</context></context-group></alt-trans></trans-unit></body></file></xliff>";
        let source = std::io::Cursor::new(text);
        let unit =
            units(source, "a.xlf", PairLanguages::default()).unwrap().next().unwrap().unwrap();
        assert_eq!((unit.source.text.text().as_str(), unit.details.props.len()), ("A", 0));
    }
}
