//! Tags of XLIFF 2 as version 2.1 allows them within one unit with one segment.

use std::collections::{HashMap, HashSet};

use super::parts::{Ids, Pairs, kept, push, set, value};
use crate::formats::pairs::convert::{Data, is_token};
use crate::formats::pairs::{Inline, Tag};

/// Attributes that a copy of a code needs: `sc` and `ec` of a pair have the same.
const HINTS: &[&str] = &["canCopy", "canDelete", "canOverlap", "canReorder"];

/// The parts of the source and the target of a unit. `notes` has the ids of the unit's notes; what
/// a tag refers to is in `data`.
///
/// A start or an end without its partner is isolated. Ids are unique within the source and within
/// the target, and equal ids in both are the same kind of tag. An element that XLIFF does not have
/// is replaced by its words.
pub(in crate::formats::pairs) fn xliff(
    source: &[Inline],
    target: &[Inline],
    notes: &HashSet<&str>,
    data: &mut Data,
) -> [Vec<Inline>; 2] {
    let (of_source, fresh) = (HashMap::new(), Ids::default());
    let mut unit = Unit { notes, data: &mut *data, of_source, fresh };
    // Ids of their own come before those that are made up.
    for text in [source, target] {
        each(text, &mut |tag| unit.fresh.used.extend(tag.attribute("id").map(str::to_string)));
    }
    let mut texts = [source, target].map(|parts| unit.text(parts));
    if !texts.iter().all(|parts| is_in_sequence(parts)) || !is_same_sequence(&texts) {
        texts.iter_mut().for_each(|parts| {
            each_mut(parts, &mut |tag| tag.attributes.retain(|(name, _)| name != "canReorder"));
        });
    }
    let mut codes = HashSet::new();
    for parts in &texts {
        each(parts, &mut |tag| {
            let has_data = tag.attributes.iter().any(|(name, _)| name.starts_with("dataRef"));
            if !has_data && tag.attribute("canCopy") != Some("no") {
                codes.extend(tag.attribute("id").map(str::to_string));
            }
        });
    }
    for parts in &mut texts {
        each_mut(parts, &mut |tag| {
            let has_data = tag.attributes.iter().any(|(name, _)| name.starts_with("dataRef"));
            tag.attributes
                .retain(|(name, id)| name != "copyOf" || (codes.contains(id) && !has_data));
        });
    }
    let mut used = HashSet::new();
    for parts in &texts {
        each(parts, &mut |tag| {
            let refers = |(name, _): &&(String, String)| name.starts_with("dataRef");
            used.extend(tag.attributes.iter().filter(refers).map(|(_, id)| id.as_str()));
        });
    }
    data.list.retain(|(id, _)| used.contains(id.as_str()));
    texts
}

struct Unit<'u> {
    notes: &'u HashSet<&'u str>,
    data: &'u mut Data,
    /// Names of the source's elements by their ids; empty while the source is written.
    of_source: HashMap<String, String>,
    /// Ids that are made up.
    fresh: Ids,
}

/// A text of a unit while it is written.
#[derive(Default)]
struct Text {
    /// Partners of `sc` and `ec`, and of `sm` and `em`.
    found: [std::vec::IntoIter<Option<usize>>; 2],
    /// The start of each pair as it was written.
    starts: [Vec<Vec<(String, String)>>; 2],
    /// Names of the elements by their ids.
    ids: HashMap<String, String>,
}

