//! TMX, translation memories: units with the same text in two or more languages.
//!
//! Format: <https://www.gala-global.org/tmx-14b>.

use super::markup::{Element, Markup, Part};
use super::{PairFormat, PairLanguages, TextPair};
use crate::formats::{Unreadable, xml};
use crate::language::Language;

pub(super) const FORMAT: PairFormat = PairFormat {
    name: "tmx",
    describe: "TMX",
    extensions: &["tmx"],
    sniff: |bytes| xml::root(bytes).is_some_and(|root| root == "tmx"),
    read: |source, languages| {
        let mut units = Units { markup: Markup::new(source), languages, header: None };
        Ok(Box::new(std::iter::from_fn(move || units.next_pair())))
    },
};

struct Units {
    markup: Markup,
    languages: PairLanguages,
    /// Source language of the file.
    header: Option<Language>,
}

/// A unit as it is read.
struct Unit {
    line: usize,
    id: Option<String>,
    srclang: Option<Language>,
    /// Codes of the languages with their texts.
    variants: Vec<(String, String)>,
}

impl Units {
    fn next_pair(&mut self) -> Option<Result<TextPair, Unreadable>> {
        let mut unit: Option<Unit> = None;
        loop {
            let line = self.markup.line();
            let part = match self.markup.next()? {
                Ok(part) => part,
                Err(error) => return Some(Err(error)),
            };
            match (part, &mut unit) {
                (Part::Start(tag), _) if tag.name == "header" => self.header = srclang(&tag),
                (Part::Start(tag), _) if tag.name == "tu" => {
                    let id = tag.attribute("tuid").map(str::to_string);
                    unit = Some(Unit { line, id, srclang: srclang(&tag), variants: Vec::new() });
                }
                (Part::Start(tag), Some(unit)) if tag.name == "tuv" => {
                    let code = tag.attribute("lang").unwrap_or_default().to_string();
                    unit.variants.push((code, String::new()));
                }
                (Part::Text(text), Some(unit)) => {
                    if let Some((_, words)) = unit.variants.last_mut()
                        && self.markup.is_in("seg")
                        && !self.markup.is_in_code()
                    {
                        words.push_str(&text);
                    }
                }
                (Part::End(name), Some(_)) if name == "tu" => {
                    self.markup.begin_record();
                    return unit.take().map(|unit| self.pair(unit));
                }
                _ => {}
            }
            if unit.is_none() {
                self.markup.begin_record();
            }
        }
    }

    /// The two texts of a unit: in the requested languages, or those that the file names.
    fn pair(&self, unit: Unit) -> Result<TextPair, Unreadable> {
        let PairLanguages { from, to } = self.languages;
        let known: Vec<(Language, &str)> = unit
            .variants
            .iter()
            .filter_map(|(code, text)| Some((Language::parse(code).ok()?, text.as_str())))
            .collect();
        let from = from.or(to.map(Language::other)).or(unit.srclang).or(self.header);
        let source = match from {
            Some(from) => known.iter().find(|(language, _)| *language == from),
            None => known.first(),
        };
        let output = source
            .and_then(|(from, _)| known.iter().find(|(language, _)| language == &from.other()));
        let place = format!("line {}", unit.line);
        let (Some((from, source)), Some((to, output))) = (source, output) else {
            let codes: Vec<&str> = unit.variants.iter().map(|(code, _)| code.as_str()).collect();
            let reason =
                format!("has no text in English and Korean; its languages: {}", codes.join(", "));
            return Err(Unreadable { place, reason, raw: String::new() });
        };
        Ok(TextPair {
            place,
            id: unit.id,
            source: source.to_string(),
            output: output.to_string(),
            from: Some(*from),
            to: Some(*to),
            task: None,
        })
    }
}

fn srclang(tag: &Element) -> Option<Language> {
    Language::parse(tag.attribute("srclang")?).ok()
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
