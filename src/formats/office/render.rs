//! Writes a paragraph with new words: runs, texts and codes from words with tags.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::codes::{CodeKind, Codes};
use super::container::is_xml;
use super::dialect::Dialect;
use super::pieces::{Atom, Level, Paragraph, Style};

/// Writes the content of a paragraph. `copy` appends a span of the part with the new words of the
/// paragraphs in it.
pub(super) struct Renderer<'r, 'x> {
    xml: &'x str,
    dialect: &'r Dialect,
    styles: &'r [Style],
    codes: &'r Codes,
    /// The prefix of the paragraph's elements with its colon.
    prefix: &'x str,
    /// The tag of texts.
    text_tag: String,
    /// Characters that are elements and were not written yet.
    characters: HashMap<char, VecDeque<&'r Atom>>,
    /// Codes that are open.
    open: Vec<usize>,
    /// The style of the open run, and whether a text is open in it.
    run: Option<(usize, bool)>,
    copy: &'r mut dyn FnMut(Range<usize>, &mut String),
    out: &'r mut String,
    /// True if only words are written, without what is there once.
    words_only: bool,
    /// True where a space would be one too many: at the start, or after another.
    after_space: bool,
}

/// Writes words with tags as the content of a paragraph.
pub(super) fn render(
    (xml, dialect, styles): (&str, &Dialect, &[Style]),
    paragraph: &Paragraph,
    codes: &Codes,
    marked: &str,
    words_only: bool,
    copy: &mut dyn FnMut(Range<usize>, &mut String),
    out: &mut String,
) {
    let element = &xml[paragraph.whole.start..];
    let name = element.trim_start_matches('<').split(|c: char| !is_name(c)).next();
    let prefix = name.unwrap_or_default().rsplit_once(':').map_or("", |(prefix, _)| prefix);
    let prefix =
        &xml[paragraph.whole.start + 1..][..(prefix.len() + 1) * usize::from(!prefix.is_empty())];
    let mut characters: HashMap<char, VecDeque<&Atom>> = HashMap::new();
    for (letter, atom) in &codes.characters {
        characters.entry(*letter).or_default().push_back(atom);
    }
    let text_tag = match &xml[paragraph.text_tag.clone()] {
        "" => format!("{prefix}t"),
        tag => tag.to_string(),
    };
    let mut renderer = Renderer {
        xml,
        dialect,
        styles,
        codes,
        prefix,
        text_tag,
        characters,
        open: Vec::new(),
        run: None,
        copy,
        out,
        words_only,
        after_space: true,
    };
    renderer.marked(marked);
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.')
}

impl Renderer<'_, '_> {
    fn marked(&mut self, marked: &str) {
        let mut rest = marked;
        while !rest.is_empty() {
            let end = rest.find('<').unwrap_or(rest.len());
            self.escaped(&rest[..end]);
            rest = &rest[end..];
            if let Some(end) = rest.find('>') {
                self.tag(&rest[1..end]);
                rest = &rest[end + 1..];
            } else {
                rest = "";
            }
        }
        while let Some(code) = self.open.pop() {
            self.close(code);
        }
        self.end_run();
    }

    /// Words, whose escapes are those of the document.
    fn escaped(&mut self, words: &str) {
        if self.open.iter().any(|code| self.codes.codes[*code].kind == CodeKind::Fixed) {
            return;
        }
        let mut from = 0;
        for (at, letter) in words.char_indices() {
            let is_control =
                letter == '\t' || letter == '\n' || self.characters.contains_key(&letter);
            if is_control {
                self.plain(&words[from..at]);
                self.character(letter);
                from = at + letter.len_utf8();
            }
        }
        self.plain(&words[from..]);
    }

    fn plain(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        self.begin_text(self.style());
        let Some(space) = self.dialect.spaces else {
            return self.out.extend(words.chars().filter(|c| is_xml(*c)));
        };
        for letter in words.chars().filter(|c| is_xml(*c)) {
            match letter == ' ' && self.after_space {
                true => self.element(space),
                false => self.out.push(letter),
            }
            self.after_space = letter == ' ';
        }
    }

    /// An empty element of the paragraph's namespace.
    fn element(&mut self, name: &str) {
        let element = format!("<{}{name}/>", self.prefix);
        self.out.push_str(&element);
    }