impl Unit<'_> {
    fn text(&mut self, parts: &[Inline]) -> Vec<Inline> {
        let mut pairs = [Pairs::default(), Pairs::default()];
        scan(parts, &mut pairs);
        let starts = pairs.each_ref().map(|pairs| vec![Vec::new(); pairs.count]);
        let found = pairs.map(|pairs| pairs.numbers.into_iter());
        let mut text = Text { found, starts, ids: HashMap::new() };
        let mut out = Vec::with_capacity(parts.len());
        self.parts(parts, &mut text, &mut out);
        self.of_source = text.ids;
        out
    }

    fn parts(&mut self, parts: &[Inline], text: &mut Text, out: &mut Vec<Inline>) {
        for part in parts {
            match part {
                Inline::Text(_) => push(out, part.clone()),
                Inline::Tag(tag) => self.tag(tag, text, out),
            }
        }
    }

    fn tag(&mut self, tag: &Tag, text: &mut Text, out: &mut Vec<Inline>) {
        let name = tag.name.as_str();
        let kind = usize::from(matches!(name, "sm" | "em"));
        let pair = match name {
            "sc" | "ec" | "sm" | "em" => text.found[kind].next().flatten(),
            _ => None,
        };
        let mut attributes = kept(tag, |attribute, value| is_allowed(name, attribute, value));
        match (name, pair) {
            ("cp", _) => {
                if let Some(hex) = tag.attribute("hex").filter(|hex| is_code_point(hex)) {
                    attributes.push(("hex".to_string(), hex.to_string()));
                    let name = name.to_string();
                    push(out, Inline::Tag(Tag { name, attributes, content: Vec::new() }));
                }
                return;
            }
            // An annotation without its end or its start says nothing.
            ("sm" | "em", None) => return self.parts(&tag.content, text, out),
            ("ph" | "pc" | "mrk" | "sm", _) | ("sc", Some(_)) => {
                self.identify(name, &mut attributes, text);
            }
            ("sc" | "ec", None) => {
                self.identify(name, &mut attributes, text);
                set(&mut attributes, "isolated", "yes");
            }
            ("ec" | "em", Some(pair)) => {
                let start = &text.starts[kind][pair];
                let id = value(start, "id").unwrap_or_default().to_string();
                attributes
                    .retain(|(name, _)| matches!(name.as_str(), "dataRef" | "disp" | "equiv"));
                attributes.insert(0, ("startRef".to_string(), id));
                for (name, value) in start.iter().filter(|(name, _)| HINTS.contains(&&**name)) {
                    let follows = name == "canReorder" && value == "firstNo";
                    attributes.push((name.clone(), if follows { "no" } else { value }.to_string()));
                }
            }
            _ if tag.is_around_words() => return self.parts(&tag.content, text, out),
            _ => return,
        }
        match name {
            "mrk" | "sm" => self.annotation(&mut attributes),
            "ph" | "pc" | "sc" => self.code(&mut attributes, name == "pc"),
            "ec" if pair.is_none() => self.code(&mut attributes, false),
            _ => {}
        }
        if let ("sc" | "sm", Some(pair)) = (name, pair) {
            text.starts[kind][pair].clone_from(&attributes);
        }
        let mut content = Vec::with_capacity(tag.content.len());
        if matches!(name, "pc" | "mrk") {
            self.parts(&tag.content, text, &mut content);
        }
        push(out, Inline::Tag(Tag { name: name.to_string(), attributes, content }));
        if matches!(name, "sm" | "em") {
            self.parts(&tag.content, text, out);
        }
    }

    /// Sets the id: the tag's own, if it is free in this text and not another element's in the
    /// source.
    fn identify(&mut self, name: &str, attributes: &mut Vec<(String, String)>, text: &mut Text) {
        let is_free = |id: &str| {
            is_token(id)
                && !text.ids.contains_key(id)
                && self.of_source.get(id).is_none_or(|other| other == name)
        };
        let own = value(attributes, "id").filter(|id| is_free(id)).map(str::to_string);
        let id = own.unwrap_or_else(|| self.fresh.fresh("p"));
        text.ids.insert(id.clone(), name.to_string());
        match attributes.iter_mut().find(|(name, _)| name == "id") {
            Some((_, old)) => *old = id,
            None => attributes.insert(0, ("id".to_string(), id)),
        }
    }

    /// Completes the attributes of a code.
    fn code(&mut self, attributes: &mut Vec<(String, String)>, is_pair: bool) {
        let kind = value(attributes, "type").map(str::to_string);
        let fits = |sub: &str| match sub.strip_prefix("xlf:") {
            Some("b" | "i" | "u" | "lb" | "pb") => kind.as_deref() == Some("fmt"),
            Some("var") => kind.as_deref() == Some("ui"),
            Some(_) => false,
            None => kind.is_some(),
        };
        attributes.retain(|(name, value)| name != "subType" || fits(value));
        if matches!(value(attributes, "canReorder"), Some("no" | "firstNo")) {
            set(attributes, "canCopy", "no");
            set(attributes, "canDelete", "no");
        }
        if !is_pair {
            return;
        }
        for (one, other) in [("Start", "End"), ("End", "Start")] {
            let has = |name: &str, end: &str| value(attributes, &format!("{name}{end}")).is_some();
            let lacks = |name: &str| has(name, one) && !has(name, other);
            let (equivalent, reference) = (lacks("equiv"), lacks("dataRef"));
            if equivalent {
                attributes.push((format!("equiv{other}"), String::new()));
            }
            if reference {
                attributes.push((format!("dataRef{other}"), self.data.id("", None)));
            }
        }
    }

    /// Completes the attributes of an annotation.
    fn annotation(&self, attributes: &mut Vec<(String, String)>) {
        let is_comment = value(attributes, "type") == Some("comment");
        let reference = value(attributes, "ref").and_then(|uri| uri.rsplit_once("#n="));
        let is_note = reference.is_some_and(|(_, id)| self.notes.contains(id));
        let is_match = value(attributes, "type") == Some("mtc:match");
        if is_match || (is_comment && !is_note) {
            attributes.retain(|(name, _)| name != "ref");
        }
        if is_comment && is_note {
            attributes.retain(|(name, _)| name != "value");
        } else if is_comment && value(attributes, "value").is_none() {
            attributes.retain(|(name, _)| name != "type");
        }
    }
}

