//! Inline tags of one standard as tags of another: pairing, order, correspondence between source
//! and target, kinds and original codes are kept where the other standard has an equivalent.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::tagged::Role;
use super::{Inline, InlineMarkup, Tag, TaggedText};

/// Kinds of tags: `type` in TMX, and `type` with `subType` in XLIFF 2.
const KINDS: &[(&str, &str, &str)] = &[
    ("bold", "fmt", "xlf:b"),
    ("italic", "fmt", "xlf:i"),
    ("ulined", "fmt", "xlf:u"),
    ("lb", "fmt", "xlf:lb"),
    ("link", "link", ""),
    ("image", "image", ""),
];
/// Prefix of `subType` for other kinds.
const OTHER: &str = "tmx:";

/// Original codes of a unit in XLIFF 2, by their ids.
#[derive(Default)]
pub(super) struct Data {
    pub list: Vec<(String, String)>,
    by_id: HashMap<String, usize>,
    by_code: HashMap<String, usize>,
    /// Number of the id that was made up last.
    last: usize,
}

impl Data {
    /// The id of a code, which is added if it is new. `wanted` is taken if it is free.
    pub fn id(&mut self, code: &str, wanted: Option<&str>) -> String {
        if let Some(at) = wanted.and_then(|id| self.by_id.get(id))
            && self.list[*at].1 == code
        {
            return self.list[*at].0.clone();
        }
        let free = wanted.filter(|id| is_token(id) && !self.by_id.contains_key(*id));
        if let (None, Some(at)) = (free, self.by_code.get(code)) {
            return self.list[*at].0.clone();
        }
        let id = match free {
            Some(id) => id.to_string(),
            None => loop {
                self.last += 1;
                let id = format!("d{}", self.last);
                if !self.by_id.contains_key(&id) {
                    break id;
                }
            },
        };
        self.by_id.insert(id.clone(), self.list.len());
        self.by_code.entry(code.to_string()).or_insert(self.list.len());
        self.list.push((id.clone(), code.to_string()));
        id
    }
}

/// Numbers of a unit's tags in TMX (`x`), shared by its source and target.
#[derive(Default)]
pub(super) struct Correspondence {
    numbers: HashMap<String, u64>,
    used: HashSet<u64>,
    /// The number that was made up last.
    last: u64,
}

impl Correspondence {
    /// The number of an id: its own if it is one and free.
    fn number(&mut self, id: &str) -> u64 {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let own = id.parse().ok().filter(|number| !self.used.contains(number));
        let number = own.unwrap_or_else(|| {
            loop {
                self.last += 1;
                if !self.used.contains(&self.last) {
                    return self.last;
                }
            }
        });
        self.used.insert(number);
        self.numbers.insert(id.to_string(), number);
        number
    }
}

/// The parts of a text with the tags of TMX.
pub(super) fn to_tmx<'t>(text: &'t TaggedText, shared: &mut Correspondence) -> Cow<'t, [Inline]> {
    if text.markup == InlineMarkup::Tmx {
        return Cow::Borrowed(&text.parts);
    }
    let codes = text.data.iter().map(|(id, code)| (id.as_str(), code.as_str())).collect();
    let mut tmx = ToTmx { markup: text.markup, codes, shared, pairs: HashMap::new(), last: 0 };
    Cow::Owned(tmx.parts(&text.parts))
}

struct ToTmx<'t, 's> {
    markup: InlineMarkup,
    codes: HashMap<&'t str, &'t str>,
    shared: &'s mut Correspondence,
    /// `i` of the open pairs by their keys.
    pairs: HashMap<&'t str, u64>,
    /// The `i` given last.
    last: u64,
}

