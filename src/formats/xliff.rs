//! XLIFF 1.2 and 2: texts on their way through translation. Segments without a translation are
//! read; those that people or programs have translated stay byte for byte.
//!
//! Formats: <https://docs.oasis-open.org/xliff/v1.2/os/xliff-core.html>,
//! <https://docs.oasis-open.org/xliff/xliff-core/v2.1/xliff-core-v2.1.html>.

use super::xml::{self, XmlTree};
use super::{Format, Item, Reader};
use crate::document::{Block, BlockKind, Document, Inline, Neighbors, Span, Stage};

pub(super) const FORMAT: Format = Format {
    name: "xliff",
    describe: "a file of translators' tools (XLIFF)",
    extensions: &["xlf", "xliff", "sdlxliff", "mxliff", "mqxliff"],
    title: "XLIFF 1.2 and 2",
    written: "XLIFF with the states of segments, and doubts as notes",
    kept: "all but segments without a translation, inline codes within them",
    sniff: |bytes| xml::root(bytes).is_some_and(|root| root == "xliff"),
    read: Reader::Article(read),
};

/// Inline elements of version 1.2 that hold codes of the original document.
const CODES: &[&str] = &["ph", "bpt", "ept", "it"];
/// States of a target in version 1.2 that are no translation yet.
const UNTRANSLATED: &[&str] = &["new", "needs-translation"];

fn read(text: String) -> Result<Item, String> {
    let text = with_languages(xml::declare_utf8(text))?;
    let tree = XmlTree::read(&text)?;
    let root = tree.attribute(0, "version").unwrap_or_default();
    let mut units = Units { tree: &tree, blocks: Vec::new(), is_second: root.starts_with('2') };
    for index in 0..tree.elements.len() {
        match (&*tree.elements[index].name, units.is_second) {
            ("xliff", true) => units.language(index, "trgLang"),
            ("file", false) => units.language(index, "target-language"),
            ("trans-unit", false) => units.trans_unit(index),
            ("unit", true) => units.unit(index),
            _ => {}
        }
    }
    let mut blocks = units.blocks;
    if !blocks.iter().any(|block| block.kind == BlockKind::Paragraph) {
        return Err("has no segment left to translate".to_string());
    }
    blocks.sort_by_key(|block| block.span.start);
    let mut end = 0;
    for block in &blocks {
        if block.span.start < std::mem::replace(&mut end, block.span.end) {
            return Err("is damaged: a translation comes before its source".to_string());
        }
    }
    Ok(Document::new(text, blocks).into())
}

/// The text with a place for the target language in each file; an error if a language is neither
/// English nor Korean.
fn with_languages(text: String) -> Result<String, String> {
    let mut missing = Vec::new();
    {
        let tree = XmlTree::read(&text)?;
        let version = tree.attribute(0, "version").unwrap_or_default();
        if tree.elements[0].name != "xliff" {
            return Err(format!(
                "is not XLIFF but XML of another kind (<{}>)",
                tree.elements[0].name
            ));
        }
        let second = version.starts_with('2');
        let names =
            if second { ["srcLang", "trgLang"] } else { ["source-language", "target-language"] };
        for index in 0..tree.elements.len() {
            let element = &tree.elements[index];
            if element.name != (if second { "xliff" } else { "file" }) {
                continue;
            }
            for (name, is_target) in [(names[0], false), (names[1], true)] {
                let code = tree.attribute(index, name);
                let base = code.as_deref().and_then(|code| code.split(['-', '_']).next());
                match base.map(str::to_lowercase).as_deref() {
                    Some("en" | "eng" | "ko" | "kor") => {}
                    None if is_target && tree.value(index, name).is_none() => {
                        let tag = &text[element.tag.clone()];
                        let end = if tag.ends_with("/>") { 2 } else { 1 };
                        missing.push((element.tag.end - end, name));
                    }
                    None => {}
                    Some(other) => {
                        return Err(format!(
                            "is in a language that is not translated ({name}: {other}); English and Korean are"
                        ));
                    }
                }
            }
        }
    }
    let mut text = text;
    for (at, name) in missing.into_iter().rev() {
        text.insert_str(at, &format!(" {name}=\"\""));
    }
    Ok(text)
}