/// Finds the pairs of codes and those of annotations.
fn scan(parts: &[Inline], pairs: &mut [Pairs; 2]) {
    for part in parts {
        let Inline::Tag(tag) = part else { continue };
        let [codes, annotations] = &mut *pairs;
        match tag.name.as_str() {
            "sc" => codes.start(tag.attribute("id")),
            "ec" => codes.end(tag.attribute("startRef").or_else(|| tag.attribute("id"))),
            "sm" => annotations.start(tag.attribute("id")),
            "em" => annotations.end(tag.attribute("startRef")),
            _ => {}
        }
        if tag.is_around_words() {
            scan(&tag.content, pairs);
        }
    }
}

/// True for an attribute that an element may have with this value.
fn is_allowed(element: &str, attribute: &str, value: &str) -> bool {
    let is_pair = element == "pc";
    let is_code = matches!(element, "ph" | "pc" | "sc" | "ec");
    let is_annotation = matches!(element, "mrk" | "sm");
    match attribute {
        // Replaced by one that is free.
        "id" => is_code || is_annotation,
        "canCopy" | "canDelete" => is_code && is_yes_or_no(value),
        "canOverlap" => is_code && element != "ph" && is_yes_or_no(value),
        "canReorder" => is_code && matches!(value, "yes" | "no" | "firstNo"),
        "copyOf" => is_code && is_token(value),
        "disp" | "equiv" | "dataRef" => is_code && !is_pair,
        "dispStart" | "dispEnd" | "equivStart" | "equivEnd" | "dataRefStart" | "dataRefEnd" => {
            is_pair
        }
        "dir" => is_code && element != "ph" && matches!(value, "ltr" | "rtl" | "auto"),
        "subType" => is_code && is_user_defined(value),
        "type" if is_annotation => {
            matches!(value, "generic" | "comment" | "term") || is_user_defined(value)
        }
        "type" => is_code && matches!(value, "fmt" | "ui" | "quote" | "link" | "image" | "other"),
        "translate" => is_annotation && is_yes_or_no(value),
        "value" => is_annotation,
        "ref" => is_annotation && is_uri(value),
        _ => false,
    }
}

fn is_yes_or_no(value: &str) -> bool {
    matches!(value, "yes" | "no")
}

/// True for a value that a tool may define: a prefix and a name.
pub(in crate::formats::pairs) fn is_user_defined(value: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.contains([':', ' ', '\t', '\n', '\r']);
    value.split_once(':').is_some_and(|(prefix, name)| is_part(prefix) && is_part(name))
}

/// True for a reference in the characters of a URI.
fn is_uri(value: &str) -> bool {
    let is_in = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=".contains(c);
    value.chars().all(is_in) && value.matches('#').count() < 2 && !value.starts_with(':')
}

/// True for the code point of a character that XML cannot hold and Rust cannot either.
fn is_code_point(hex: &str) -> bool {
    let code = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 4);
    code.is_some_and(|code| (0xD800..0xE000).contains(&code))
}