impl<'t> ToTmx<'t, '_> {
    fn parts(&mut self, parts: &'t [Inline]) -> Vec<Inline> {
        let mut out = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Inline::Text(_) => out.push(part.clone()),
                Inline::Tag(tag) => self.tag(tag, &mut out),
            }
        }
        out
    }

    fn tag(&mut self, tag: &'t Tag, out: &mut Vec<Inline>) {
        let isolated = tag.name == "it" || tag.attribute("isolated") == Some("yes");
        let kind = kind_of(tag, self.markup);
        let role = match (isolated, tag.role()) {
            (true, _) => Role::Point,
            (_, role) => role,
        };
        let key = tag.pair_key(self.markup);
        match role {
            Role::Start => {
                self.last += 1;
                if let Some(key) = key {
                    self.pairs.insert(key, self.last);
                }
                let i = self.last;
                let x = tag.attribute("id").map(|id| self.shared.number(id));
                let code = self.code(tag, "dataRef");
                out.push(element("bpt", Some(i), x, kind, code));
            }
            Role::End => match key.and_then(|key| self.pairs.remove(key)) {
                Some(i) => {
                    let code = self.code(tag, "dataRef");
                    out.push(element("ept", Some(i), None, None, code));
                }
                None => self.single(tag, Some("end"), kind, out),
            },
            Role::Span => {
                self.last += 1;
                let i = self.last;
                let x = tag.attribute("id").map(|id| self.shared.number(id));
                out.push(element("bpt", Some(i), x, kind, self.code(tag, "dataRefStart")));
                let inner = self.parts(&tag.content);
                out.extend(inner);
                out.push(element("ept", Some(i), None, None, self.code(tag, "dataRefEnd")));
            }
            Role::Annotation if tag.name == "mrk" => {
                let id = tag.attribute("id").or_else(|| tag.attribute("mid"));
                let x = id.map(|id| self.shared.number(id));
                let mut highlight = Tag { name: "hi".to_string(), ..Tag::default() };
                push(&mut highlight, "x", x.map(|x| x.to_string()));
                let kind = tag.attribute("mtype").or_else(|| tag.attribute("type"));
                let value = tag.attribute("value").filter(|_| kind == Some("generic"));
                let kind = value.or(kind.map(|kind| kind.strip_prefix(OTHER).unwrap_or(kind)));
                push(&mut highlight, "type", kind.filter(|k| *k != "hi").map(str::to_string));
                highlight.content = self.parts(&tag.content);
                out.push(Inline::Tag(highlight));
            }
            Role::Unknown => {
                let inner = self.parts(&tag.content);
                out.extend(inner);
            }
            Role::Point | Role::Annotation => {
                let pos = isolated.then(|| {
                    let is_end =
                        tag.name == "ec" || matches!(tag.attribute("pos"), Some("close" | "end"));
                    if is_end { "end" } else { "begin" }
                });
                self.single(tag, pos, kind, out);
            }
        }
    }

    /// A code that has no partner: `it` with its position, or `ph`.
    fn single(
        &mut self,
        tag: &'t Tag,
        pos: Option<&str>,
        kind: Option<String>,
        out: &mut Vec<Inline>,
    ) {
        let x = tag.attribute("id").map(|id| self.shared.number(id));
        let mut single = element(
            if pos.is_some() { "it" } else { "ph" },
            None,
            x,
            kind,
            self.code(tag, "dataRef"),
        );
        if let (Inline::Tag(single), Some(pos)) = (&mut single, pos) {
            single.attributes.insert(0, ("pos".to_string(), pos.to_string()));
        }
        out.push(single);
    }

    /// The original code of a tag: inside it, or in the data of the unit.
    fn code(&self, tag: &Tag, reference: &str) -> String {
        match tag.attribute(reference).and_then(|id| self.codes.get(id)) {
            Some(code) => (*code).to_string(),
            None if tag.role() == Role::Span => String::new(),
            None => tag.code(),
        }
    }
}