/// A part of a translation: its words, or what is written between.
enum Part<'t> {
    Words(&'t str),
    Literal(&'t str),
}

struct Units<'t> {
    tree: &'t XmlTree<'t>,
    blocks: Vec<Block>,
    is_second: bool,
}

impl<'t> Units<'t> {
    fn language(&mut self, index: usize, name: &str) {
        let span = self.tree.value(index, name);
        self.blocks.extend(span.map(|span| Block::new(span, BlockKind::Language)));
    }

    fn stage(&mut self, span: Span, stage: Stage) {
        self.blocks.push(Block::new(span, BlockKind::Stage(Box::new(stage))));
    }

    fn child(&self, index: usize, name: &str) -> Option<usize> {
        let mut inside = self.tree.inside(index);
        inside.find(|at| {
            let element = &self.tree.elements[*at];
            element.parent == Some(index) && element.name == name
        })
    }

    fn inner(&self, index: usize) -> &'t str {
        &self.tree.text[self.tree.elements[index].inner.clone()]
    }

    /// True if an element or one around it says that it is not to be translated.
    fn is_protected(&self, index: usize) -> bool {
        let mut at = Some(index);
        while let Some(here) = at {
            match self.tree.attribute(here, "translate").as_deref() {
                Some("no") => return true,
                Some(_) => return false,
                None => at = self.tree.elements[here].parent,
            }
        }
        false
    }

    /// White space before an element if it begins a line: the indent of elements beside it.
    fn indent(&self, index: usize) -> &'t str {
        let before = &self.tree.text[..self.tree.elements[index].tag.start];
        let indent = &before[before.trim_end().len()..];
        if indent.contains('\n') { indent } else { "" }
    }

    /// The name of another element with the prefix of this one.
    fn beside(&self, index: usize, name: &str) -> String {
        let tag = &self.tree.text[self.tree.elements[index].tag.clone()];
        let given = tag[1..].split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next();
        match given.and_then(|given| given.split_once(':')) {
            Some((prefix, _)) => format!("{prefix}:{name}"),
            None => name.to_string(),
        }
    }

    /// True if a translation is missing: no element, no words, or those of the source.
    fn is_missing(&self, source: &str, target: Option<usize>, state: Option<&str>) -> bool {
        let Some(target) = target else { return true };
        let words = Inline::segment(self.inner(target), CODES);
        let is_copy = || words.text().trim() == Inline::segment(source, CODES).text().trim();
        let has_words = words.text().chars().any(char::is_alphanumeric);
        match state {
            _ if !has_words => true,
            Some(state) if UNTRANSLATED.contains(&state) => true,
            Some("initial") | None => is_copy(),
            Some(_) => false,
        }
    }

    /// A unit of version 1.2.
    fn trans_unit(&mut self, unit: usize) {
        let tree = self.tree;
        let Some(source) = self.child(unit, "source") else { return };
        let approved = tree.attribute(unit, "approved").as_deref() == Some("yes");
        let target = self.child(unit, "target");
        let state = target.and_then(|target| tree.attribute(target, "state"));
        let words = self.inner(source);
        if approved || self.is_protected(unit) || !self.is_missing(words, target, state.as_deref())
        {
            return;
        }
        let segmented = self.child(unit, "seg-source");
        let parts = segmented.map(|index| self.segments(index)).filter(|parts| parts.len() > 1);
        let parts = parts.unwrap_or_else(|| vec![Part::Words(words)]);
        let count = parts.iter().filter(|part| has_words(part)).count();
        if count == 0 {
            return;
        }
        let next = Neighbors::Next(count);
        let (sound, doubtful) = ("translated", "needs-review-translation");
        let end = match target {
            Some(target) => {
                let tag = tree.elements[target].tag.clone();
                let is_empty = tree.text[tag.clone()].ends_with("/>");
                let inner_end = tag.end - if is_empty { 2 } else { 1 };
                match tree.value(target, "state") {
                    Some(span) => self.stage(span, Stage::of_doubts(next, sound, doubtful)),
                    None => self.stage(
                        inner_end..inner_end,
                        Stage::of_doubts(
                            next,
                            format!(" state=\"{sound}\""),
                            format!(" state=\"{doubtful}\""),
                        ),
                    ),
                }
                if is_empty {
                    self.stage(inner_end..tag.end, Stage::always(next, ">"));
                }
                self.fill(tree.elements[target].inner.clone(), &parts);
                if is_empty {
                    let close = format!("</{}>", self.beside(target, "target"));
                    self.stage(tag.end..tag.end, Stage::always(Neighbors::Previous(1), close));
                }
                tree.whole(target).end
            }
            None => {
                let at = tree.whole(segmented.unwrap_or(source)).end;
                let (indent, name) = (self.indent(source), self.beside(source, "target"));
                let open = |state: &str| format!("{indent}<{name} state=\"{state}\">");
                self.stage(at..at, Stage::of_doubts(next, open(sound), open(doubtful)));
                self.fill(at..at, &parts);
                self.stage(at..at, Stage::always(Neighbors::Previous(1), format!("</{name}>")));
                at
            }
        };
        let (indent, name) = (self.indent(source), self.beside(source, "note"));
        let note =
            [format!("{indent}<{name} from=\"malmoi\">").into(), format!("</{name}>").into()];
        let stage = Stage::of_doubts(Neighbors::Previous(count), "", "");
        self.stage(end..end, Stage { note: Some(note), escaped: true, ..stage });
    }

    /// The segments of `seg-source`, and what is between their words.
    fn segments(&self, index: usize) -> Vec<Part<'t>> {
        let tree = self.tree;
        let whole = &tree.elements[index].inner;
        let (mut parts, mut from) = (Vec::new(), whole.start);
        for at in tree.inside(index) {
            let element = &tree.elements[at];
            let is_segment = element.name == "mrk"
                && tree.attribute(at, "mtype").as_deref() == Some("seg")
                && element.tag.start >= from;
            if is_segment && !element.inner.is_empty() {
                parts.push(Part::Literal(&tree.text[from..element.inner.start]));
                parts.push(Part::Words(&tree.text[element.inner.clone()]));
                from = element.inner.end;
            }
        }
        parts.push(Part::Literal(&tree.text[from..whole.end]));
        parts
    }

    /// A unit of version 2, whose segments are translated one by one.
    fn unit(&mut self, unit: usize) {
        let tree = self.tree;
        if self.is_protected(unit) {
            return;
        }
        let is_segment = |at: &usize| {
            tree.elements[*at].name == "segment" && tree.elements[*at].parent == Some(unit)
        };
        let segments: Vec<usize> = tree.inside(unit).filter(is_segment).collect();
        let open: Vec<(usize, usize, Option<usize>)> = segments
            .iter()
            .filter_map(|segment| {
                let source = self.child(*segment, "source")?;
                let target = self.child(*segment, "target");
                let state = tree.attribute(*segment, "state");
                let words = self.inner(source);
                let is_open = self.is_missing(words, target, state.as_deref())
                    && has_words(&Part::Words(words));
                is_open.then_some((*segment, source, target))
            })
            .collect();
        let Some((first, ..)) = open.first() else { return };
        self.notes(unit, segments.first().copied().unwrap_or(*first), open.len());
        for (segment, source, target) in open {
            self.segment(segment, source, target);
        }
    }

    /// The place for the doubts about a unit of version 2, before its first segment.
    fn notes(&mut self, unit: usize, first: usize, count: usize) {
        let tree = self.tree;
        let (name, indent) = (self.beside(unit, "note"), self.indent(first));
        let note = |indent: &str| {
            let open = format!("{indent}<{name} category=\"malmoi\" appliesTo=\"target\">");
            Some([open.into(), format!("</{name}>").into()])
        };
        let stage = Stage { escaped: true, ..Stage::of_doubts(Neighbors::Next(count), "", "") };
        match self.child(unit, "notes") {
            Some(notes) if !tree.text[tree.elements[notes].tag.clone()].ends_with("/>") => {
                let inner = &tree.elements[notes].inner;
                let at = inner.start + self.inner(notes).trim_end().len();
                self.stage(at..at, Stage { note: note(indent), ..stage });
            }
            Some(_) => {}
            None => {
                let place = self.child(unit, "originalData").unwrap_or(first);
                let at = tree.elements[place].tag.start;
                let notes = self.beside(unit, "notes");
                let doubtful = [format!("<{notes}>").into(), format!("</{notes}>{indent}").into()];
                self.stage(at..at, Stage { note: note(""), doubtful, ..stage });
            }
        }
    }

    fn segment(&mut self, segment: usize, source: usize, target: Option<usize>) {
        const IN_DOUBT: &str = "translated\" subState=\"malmoi:review";
        let tree = self.tree;
        let next = Neighbors::Next(1);
        let tag = tree.elements[segment].tag.clone();
        if let Some(value) = tree.value(segment, "subState") {
            let before = &tree.text[tag.start..value.start];
            let start = before
                .rfind("subState")
                .map_or(value.start, |at| tag.start + before[..at].trim_end().len());
            self.stage(start..value.end + 1, Stage::always(next, ""));
        }
        match tree.value(segment, "state") {
            Some(span) => self.stage(span, Stage::of_doubts(next, "translated", IN_DOUBT)),
            None => {
                let end = tag.end - 1;
                let state = |state: &str| format!(" state=\"{state}\"");
                self.stage(end..end, Stage::of_doubts(next, state("translated"), state(IN_DOUBT)));
            }
        }
        let words = [Part::Words(self.inner(source))];
        let name = self.beside(source, "target");
        match target.map(|target| &tree.elements[target]) {
            Some(element) if tree.text[element.tag.clone()].ends_with("/>") => {
                let tag = element.tag.clone();
                self.stage(tag.end - 2..tag.end, Stage::always(next, ">"));
                self.fill(tag.end..tag.end, &words);
                let close = Stage::always(Neighbors::Previous(1), format!("</{name}>"));
                self.stage(tag.end..tag.end, close);
            }
            Some(element) => self.fill(element.inner.clone(), &words),
            None => {
                let at = tree.whole(source).end;
                let open = format!("{}<{name}>", self.indent(source));
                self.stage(at..at, Stage::always(next, open));
                self.fill(at..at, &words);
                self.stage(at..at, Stage::always(Neighbors::Previous(1), format!("</{name}>")));
            }
        }
    }

    /// Adds the parts of a translation in the place of a span.
    fn fill(&mut self, mut span: Span, parts: &[Part<'t>]) {
        let codes = if self.is_second { &[] } else { CODES };
        let mut left = parts.iter().filter(|part| has_words(part)).count();
        for part in parts {
            let place = span.clone();
            span.start = span.end;
            match part {
                Part::Words(raw) if has_words(part) => {
                    left -= 1;
                    let inline = Some(Inline::segment(raw, codes));
                    self.blocks.push(Block { inline, ..Block::new(place, BlockKind::Paragraph) });
                }
                Part::Words(raw) | Part::Literal(raw) => {
                    let of = if left > 0 { Neighbors::Next(1) } else { Neighbors::Previous(1) };
                    self.stage(place, Stage::always(of, (*raw).to_string()));
                }
            }
        }
    }
}

/// True for words to translate.
fn has_words(part: &Part) -> bool {
    match part {
        Part::Words(raw) => Inline::segment(raw, CODES).text().chars().any(char::is_alphabetic),
        Part::Literal(_) => false,
    }
}

#[cfg(test)]
mod tests;
