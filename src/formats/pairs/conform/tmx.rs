//! Tags of TMX as version 1.4b allows them.

use super::parts::{Ids, Pairs, kept, push, set, value};
use crate::formats::pairs::{Inline, Tag};

/// Inline elements with their attributes.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("bpt", &["i", "x", "type"]),
    ("ept", &["i"]),
    ("ph", &["x", "assoc", "type"]),
    ("it", &["pos", "x", "type"]),
    ("hi", &["x", "type"]),
    ("ut", &["x"]),
    ("sub", &["datatype", "type"]),
];

/// The parts of a segment. A start or an end without its partner becomes `it`; an element that TMX
/// does not have is replaced by its words.
pub(in crate::formats::pairs) fn tmx(parts: &[Inline]) -> Vec<Inline> {
    let mut pairs = Pairs::default();
    scan(parts, &mut pairs);
    let mut numbers = vec![None; pairs.count];
    let mut flow =
        Flow { found: pairs.numbers.into_iter(), numbers: &mut numbers, ids: Ids::default() };
    let mut out = Vec::with_capacity(parts.len());
    flow.parts(parts, &mut out);
    out
}

/// Finds the pairs of a flow. A subflow in a code is a flow of its own.
fn scan(parts: &[Inline], pairs: &mut Pairs) {
    for part in parts {
        let Inline::Tag(tag) = part else { continue };
        match tag.name.as_str() {
            "bpt" => pairs.start(tag.attribute("i")),
            "ept" => pairs.end(tag.attribute("i")),
            _ if tag.is_around_words() => scan(&tag.content, pairs),
            _ => {}
        }
    }
}

/// A segment or a subflow while it is written.
struct Flow<'n> {
    found: std::vec::IntoIter<Option<usize>>,
    /// `i` of each pair, once its start was met.
    numbers: &'n mut [Option<String>],
    ids: Ids,
}

impl Flow<'_> {
    fn parts(&mut self, parts: &[Inline], out: &mut Vec<Inline>) {
        for part in parts {
            match part {
                Inline::Text(_) => push(out, part.clone()),
                Inline::Tag(tag) => self.tag(tag, out),
            }
        }
    }

    fn tag(&mut self, tag: &Tag, out: &mut Vec<Inline>) {
        let name = tag.name.as_str();
        let pair = if matches!(name, "bpt" | "ept") { self.found.next().flatten() } else { None };
        let name = match (name, pair) {
            ("bpt" | "ept", None) => "it",
            _ => name,
        };
        let known = ELEMENTS.iter().find(|(own, _)| *own == name && name != "sub");
        let Some((_, allowed)) = known else {
            if tag.is_around_words() {
                self.parts(&tag.content, out);
            }
            return;
        };
        let mut attributes = kept(tag, |name, _| allowed.contains(&name));
        match (tag.name.as_str(), pair) {
            ("bpt", Some(pair)) => {
                let own = value(&attributes, "i").filter(|i| self.ids.take(i)).map(str::to_string);
                let i = own.unwrap_or_else(|| self.ids.fresh(""));
                set(&mut attributes, "i", i.clone());
                self.numbers[pair] = Some(i);
            }
            ("ept", Some(pair)) => {
                set(&mut attributes, "i", self.numbers[pair].clone().unwrap_or_default());
            }
            ("bpt", None) => attributes.insert(0, ("pos".to_string(), "begin".to_string())),
            ("ept", None) => attributes.insert(0, ("pos".to_string(), "end".to_string())),
            ("it", _) if !matches!(value(&attributes, "pos"), Some("begin" | "end")) => {
                set(&mut attributes, "pos", "begin");
            }
            _ => {}
        }
        let mut content = Vec::with_capacity(tag.content.len());
        match name {
            "hi" => self.parts(&tag.content, &mut content),
            _ => code(&tag.content, &mut content),
        }
        push(out, Inline::Tag(Tag { name: name.to_string(), attributes, content }));
    }
}