fn element(
    name: &str,
    i: Option<u64>,
    x: Option<u64>,
    kind: Option<String>,
    code: String,
) -> Inline {
    let mut tag = Tag { name: name.to_string(), ..Tag::default() };
    push(&mut tag, "i", i.map(|i| i.to_string()));
    push(&mut tag, "x", x.map(|x| x.to_string()));
    push(&mut tag, "type", kind);
    if !code.is_empty() {
        tag.content.push(Inline::Text(code));
    }
    Inline::Tag(tag)
}

fn push(tag: &mut Tag, name: &str, value: Option<String>) {
    tag.attributes.extend(value.map(|value| (name.to_string(), value)));
}

/// The kind of a tag as TMX names it.
fn kind_of(tag: &Tag, markup: InlineMarkup) -> Option<String> {
    let kind = match markup {
        InlineMarkup::Tmx => tag.attribute("type")?,
        InlineMarkup::Xliff1 => {
            let kind = tag.attribute("ctype")?;
            if kind == "underlined" { "ulined" } else { kind }
        }
        InlineMarkup::Xliff2 => {
            let kind = tag.attribute("type")?;
            let sub = tag.attribute("subType").unwrap_or_default();
            let known = KINDS.iter().find(|(_, name, with)| *name == kind && *with == sub);
            known.map_or(sub.strip_prefix(OTHER).unwrap_or(kind), |(name, ..)| name)
        }
    };
    Some(kind.to_string())
}

/// The parts of a text with the tags of XLIFF 2; their original codes go to `data`.
pub(super) fn to_xliff(text: &TaggedText, data: &mut Data) -> Vec<Inline> {
    let codes: HashMap<&str, &str> =
        text.data.iter().map(|(id, code)| (id.as_str(), code.as_str())).collect();
    if text.markup == InlineMarkup::Xliff2 {
        return renamed(&text.parts, &codes, data);
    }
    let mut ends = HashSet::new();
    text.parts.iter().for_each(|part| {
        if let Inline::Tag(tag) = part
            && tag.role() == Role::End
        {
            ends.extend(tag.pair_key(text.markup));
        }
    });
    let used = HashSet::new();
    let mut xliff =
        ToXliff { markup: text.markup, data, ends, used, pairs: HashMap::new(), last: 0 };
    xliff.parts(&text.parts)
}

/// Tags of XLIFF 2 with the ids that their codes have in `data`.
fn renamed(parts: &[Inline], codes: &HashMap<&str, &str>, data: &mut Data) -> Vec<Inline> {
    let mut out = parts.to_vec();
    for part in &mut out {
        let Inline::Tag(tag) = part else { continue };
        for (name, value) in &mut tag.attributes {
            if name.starts_with("dataRef")
                && let Some(code) = codes.get(value.as_str())
            {
                *value = data.id(code, Some(value));
            }
        }
        // A reference without its code would make the file invalid.
        tag.attributes
            .retain(|(name, value)| !name.starts_with("dataRef") || data.by_id.contains_key(value));
        tag.content = renamed(&tag.content, codes, data);
    }
    out
}

struct ToXliff<'t, 'd> {
    markup: InlineMarkup,
    data: &'d mut Data,
    /// Keys of the ends of pairs.
    ends: HashSet<&'t str>,
    /// Ids of this text.
    used: HashSet<String>,
    /// Ids of the open pairs by their keys.
    pairs: HashMap<&'t str, String>,
    /// Number of the tags without an id of their own.
    last: usize,
}

