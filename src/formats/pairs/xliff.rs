//! XLIFF 1.2 and 2: texts on their way through translation, each with its translation.
//!
//! Formats: <https://docs.oasis-open.org/xliff/v1.2/os/xliff-core.html>,
//! <https://docs.oasis-open.org/xliff/xliff-core/v2.1/xliff-core-v2.1.html>.

use super::markup::{Element, Markup, Part};
use super::{PairFormat, PairLanguages, PairReader, TextPair};
use crate::formats::{Unreadable, xml};
use crate::language::Language;

pub(super) const FORMAT: PairFormat = PairFormat {
    name: "xliff",
    describe: "XLIFF 1.2 and 2",
    extensions: &["xlf", "xliff", "sdlxliff", "mxliff", "mqxliff"],
    sniff: |bytes| xml::root(bytes).is_some_and(|root| root == "xliff"),
    read: PairReader::Words(|source, languages| {
        let mut units = Units { markup: Markup::new(source), languages, ..Units::empty() };
        Box::new(std::iter::from_fn(move || units.next_pair()))
    }),
};

/// Elements that hold other texts than those of their unit: earlier matches, and the source again
/// in segments.
const ASIDE: &[&str] = &["alt-trans", "matches", "seg-source"];

struct Units {
    markup: Markup,
    languages: PairLanguages,
    from: Option<Language>,
    to: Option<Language>,
    /// Identifier of the unit.
    unit: Option<String>,
}

impl Units {
    fn empty() -> Self {
        let markup = Markup::new(Box::new(std::io::empty()));
        let languages = PairLanguages::default();
        Self { markup, languages, from: None, to: None, unit: None }
    }

    fn next_pair(&mut self) -> Option<Result<TextPair, Unreadable>> {
        let mut pair: Option<TextPair> = None;
        loop {
            let line = self.markup.line();
            let part = match self.markup.next()? {
                Ok(part) => part,
                Err(error) => return Some(Err(error)),
            };
            match (part, &mut pair) {
                (Part::Start(tag), _) if matches!(&*tag.name, "xliff" | "file") => {
                    self.from =
                        language(&tag, &["srcLang", "source-language"]).or(self.from.take());
                    self.to = language(&tag, &["trgLang", "target-language"]).or(self.to.take());
                }
                (Part::Start(tag), _) if tag.name == "unit" => {
                    self.unit = tag.attribute("id").map(str::to_string);
                }
                (Part::Start(tag), _) if matches!(&*tag.name, "trans-unit" | "segment") => {
                    pair = Some(self.begun(&tag, line));
                }
                (Part::Text(text), Some(pair)) => {
                    let is_aside = ASIDE.iter().any(|name| self.markup.is_in(name));
                    if is_aside
                        || ["bpt", "ept", "it", "ph"].iter().any(|name| self.markup.is_in(name))
                    {
                    } else if self.markup.is_in("source") {
                        pair.source.push_str(&text);
                    } else if self.markup.is_in("target") {
                        pair.output.push_str(&text);
                    }
                }
                (Part::End(name), Some(_)) if matches!(&*name, "trans-unit" | "segment") => {
                    self.markup.begin_record();
                    match pair.take() {
                        Some(pair) if !pair.source.trim().is_empty() => return Some(Ok(pair)),
                        _ => {}
                    }
                }
                _ => {}
            }
            if pair.is_none() {
                self.markup.begin_record();
            }
        }
    }

    /// The pair of a unit or segment, still without texts.
    fn begun(&self, tag: &Element, line: usize) -> TextPair {
        let own = tag.attribute("id").map(str::to_string);
        let id = match (tag.name.as_str(), &self.unit, own) {
            ("segment", Some(unit), Some(own)) => Some(format!("{unit}/{own}")),
            ("segment", unit, None) => unit.clone(),
            (_, _, own) => own,
        };
        TextPair {
            place: format!("line {line}"),
            id,
            from: self.from.or(self.languages.from),
            to: self.to.or(self.languages.to),
            ..TextPair::default()
        }
    }
}

fn language(tag: &Element, names: &[&str]) -> Option<Language> {
    names.iter().find_map(|name| Language::parse(tag.attribute(name)?).ok())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, told};
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
}