/// The content of a code: text and subflows. Other elements are replaced by their content.
fn code(parts: &[Inline], out: &mut Vec<Inline>) {
    for part in parts {
        match part {
            Inline::Text(_) => push(out, part.clone()),
            Inline::Tag(tag) if tag.name == "sub" => {
                let attributes = kept(tag, |name, _| matches!(name, "datatype" | "type"));
                let content = tmx(&tag.content);
                push(out, Inline::Tag(Tag { name: tag.name.clone(), attributes, content }));
            }
            Inline::Tag(tag) => code(&tag.content, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::pairs::{ExchangeFormat, InlineMarkup, Side, TaggedText, Unit, write};

    /// The segment that is written for the parts that are read from one.
    fn written(segment: &str) -> String {
        let file = format!(
            "<tmx version=\"1.4\"><body><tu><tuv xml:lang=\"en\"><seg>{segment}</seg></tuv>\
             <tuv xml:lang=\"ko\"><seg/></tuv></tu></body></tmx>"
        );
        let languages = crate::formats::PairLanguages::default();
        let source = std::io::Cursor::new(file);
        let unit = crate::formats::pairs::units(source, "a.tmx", languages).unwrap().next();
        let mut out = Vec::new();
        let tmx = ExchangeFormat::named("tmx").unwrap();
        write(&mut out, tmx, "en", "ko", [unit.unwrap().unwrap()]).unwrap();
        let out = String::from_utf8(out).unwrap();
        let (_, rest) = out.split_once("<seg>").unwrap();
        rest.split_once("</seg>").unwrap().0.to_string()
    }

    #[test]
    fn tags_that_the_standard_does_not_allow_are_mended() {
        for (read, expected) in [
            ("a<bpt i=\"1\">x</bpt>b<ept i=\"1\">y</ept>", None),
            ("<hi type=\"t\">a<ph x=\"1\">p<sub type=\"s\">b</sub></ph></hi>", None),
            ("a<bpt i=\"1\">x</bpt>b", Some("a<it pos=\"begin\">x</it>b")),
            ("a<ept i=\"1\"></ept>", Some("a<it pos=\"end\"></it>")),
            ("<bpt>x</bpt><ept>y</ept>", Some("<it pos=\"begin\">x</it><it pos=\"end\">y</it>")),
            (
                "<bpt i=\"1\"></bpt>a<ept i=\"1\"></ept><bpt i=\"1\"></bpt>b<ept i=\"1\"></ept>",
                Some(
                    "<bpt i=\"1\"></bpt>a<ept i=\"1\"></ept><bpt i=\"2\"></bpt>b<ept i=\"2\"></ept>",
                ),
            ),
            ("<it pos=\"open\" id=\"7\">x</it>", Some("<it pos=\"begin\">x</it>")),
            ("a<b k=\"1\">c</b><sub>d</sub>", Some("acd")),
            ("<ph>a<hi>b</hi><ph>c</ph></ph>", Some("<ph>abc</ph>")),
            ("<ph a&amp;b=\"1\">x</ph>", Some("<ph>x</ph>")),
        ] {
            assert_eq!(written(read), expected.unwrap_or(read), "{read}");
        }
    }

    #[test]
    fn a_name_of_an_element_cannot_break_the_file() {
        let tag = Tag { name: "ph/><tuv".into(), ..Tag::default() };
        let parts = vec![Inline::Tag(tag), Inline::Text("a".into())];
        let text = TaggedText { markup: InlineMarkup::Tmx, parts, data: Vec::new() };
        let unit = Unit {
            source: Side { text, ..Side::default() },
            target: Side::new("ko", "b"),
            ..Unit::default()
        };
        let mut out = Vec::new();
        write(&mut out, ExchangeFormat::named("tmx").unwrap(), "en", "ko", [unit]).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("<seg>a</seg>"));
    }
}