/// True if each code that follows another (`canReorder="no"`) follows it at once.
fn is_in_sequence(parts: &[Inline]) -> bool {
    let (mut holds, mut before) = (true, "yes");
    each(parts, &mut |tag| {
        if matches!(tag.name.as_str(), "ph" | "pc" | "sc" | "ec") {
            let order = tag.attribute("canReorder").unwrap_or("yes");
            holds &= order != "no" || before != "yes";
            before = order;
        }
    });
    holds
}

/// True if the target, unless it is empty, has the sequences of the source.
fn is_same_sequence([source, target]: &[Vec<Inline>; 2]) -> bool {
    let list = |parts: &[Inline]| {
        let mut ids = Vec::new();
        each(parts, &mut |tag| {
            if matches!(tag.attribute("canReorder"), Some("no" | "firstNo")) {
                let id = tag.attribute("id").or_else(|| tag.attribute("startRef"));
                ids.push(id.map(str::to_string));
            }
        });
        ids
    };
    target.is_empty() || list(source) == list(target)
}

/// Visits all tags in reading order.
fn each<'t>(parts: &'t [Inline], visit: &mut impl FnMut(&'t Tag)) {
    for part in parts {
        let Inline::Tag(tag) = part else { continue };
        visit(tag);
        each(&tag.content, visit);
    }
}

