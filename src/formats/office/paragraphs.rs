//! The paragraphs of an XML part: their words, and what stands among the words.
//!
//! Knows roles of elements, not their names. Each paragraph is a list of pieces in the order of the
//! part; a piece that is no word is kept as a span of the XML.

use std::collections::HashMap;
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};

use super::container::{MAX_DEPTH, is_xml, reference};
use super::dialect::{Dialect, ParagraphRank, Role};
use super::frames::{Builder, Frame, Run, push_collapsed};
use super::pieces::{Atom, Level, Paragraph, Part, Piece, Style};
use super::words::MAX_LINES;

/// Paragraphs among which a copy looks for the one that it repeats.
const LOOK_AHEAD: usize = 16;
/// Spaces that one element may stand for.
const MAX_SPACES: usize = 100;

/// Reads the paragraphs of a part. `apart` names them if they are outside the article; `lines`
/// counts paragraphs and line breaks of all parts.
pub(super) fn read(
    xml: &str,
    dialect: &Dialect,
    apart: Option<&'static str>,
    lines: &mut usize,
) -> Result<Part, String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut parser = Parser::new(xml, dialect, apart, lines);
    loop {
        let from = reader.buffer_position() as usize;
        let event = reader.read_event();
        let event = event
            .map_err(|e| format!("is damaged: byte {} of its XML: {e}", reader.error_position()))?;
        let span = from..reader.buffer_position() as usize;
        match &event {
            Event::Start(start) => parser.open(start, &span)?,
            Event::Empty(start) => {
                parser.open(start, &span)?;
                parser.close(&(span.end..span.end));
            }
            Event::End(_) => parser.close(&span),
            Event::Eof if !parser.frames.is_empty() => {
                return Err("is damaged: its XML ends in the middle".to_string());
            }
            Event::Eof => return parser.finish(),
            Event::Text(words) => parser.words(&words.xml10_content()),
            Event::CData(words) => parser.words(&words.xml10_content()),
            Event::GeneralRef(name) => parser.words(&reference(name)),
            _ => {}
        }
    }
}