impl<'t> ToXliff<'t, '_> {
    fn parts(&mut self, parts: &'t [Inline]) -> Vec<Inline> {
        let mut out = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Inline::Tag(tag) if tag.role() == Role::Unknown => {
                    out.extend(self.parts(&tag.content));
                }
                Inline::Tag(tag) => out.push(Inline::Tag(self.tag(tag))),
                Inline::Text(_) => out.push(part.clone()),
            }
        }
        out
    }

    fn tag(&mut self, tag: &'t Tag) -> Tag {
        let mut attributes: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: String| attributes.push((name.to_string(), value));
        let key = tag.pair_key(self.markup);
        let is_end = matches!(tag.attribute("pos"), Some("end" | "close"));
        let (name, reference) = match (tag.name.as_str(), tag.role()) {
            (_, Role::Annotation) | ("hi", _) => {
                set("id", self.id(tag));
                let kind = tag.attribute("mtype").or_else(|| tag.attribute("type"));
                match kind {
                    Some(kind @ ("term" | "comment")) => set("type", kind.to_string()),
                    Some("protected") => set("translate", "no".to_string()),
                    Some(kind) if is_token(kind) => set("type", format!("{OTHER}{kind}")),
                    Some(kind) => {
                        set("type", "generic".to_string());
                        set("value", kind.to_string());
                    }
                    None => set("type", format!("{OTHER}hi")),
                }
                if let Some(comment) = tag.attribute("comment").filter(|_| kind == Some("comment"))
                {
                    set("value", comment.to_string());
                }
                let content = self.parts(&tag.content);
                return Tag { name: "mrk".to_string(), attributes, content };
            }
            (_, Role::Span) => {
                set("id", self.id(tag));
                ("pc", "dataRefStart")
            }
            (_, Role::Start) => {
                let id = self.id(tag);
                set("id", id.clone());
                match key.filter(|key| self.ends.contains(key)) {
                    Some(key) => drop(self.pairs.insert(key, id)),
                    None => set("isolated", "yes".to_string()),
                }
                ("sc", "dataRef")
            }
            (_, Role::End) => {
                match key.and_then(|key| self.pairs.remove(key)) {
                    Some(start) => set("startRef", start),
                    None => {
                        set("id", self.id(tag));
                        set("isolated", "yes".to_string());
                    }
                }
                ("ec", "dataRef")
            }
            ("it", _) => {
                set("id", self.id(tag));
                set("isolated", "yes".to_string());
                (if is_end { "ec" } else { "sc" }, "dataRef")
            }
            _ => {
                set("id", self.id(tag));
                ("ph", "dataRef")
            }
        };
        if let Some(kind) = kind_of(tag, self.markup).filter(|_| name != "ec") {
            let known = KINDS.iter().find(|(own, ..)| *own == kind);
            let other = format!("{OTHER}{kind}");
            let (class, sub) = known.map_or(("other", other.as_str()), |(_, c, s)| (c, s));
            if known.is_some() || is_token(&kind) {
                set("type", class.to_string());
                if !sub.is_empty() {
                    set("subType", sub.to_string());
                }
            }
        }
        let is_span = name == "pc";
        let code = if is_span { String::new() } else { tag.code() };
        if !code.is_empty() {
            set(reference, self.data.id(&code, None));
        }
        let content = if is_span { self.parts(&tag.content) } else { Vec::new() };
        Tag { name: name.to_string(), attributes, content }
    }

    /// An id that is new in this text: the one of the tag, which corresponding tags of source and
    /// target share, or a number of its own.
    fn id(&mut self, tag: &Tag) -> String {
        let own = match self.markup {
            InlineMarkup::Tmx => tag
                .attribute("x")
                .map(str::to_string)
                .or_else(|| Some(format!("i{}", tag.attribute("i")?))),
            _ => tag.attribute("id").or_else(|| tag.attribute("mid")).map(str::to_string),
        };
        let own = own.filter(|id| is_token(id) && !self.used.contains(id));
        let id = own.unwrap_or_else(|| {
            loop {
                self.last += 1;
                let id = format!("p{}", self.last);
                if !self.used.contains(&id) {
                    return id;
                }
            }
        });
        self.used.insert(id.clone());
        id
    }
}

/// True for a name token of XML without a colon.
pub(super) fn is_token(id: &str) -> bool {
    let is_in = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !id.is_empty() && id.chars().all(is_in)
}