fn each_mut(parts: &mut [Inline], visit: &mut impl FnMut(&mut Tag)) {
    for part in parts {
        let Inline::Tag(tag) = part else { continue };
        visit(tag);
        each_mut(&mut tag.content, visit);
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::PairLanguages;
    use crate::formats::pairs::{ExchangeFormat, units, write};

    /// The segments that are written for the content of a unit.
    fn written(content: &str) -> String {
        let file = format!(
            "<xliff version=\"2.1\" srcLang=\"en\" trgLang=\"ko\"><file id=\"f\"><unit id=\"u\">\
             {content}</unit></file></xliff>"
        );
        let source = std::io::Cursor::new(file);
        let found = units(source, "a.xlf", PairLanguages::default()).unwrap();
        let mut out = Vec::new();
        let xliff = ExchangeFormat::named("xliff").unwrap();
        write(&mut out, xliff, "en", "ko", found.map(Result::unwrap)).unwrap();
        let out = String::from_utf8(out).unwrap();
        let segments = out.split("<segment>").skip(1);
        segments.map(|rest| rest.split_once("</segment>").unwrap().0).collect::<Vec<_>>().join("|")
    }

    fn of_source(text: &str) -> String {
        written(&format!("<segment><source>{text}</source></segment>"))
    }

    #[test]
    fn tags_that_the_standard_does_not_allow_are_mended() {
        for (read, expected) in [
            ("<sc id=\"1\"/>a<ec startRef=\"1\"/>", None),
            ("<pc id=\"1\"><ph id=\"2\"/>a</pc><mrk id=\"3\" type=\"term\">b</mrk>", None),
            ("<sm id=\"1\" type=\"term\"/>a<em startRef=\"1\"/>", None),
            (
                "<sc id=\"1\" type=\"fmt\" subType=\"xlf:b\"/>a",
                Some("<sc id=\"1\" type=\"fmt\" subType=\"xlf:b\" isolated=\"yes\"/>a"),
            ),
            (
                "a<ec startRef=\"1\" dir=\"ltr\"/>",
                Some("a<ec id=\"p1\" dir=\"ltr\" isolated=\"yes\"/>"),
            ),
            ("a<ec id=\"1\" isolated=\"yes\"/>", None),
            (
                "<ec startRef=\"1\"/><sc id=\"1\"/>",
                Some("<ec id=\"p1\" isolated=\"yes\"/><sc id=\"1\" isolated=\"yes\"/>"),
            ),
            (
                "<ph id=\"1\"/><ph id=\"1\"/><ph/>",
                Some("<ph id=\"1\"/><ph id=\"p1\"/><ph id=\"p2\"/>"),
            ),
            ("<ph id=\"p1\"/><ph id=\"a b\"/>", Some("<ph id=\"p1\"/><ph id=\"p2\"/>")),
            ("<sm id=\"1\"/>a", Some("a")),
            ("<ph id=\"1\" type=\"odd\" subType=\"a:b\"/>", Some("<ph id=\"1\"/>")),
            ("<ph id=\"1\" type=\"ui\" subType=\"xlf:b\"/>", Some("<ph id=\"1\" type=\"ui\"/>")),
            ("<ph id=\"1\" dataRef=\"d1\" subFlows=\"u2\" x&amp;y=\"1\"/>", Some("<ph id=\"1\"/>")),
            (
                "<pc id=\"1\" equivStart=\"e\">a</pc>",
                Some("<pc id=\"1\" equivStart=\"e\" equivEnd=\"\">a</pc>"),
            ),
            ("<mrk id=\"1\" type=\"comment\">a</mrk>", Some("<mrk id=\"1\">a</mrk>")),
            ("<mrk id=\"1\" type=\"comment\" ref=\"#n=n1\">a</mrk>", Some("<mrk id=\"1\">a</mrk>")),
            ("<mrk id=\"1\" type=\"comment\" value=\"v\">a</mrk>", None),
            (
                "<ph id=\"1\"/><ph id=\"2\" copyOf=\"1\"/><ph id=\"3\" copyOf=\"9\"/>",
                Some("<ph id=\"1\"/><ph id=\"2\" copyOf=\"1\"/><ph id=\"3\"/>"),
            ),
            (
                "<ph id=\"1\" canReorder=\"no\"/>",
                Some("<ph id=\"1\" canCopy=\"no\" canDelete=\"no\"/>"),
            ),
            (
                "<sc id=\"1\" canDelete=\"no\"/>a<ec startRef=\"1\"/>",
                Some("<sc id=\"1\" canDelete=\"no\"/>a<ec startRef=\"1\" canDelete=\"no\"/>"),
            ),
            ("<b>a<ph id=\"1\">x<sc id=\"2\"/></ph></b>", Some("a<ph id=\"1\"/>")),
            ("a<cp hex=\"D800\"/><cp hex=\"x\"/>b", Some("a<cp hex=\"D800\"/>b")),
        ] {
            let expected = format!("<source>{}</source>", expected.unwrap_or(read));
            assert_eq!(of_source(read), expected, "{read}");
        }
    }

    #[test]
    fn an_id_in_the_target_is_that_of_the_same_kind_of_tag_or_new() {
        let text = written(
            "<segment><source><sc id=\"1\"/>a<ec startRef=\"1\"/><ph id=\"2\"/></source>\
             <target><ph id=\"1\"/><ph id=\"2\"/></target></segment>",
        );
        assert!(text.ends_with("<target><ph id=\"p1\"/><ph id=\"2\"/></target>"), "{text}");
    }

    #[test]
    fn a_pair_over_two_segments_is_isolated_in_each() {
        let text = written(
            "<originalData><data id=\"d1\">&lt;b></data></originalData>\
             <segment><source><sc id=\"1\" dataRef=\"d1\"/>a</source></segment>\
             <ignorable><source> </source></ignorable>\
             <segment><source>b<ec startRef=\"1\"/></source></segment>",
        );
        let expected = "<source><sc id=\"1\" dataRef=\"d1\" isolated=\"yes\"/>a</source>|\
                        <source>b<ec id=\"p1\" isolated=\"yes\"/></source>";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_sequence_that_may_not_be_reordered_is_kept_where_it_is_whole() {
        let first = "canReorder=\"firstNo\" canCopy=\"no\" canDelete=\"no\"";
        let next = first.replace("firstNo", "no");
        let whole = format!("<ph id=\"1\" {first}/>a<ph id=\"2\" {next}/>");
        assert_eq!(of_source(&whole), format!("<source>{whole}</source>"));
        let broken = format!("<ph id=\"1\" {first}/>a<ph id=\"3\"/><ph id=\"2\" {next}/>");
        assert!(!of_source(&broken).contains("canReorder"));
        let target = format!("<ph id=\"2\" {first}/><ph id=\"1\" {next}/>");
        let other = written(&format!(
            "<segment><source>{whole}</source><target>{target}</target></segment>"
        ));
        assert!(!other.contains("canReorder"), "{other}");
    }

    #[test]
    fn a_comment_refers_to_a_note_of_its_unit() {
        let text = written(
            "<notes><note id=\"n1\">Check.</note></notes><segment><source><mrk id=\"1\" \
             type=\"comment\" ref=\"#n=n1\">a</mrk></source></segment>",
        );
        assert!(text.contains("<mrk id=\"1\" type=\"comment\" ref=\"#n=n1\">"), "{text}");
    }
}