    fn character(&mut self, letter: char) {
        self.after_space = true;
        let known = self.characters.get_mut(&letter).and_then(VecDeque::pop_front);
        let tag = match letter {
            '\t' => self.dialect.tab,
            '\n' => self.dialect.line_break,
            _ => None,
        };
        match (known, tag) {
            (Some(atom), _) => {
                let atom = Atom { style: self.style(), ..atom.clone() };
                self.atom(&atom);
            }
            (None, Some(tag)) => {
                match (self.dialect.controls_in_text, self.dialect.breaks_between_runs) {
                    (_, true) => self.end_run(),
                    (true, _) => self.begin_text(self.style()),
                    (false, _) => self.begin_run(self.style()),
                }
                self.element(tag);
            }
            (None, None) => {
                self.begin_text(self.style());
                self.out.push(letter);
            }
        }
    }

    fn tag(&mut self, tag: &str) {
        if let Some(name) = tag.strip_prefix('/') {
            let found =
                self.open.iter().rposition(|code| self.codes.codes[*code].name == name.trim());
            if let Some(found) = found {
                let code = self.open.remove(found);
                self.close(code);
            }
            return;
        }
        let number =
            tag.trim_end_matches('/').rsplit(' ').next().and_then(|code| code.parse().ok());
        let codes = self.codes;
        let Some((number, code)) =
            number.and_then(|number: usize| Some((number, codes.codes.get(number)?)))
        else {
            return;
        };
        if !self.is_skipped(code.kind) {
            code.open.iter().for_each(|atom| self.atom(atom));
        }
        if code.kind != CodeKind::Lone {
            self.open.push(number);
        }
    }

    /// True for what is there once already.
    fn is_skipped(&self, kind: CodeKind) -> bool {
        let is_repeated = match kind {
            CodeKind::Format | CodeKind::Fixed => true,
            CodeKind::Pair => self.dialect.spaces.is_some(),
            CodeKind::Lone => false,
        };
        self.words_only && !is_repeated
    }

    fn close(&mut self, code: usize) {
        let codes = self.codes;
        let code = &codes.codes[code];
        if !self.is_skipped(code.kind) {
            code.close.iter().for_each(|atom| self.atom(atom));
        }
    }

    /// The style of words here.
    fn style(&self) -> usize {
        let inner = self.open.iter().rev().find_map(|code| self.codes.codes[*code].style);
        inner.unwrap_or(self.codes.style)
    }

    fn atom(&mut self, atom: &Atom) {
        match atom.level {
            Level::Paragraph => self.end_run(),
            Level::Run => self.begin_run(atom.style),
            Level::Text => self.begin_text(self.style()),
        }
        (self.copy)(atom.span.clone(), self.out);
    }

    /// Opens a run of a style, if none is open, and ends an open text.
    fn begin_run(&mut self, style: usize) {
        if self.dialect.spaces.is_some() {
            return;
        }
        match self.run {
            Some((open, in_text)) if open == style => {
                if in_text {
                    self.end_text();
                    self.run = Some((style, false));
                }
            }
            _ => {
                self.end_run();
                let Style { tag, properties } = &self.styles[style];
                self.out.push_str(&self.xml[tag.clone()]);
                self.out.push_str(&self.xml[properties.clone()]);
                self.run = Some((style, false));
            }
        }
    }

    fn begin_text(&mut self, style: usize) {
        if self.run == Some((style, true)) || self.dialect.spaces.is_some() {
            return;
        }
        self.begin_run(style);
        self.out.push('<');
        self.out.push_str(&self.text_tag);
        if !self.dialect.keeps_space.is_empty() && !self.text_tag.starts_with("a:") {
            self.out.push(' ');
            self.out.push_str(self.dialect.keeps_space);
        }
        self.out.push('>');
        self.run = Some((style, true));
    }

    fn end_text(&mut self) {
        self.out.push_str("</");
        self.out.push_str(&self.text_tag);
        self.out.push('>');
    }

    fn end_run(&mut self) {
        let Some((style, in_text)) = self.run.take() else { return };
        if in_text {
            self.end_text();
        }
        let tag = self.xml[self.styles[style].tag.clone()].trim_start_matches('<');
        let name = tag.split(|c: char| !is_name(c)).next().unwrap_or_default();
        if !name.is_empty() {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }
}