/// The name of what holds paragraphs that are no article.
fn anchor_name(apart: &'static str) -> &'static str {
    if matches!(apart, "footnote" | "endnote" | "comment") { apart } else { "embedded" }
}

struct Parser<'x, 'd> {
    xml: &'x str,
    dialect: &'d Dialect,
    lines: &'d mut usize,
    frames: Vec<Frame>,
    open: Vec<Builder>,
    found: Vec<Option<Paragraph>>,
    styles: Vec<Style>,
    style_numbers: HashMap<(&'x str, &'x str), usize>,
    /// Number of open elements whose text is not read.
    hidden: usize,
    apart: Option<&'static str>,
    /// Number of open copies for older programs, and the first paragraph that they may repeat.
    copies: usize,
    repeated: usize,
    shape_rank: Option<ParagraphRank>,
}

impl<'x, 'd> Parser<'x, 'd> {
    fn new(
        xml: &'x str,
        dialect: &'d Dialect,
        apart: Option<&'static str>,
        lines: &'d mut usize,
    ) -> Self {
        Self {
            xml,
            dialect,
            lines,
            frames: Vec::new(),
            open: Vec::new(),
            found: Vec::new(),
            styles: vec![Style::default()],
            style_numbers: HashMap::new(),
            hidden: 0,
            apart,
            copies: 0,
            repeated: 0,
            shape_rank: None,
        }
    }

    fn finish(self) -> Result<Part, String> {
        if *self.lines > MAX_LINES {
            return Err(format!(
                "has more than the {MAX_LINES} paragraphs and lines a document may have"
            ));
        }
        let is_kept = |found: &Paragraph| !found.words.trim().is_empty();
        // Numbers of kept paragraphs, for those that repeat them.
        let mut numbers = vec![None; self.found.len()];
        let mut paragraphs = Vec::new();
        for (at, found) in self.found.into_iter().enumerate() {
            if let Some(mut found) = found.filter(is_kept) {
                found.repeats =
                    found.repeats.and_then(|first| numbers.get(first).copied().flatten());
                numbers[at] = Some(paragraphs.len());
                paragraphs.push(found);
            }
        }
        Ok(Part { paragraphs, styles: self.styles })
    }

    fn open(&mut self, start: &BytesStart, span: &Range<usize>) -> Result<(), String> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(format!("has elements nested more than {MAX_DEPTH} deep"));
        }
        let name = start.local_name();
        let frame = if self.hidden > 0 {
            Frame::Nothing
        } else {
            self.frame((self.dialect.role)(name.as_ref(), start), start, span)
        };
        self.frames.push(frame);
        Ok(())
    }

    /// True if an element is one of the open paragraph's own.
    fn is_own(&self) -> bool {
        self.open.last().is_some_and(|builder| builder.opaque == 0 && builder.properties == 0)
    }

    fn frame(&mut self, role: Role, start: &BytesStart, span: &Range<usize>) -> Frame {
        match role {
            Role::Paragraph(rank) => return self.open_paragraph(rank, span),
            Role::Copy => {
                self.copies += 1;
                return Frame::Copy { first: self.repeated };
            }
            Role::Shape => {
                self.shape_rank = None;
                return Frame::Shape;
            }
            Role::ShapeRank(rank) => {
                self.shape_rank = rank;
                return Frame::Nothing;
            }
            Role::Apart(name) => {
                let frame = Frame::Apart { name, start: span.start, before: self.apart };
                self.apart = Some(name);
                self.rename_object(anchor_name(name));
                self.enter_opaque();
                return frame;
            }
            Role::Alternatives => {
                let frame = Frame::Alternatives { start: span.start, first: self.repeated };
                self.repeated = self.found.len();
                self.enter_opaque();
                return frame;
            }
            Role::Hidden(name) => {
                self.hidden += 1;
                return Frame::Hidden { name, start: span.start };
            }
            _ => {}
        }
        let at_words = self.open.last().map_or(0, |builder| builder.found.words.len());
        if self.is_own() && self.open.last().is_some_and(|builder| builder.fixed > 0) {
            // Words in a part that is moved whole.
            return match role {
                Role::Text => self.open_text(start, span),
                _ => Frame::Nothing,
            };
        }
        if !self.is_own() {
            if let Role::SpanStart(name) | Role::SpanEnd(name) = role
                && let Some(Frame::Object { name: object, opens, .. }) = self.frames.last_mut()
            {
                // The object around it is the mark.
                (*object, *opens) = (name, Some(matches!(role, Role::SpanStart(_))));
                self.hidden += 1;
                return Frame::Hidden { name: "", start: span.start };
            }
            if let Role::Shown(name, words) = &role
                && let Some(Frame::Object { name: object, shown, .. }) = self.frames.last_mut()
                && let Some(builder) = self.open.last_mut()
                && builder.opaque == 1
                && builder.deleted.is_none()
            {
                // The object around them is the part.
                (*object, *shown) = (name, Some(builder.found.words.len()));
                builder.found.words.push_str(words);
                return Frame::Nothing;
            }
            if let Some(builder) = self.open.last_mut().filter(|builder| builder.properties > 0) {
                match (role, &mut builder.run) {
                    (Role::Rank(rank), None) => builder.found.rank = rank,
                    (Role::Vanish(is_hidden), Some(run)) => run.hidden = is_hidden,
                    _ => {}
                }
            }
            return Frame::Nothing;
        }
        let in_container = matches!(self.frames.last(), Some(Frame::Container { .. }));
        let role = self.open.last().map(|open| open.allowed(role, in_container));
        let Some(role) = role else { return Frame::Nothing };
        match role {
            Role::ParagraphProperties => {
                self.with(|builder| builder.properties += 1);
                Frame::ParagraphProperties
            }
            Role::Rank(rank) => {
                self.with(|builder| builder.found.rank = rank);
                Frame::Nothing
            }
            Role::Run => {
                let run = Run {
                    tag: span.clone(),
                    properties: span.end..span.end,
                    style: None,
                    hidden: false,
                };
                self.with(|builder| builder.run = Some(run));
                Frame::Run
            }
            Role::RunProperties => {
                self.with(|builder| builder.properties += 1);
                Frame::RunProperties { start: span.start }
            }
            Role::Text => self.open_text(start, span),
            Role::Spaces(count) => {
                self.spaces(count.min(MAX_SPACES));
                Frame::Nothing
            }
            Role::Character(letter) => {
                self.enter_opaque();
                Frame::Character { letter, start: span.start }
            }
            Role::Container(name) => {
                let atom = self.atom(span.clone());
                self.with(|builder| {
                    let atoms = vec![atom];
                    builder.found.pieces.push(Piece::Open { name, atoms, is_element: true });
                });
                Frame::Container { name, inner_end: None }
            }
            Role::Inner => {
                let atom = self.atom(span.clone());
                self.join(atom);
                Frame::Inner
            }
            Role::Properties => {
                self.enter_opaque();
                Frame::Properties { start: span.start }
            }
            Role::Fixed(name) => {
                self.with(|builder| builder.fixed += 1);
                Frame::Fixed { name, start: span.start, from: at_words }
            }
            Role::Shown(name, words) => {
                self.with(|builder| {
                    builder.fixed += 1;
                    if builder.deleted.is_none() {
                        builder.found.words.push_str(&words);
                    }
                });
                Frame::Fixed { name, start: span.start, from: at_words }
            }
            Role::Dropped => {
                self.enter_opaque();
                Frame::Object { name: "", start: span.start, opens: None, shown: None }
            }
            Role::Field(mark) => {
                self.enter_opaque();
                Frame::Field { mark, start: span.start }
            }
            Role::SpanStart(name) => {
                self.enter_opaque();
                Frame::Span { name, start: span.start, opens: true }
            }
            Role::SpanEnd(name) => {
                self.enter_opaque();
                Frame::Span { name, start: span.start, opens: false }
            }
            Role::DeletionStart | Role::DeletionEnd
                if self.open.last().is_some_and(|builder| builder.texts == 0) =>
            {
                self.with(|builder| builder.in_deletion = role == Role::DeletionStart);
                self.enter_opaque();
                Frame::Object { name: "deletion", start: span.start, opens: None, shown: None }
            }
            Role::DeletionStart => {
                let start = span.start;
                self.with(|builder| {
                    builder.in_deletion = true;
                    builder.deleted.get_or_insert(start);
                });
                Frame::Nothing
            }
            Role::DeletionEnd => Frame::DeletionEnd,
            Role::Object(name) => {
                self.enter_opaque();
                Frame::Object { name, start: span.start, opens: None, shown: None }
            }
            _ => Frame::Nothing,
        }
    }

    fn open_paragraph(&mut self, rank: Option<ParagraphRank>, span: &Range<usize>) -> Frame {
        *self.lines += 1;
        let is_hidden = self.open.last().is_some_and(|outer| {
            outer.is_hidden || outer.run.as_ref().is_some_and(|run| run.hidden)
        });
        // Paragraphs in paragraphs without an object between them: the outer one goes on after it.
        self.enter_opaque();
        let mut builder = Builder { at: self.found.len(), is_hidden, ..Builder::default() };
        builder.found.whole = span.clone();
        builder.found.content = span.end..span.end;
        builder.found.apart = self.apart;
        builder.found.rank = rank.or(self.shape_rank);
        // Too many: the document will be refused, so none is kept.
        if *self.lines <= MAX_LINES {
            self.found.push(None);
        }
        self.open.push(builder);
        Frame::Paragraph
    }

    fn close(&mut self, span: &Range<usize>) {
        let Some(frame) = self.frames.pop() else { return };
        match frame {
            Frame::Nothing => {}
            Frame::Paragraph => self.close_paragraph(span),
            Frame::ParagraphProperties => self.with(|builder| {
                builder.properties = builder.properties.saturating_sub(1);
                builder.found.content = span.end..span.end;
            }),
            Frame::Run => self.with(|builder| builder.run = None),
            Frame::RunProperties { start } => self.with(|builder| {
                builder.properties = builder.properties.saturating_sub(1);
                if let Some(run) = &mut builder.run {
                    run.properties = start..span.end;
                }
            }),
            Frame::Text { start } => self.close_text(start, span),
            Frame::Container { name, inner_end } => {
                let atom = self.atom(inner_end.unwrap_or(span.start)..span.end);
                self.with(|builder| {
                    builder.found.pieces.push(Piece::Close { name, atom, is_element: true })
                });
            }
            Frame::Inner => {
                if let Some(Frame::Container { inner_end, .. }) = self.frames.last_mut() {
                    *inner_end = Some(span.start);
                }
            }
            Frame::Properties { start } => {
                self.leave_opaque();
                let atom = self.atom(start..span.end);
                self.join(atom);
            }
            Frame::Character { letter, start } => {
                self.leave_opaque();
                self.character(letter, start..span.end);
            }
            Frame::Fixed { name, start, from } => {
                self.with(|builder| builder.fixed = builder.fixed.saturating_sub(1));
                self.fixed(name, start..span.end, from);
            }
            Frame::Object { name, start, shown: Some(from), .. } => {
                self.leave_opaque();
                self.fixed(name, start..span.end, from);
            }
            Frame::Object { name, start, opens, .. } => {
                self.leave_opaque();
                match opens {
                    Some(opens) if self.is_own() => self.span(name, start..span.end, opens),
                    _ if name.is_empty() => {}
                    _ => self.object(name, start..span.end),
                }
            }
            Frame::Alternatives { start, first } => {
                self.repeated = first;
                self.leave_opaque();
                self.object("image", start..span.end);
            }
            Frame::Copy { first } => {
                self.copies = self.copies.saturating_sub(1);
                self.repeated = first;
            }
            Frame::Apart { name, start, before } => {
                self.apart = before;
                self.leave_opaque();
                self.object(anchor_name(name), start..span.end);
            }
            Frame::Hidden { name, start } => {
                self.hidden = self.hidden.saturating_sub(1);
                self.object(name, start..span.end);
            }
            Frame::Field { mark, start } => {
                self.leave_opaque();
                let atom = self.atom(start..span.end);
                self.with(|builder| builder.field(mark, atom));
            }
            Frame::Span { name, start, opens } => {
                self.leave_opaque();
                self.span(name, start..span.end, opens);
            }
            Frame::DeletionEnd => {
                let atom = self.deleted_atom(span.end);
                self.with(|builder| {
                    builder.in_deletion = false;
                    builder.found.pieces.extend(atom);
                });
            }
            Frame::Shape => self.shape_rank = None,
        }
    }

    fn close_paragraph(&mut self, span: &Range<usize>) {
        let Some(builder) = self.open.pop() else { return };
        let at = builder.at;
        let is_hidden = builder.is_hidden;
        let mut found = builder.found;
        if let Some((atoms, _)) = builder.code {
            found.pieces.extend(atoms.into_iter().map(|atom| Piece::Lone { name: "field", atom }));
        }
        found.whole.end = span.end;
        let whole = found.whole.clone();
        // An element without an end tag has no content.
        found.content.end = span.start.max(found.content.start);
        if self.copies > 0 {
            // Copies are in the order of what they repeat.
            let same = |other: &Option<Paragraph>| {
                other
                    .as_ref()
                    .is_some_and(|other| other.words == found.words && other.repeats.is_none())
            };
            let from = self.repeated.min(self.found.len());
            let until = at.min(self.found.len());
            let until = until.min(from + LOOK_AHEAD);
            let first = self.found.get(from..until).and_then(|all| all.iter().position(same));
            found.repeats = first.map(|first| from + first);
            self.repeated = first.map_or(self.repeated, |first| from + first + 1);
            if found.repeats.is_none() {
                found.words.clear();
            }
        }
        let is_empty = is_hidden || found.words.trim().is_empty();
        if is_empty && at + 1 == self.found.len() {
            // A small file may hold millions of empty paragraphs.
            self.found.pop();
        } else if !is_empty && at < self.found.len() {
            self.found[at] = Some(found);
        }
        self.leave_opaque();
        // One that is in no object of the outer paragraph.
        self.object("embedded", whole);
    }

    fn open_text(&mut self, start: &BytesStart, span: &Range<usize>) -> Frame {
        self.end_code();
        let name = span.start + 1..span.start + 1 + start.name().as_ref().len();
        self.with(|builder| {
            builder.texts += 1;
            if builder.found.text_tag.is_empty() {
                builder.found.text_tag = name;
            }
            if builder.in_deletion {
                builder.deleted = Some(span.end);
            }
        });
        Frame::Text { start: span.start }
    }

    /// Words end the code of a field that no mark has ended: they are shown.
    fn end_code(&mut self) {
        self.with(|builder| {
            let atoms = builder.code.take().map_or_else(Vec::new, |(atoms, _)| atoms);
            let lone = |atom| Piece::Lone { name: "field-mark", atom };
            builder.found.pieces.extend(atoms.into_iter().map(lone));
        });
    }

    fn close_text(&mut self, start: usize, span: &Range<usize>) {
        let deletion = self.deleted_atom(span.start);
        self.with(|builder| {
            builder.found.pieces.extend(deletion);
            builder.texts = builder.texts.saturating_sub(1);
        });
        if self.open.last().is_some_and(|builder| !builder.reads_words()) {
            self.object("hidden-text", start..span.end);
        }
    }

    /// The deleted text up to a place.
    fn deleted_atom(&mut self, end: usize) -> Option<Piece> {
        let start = self.open.last_mut()?.deleted.take()?;
        let mut atom = self.atom(start..end);
        atom.level = Level::Text;
        (start < end).then_some(Piece::Lone { name: "deletion", atom })
    }

    fn words(&mut self, words: &str) {
        if self.hidden > 0 || !self.is_own() || words.is_empty() {
            return;
        }
        let (line_feeds, is_bare) = (self.dialect.line_feeds, self.dialect.spaces.is_some());
        let style = self.style();
        self.with(|builder| {
            if builder.texts > 0 || is_bare {
                builder.add_words(style, |found| match is_bare {
                    true => push_collapsed(found, words),
                    false => {
                        let space = |c: char| if c == '\n' && !line_feeds { ' ' } else { c };
                        found.extend(words.chars().filter(|c| is_xml(*c)).map(space));
                    }
                });
            }
        });
    }

    fn spaces(&mut self, count: usize) {
        self.with(|builder| builder.add_words(0, |found| found.push_str(&" ".repeat(count))));
    }

    fn character(&mut self, letter: char, span: Range<usize>) {
        if self.open.last().is_some_and(|builder| !builder.reads_words()) {
            return self.object("hidden-text", span);
        }
        if letter == '\n' {
            *self.lines += 1;
        }
        let atom = self.atom(span);
        self.with(|builder| {
            if builder.deleted.is_none() {
                builder.found.words.push(letter);
                builder.found.pieces.push(Piece::Character { letter, atom });
            }
        });
    }

    /// A part that is only moved whole, with the words since `from`.
    fn fixed(&mut self, name: &'static str, span: Range<usize>, from: usize) {
        let atom = self.atom(span);
        self.with(|builder| {
            let length = builder.found.words.len() - from;
            builder.found.pieces.push(match length {
                0 => Piece::Lone { name, atom },
                _ => Piece::Fixed { name, length, atom },
            });
        });
    }

    /// An element that stands alone among the words.
    fn object(&mut self, name: &'static str, span: Range<usize>) {
        if !self.is_own() || self.open.last().is_some_and(|builder| builder.fixed > 0) {
            return;
        }
        let atom = self.atom(span);
        self.with(|builder| {
            if builder.deleted.is_some() {
                return;
            }
            match &mut builder.code {
                Some((atoms, _)) => atoms.push(atom),
                None => builder.found.pieces.push(Piece::Lone { name, atom }),
            }
        });
    }

    /// A mark that begins or ends a pair.
    fn span(&mut self, name: &'static str, span: Range<usize>, opens: bool) {
        let atom = self.atom(span);
        self.with(|builder| {
            if builder.deleted.is_some() {
                return;
            }
            builder.found.pieces.push(match opens {
                true => Piece::Open { name, atoms: vec![atom], is_element: false },
                false => Piece::Close { name, atom, is_element: false },
            });
        });
    }

    /// Adds a part to the tag that opened the innermost container.
    fn join(&mut self, atom: Atom) {
        self.with(|builder| match builder.found.pieces.last_mut() {
            Some(Piece::Open { atoms, .. }) => atoms.push(atom),
            _ => builder.found.pieces.push(Piece::Lone { name: "field-mark", atom }),
        });
    }

    /// Tells the object around a part what it is.
    fn rename_object(&mut self, name: &'static str) {
        if let Some(Frame::Object { name: object, .. }) = self.frames.last_mut()
            && !object.is_empty()
        {
            *object = name;
        }
    }

    fn enter_opaque(&mut self) {
        self.with(|builder| builder.opaque += 1);
    }

    fn leave_opaque(&mut self) {
        self.with(|builder| builder.opaque = builder.opaque.saturating_sub(1));
    }

    fn with(&mut self, change: impl FnOnce(&mut Builder)) {
        if let Some(builder) = self.open.last_mut() {
            change(builder);
        }
    }

    fn atom(&mut self, span: Range<usize>) -> Atom {
        let style = self.style();
        let builder = self.open.last();
        let in_text = builder.is_some_and(|builder| builder.texts > 0 && builder.fixed == 0);
        let in_run = builder.is_some_and(|builder| builder.run.is_some());
        let level = match (in_text, in_run) {
            (true, _) => Level::Text,
            (false, true) => Level::Run,
            (false, false) => Level::Paragraph,
        };
        Atom { span, level, style }
    }

    /// The number of the open run's style; 0 without a run.
    fn style(&mut self) -> usize {
        let (xml, styled_tags) = (self.xml, self.dialect.styled_tags);
        let Some(run) = self.open.last_mut().and_then(|builder| builder.run.as_mut()) else {
            return 0;
        };
        if let Some(style) = run.style {
            return style;
        }
        let tag = if styled_tags { &xml[run.tag.clone()] } else { "" };
        let key = (tag, &xml[run.properties.clone()]);
        let number = *self.style_numbers.entry(key).or_insert_with(|| {
            self.styles.push(Style { tag: run.tag.clone(), properties: run.properties.clone() });
            self.styles.len() - 1
        });
        run.style = Some(number);
        number
    }
}
