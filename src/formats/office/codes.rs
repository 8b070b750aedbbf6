//! The codes of a paragraph: what its tags among the words stand for.
//!
//! Runs in the paragraph's main format have no tags. The others, links, fields and what stands
//! alone are tags like `<bold 3>`, so that they find their places as the tags of a page do.

use std::collections::HashMap;
use std::ops::Range;

use super::pieces::{Atom, Paragraph, Piece, Style};

/// Pairs of marks in each other; real documents have a few.
const MOST_NESTED_MARKS: usize = 64;
/// Pairs around several blocks of a paragraph that are repeated in each of them.
const MOST_REPEATED: usize = 16;

/// What a tag stands for.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub name: &'static str,
    pub kind: CodeKind,
    pub open: Vec<Atom>,
    pub close: Vec<Atom>,
    /// The style of the words in it.
    pub style: Option<usize>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) enum CodeKind {
    #[default]
    Lone,
    /// Words in another style.
    Format,
    /// A pair of tags.
    Pair,
    /// A part with its words.
    Fixed,
}

/// A tag among the words.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    at: usize,
    code: usize,
    side: Side,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Open,
    Close,
    Lone,
}

/// The codes of a paragraph and its main style.
#[derive(Debug, Default)]
pub(super) struct Codes {
    pub codes: Vec<Code>,
    pub style: usize,
    /// Characters that are elements, in order.
    pub characters: Vec<(char, Atom)>,
    marks: Vec<Mark>,
}

impl Codes {
    pub fn of(paragraph: &Paragraph, xml: &str, styles: &[Style]) -> Self {
        let mut codes = Self { style: main_style(&paragraph.pieces), ..Self::default() };
        let partners = partners(&paragraph.pieces);
        let uniform = uniform_styles(&paragraph.pieces, &partners);
        let mut at = 0;
        // Styles that the open pairs give their words, and the open format.
        let mut around: Vec<(usize, Option<usize>)> = Vec::new();
        let mut format: Option<(usize, usize)> = None;
        // Marks since the last words, before which a format ends.
        let mut since = 0;
        for (index, piece) in paragraph.pieces.iter().enumerate() {
            match piece {
                Piece::Words { length, style } => {
                    let given = around.iter().rev().find_map(|(_, style)| *style);
                    let wanted = (*style != given.unwrap_or(codes.style)).then_some(*style);
                    if format.map(|(_, style)| style) != wanted {
                        codes.end_format(&mut format, since, at);
                        if let Some(style) = wanted {
                            let name = style_name(&styles[style], xml);
                            let code = codes.add(Code {
                                name,
                                kind: CodeKind::Format,
                                style: Some(style),
                                ..Code::default()
                            });
                            codes.marks.push(Mark { at, code, side: Side::Open });
                            format = Some((code, style));
                        }
                    }
                    at += length;
                    since = codes.marks.len();
                }
                Piece::Character { letter, atom } => {
                    codes.characters.push((*letter, atom.clone()));
                    at += letter.len_utf8();
                    since = codes.marks.len();
                }
                Piece::Lone { name, atom } => codes.lone(name, vec![atom.clone()], at),
                Piece::Open { name, atoms, .. } => match partners[index] {
                    None => codes.lone(kept(name), atoms.clone(), at),
                    Some(close) => {
                        let Piece::Close { atom, .. } = &paragraph.pieces[close] else { continue };
                        codes.end_format(&mut format, since, at);
                        let code = codes.add(Code {
                            name,
                            kind: CodeKind::Pair,
                            open: atoms.clone(),
                            close: vec![atom.clone()],
                            style: uniform[index],
                        });
                        codes.marks.push(Mark { at, code, side: Side::Open });
                        around.push((code, uniform[index]));
                        since = codes.marks.len();
                    }
                },
                Piece::Close { name, atom, .. } => match partners[index] {
                    None => codes.lone(kept(name), vec![atom.clone()], at),
                    Some(_) => {
                        codes.end_format(&mut format, since, at);
                        if let Some((code, _)) = around.pop() {
                            codes.marks.push(Mark { at, code, side: Side::Close });
                        }
                        since = codes.marks.len();
                    }
                },
                Piece::Fixed { name, length, atom } => {
                    codes.end_format(&mut format, since, at);
                    let code = codes.add(Code {
                        name,
                        kind: CodeKind::Fixed,
                        open: vec![atom.clone()],
                        ..Code::default()
                    });
                    codes.marks.push(Mark { at, code, side: Side::Open });
                    at += length;
                    codes.marks.push(Mark { at, code, side: Side::Close });
                    since = codes.marks.len();
                }
            }
        }
        codes.end_format(&mut format, since, at);
        codes
    }

    fn add(&mut self, code: Code) -> usize {
        self.codes.push(code);
        self.codes.len() - 1
    }

    fn lone(&mut self, name: &'static str, open: Vec<Atom>, at: usize) {
        let code = self.add(Code { name, open, ..Code::default() });
        self.marks.push(Mark { at, code, side: Side::Lone });
    }

    /// Ends the open format after the last words, which is before the marks from `since` on.
    fn end_format(&mut self, format: &mut Option<(usize, usize)>, since: usize, at: usize) {
        if let Some((code, _)) = format.take() {
            self.marks.insert(since, Mark { at, code, side: Side::Close });
        }
    }

    fn tag(&self, mark: &Mark) -> String {
        let name = self.codes[mark.code].name;
        match mark.side {
            Side::Open => format!("<{name} {}>", mark.code),
            Side::Close => format!("</{name}>"),
            Side::Lone => format!("<{name} {}/>", mark.code),
        }
    }

    /// The tags in each of some spans of the words, in order and apart: their bytes from the start
    /// of the span, and themselves. A pair around several spans is in each of them.
    pub fn tags(&self, spans: &[Range<usize>]) -> Vec<Vec<(usize, String)>> {
        let mut all = Vec::with_capacity(spans.len());
        let mut marks = self.marks.iter().peekable();
        let mut open: Vec<Mark> = Vec::new();
        for (number, span) in spans.iter().enumerate() {
            let is_last = number + 1 == spans.len();
            let length = span.end - span.start;
            let mut tags: Vec<(usize, String)> = open
                .iter()
                .map(|mark| (0, self.tag(&Mark { side: Side::Open, ..*mark })))
                .collect();
            // What begins at the end of a span belongs to the next one.
            let is_here = |mark: &&Mark| {
                is_last || mark.at < span.end || (mark.at == span.end && mark.side != Side::Open)
            };
            while let Some(mark) = marks.next_if(is_here) {
                let at = mark.at.saturating_sub(span.start).min(length);
                match mark.side {
                    Side::Open => open.push(*mark),
                    Side::Close => {
                        let Some(found) = open.iter().rposition(|open| open.code == mark.code)
                        else {
                            continue;
                        };
                        open.remove(found);
                    }
                    Side::Lone => {}
                }
                tags.push((at, self.tag(mark)));
            }
            for mark in open.iter().rev() {
                tags.push((length, self.tag(&Mark { side: Side::Close, ..*mark })));
            }
            open.retain(|mark| self.is_repeated(mark));
            open.truncate(MOST_REPEATED);
            all.push(tags);
        }
        all
    }

    fn is_repeated(&self, mark: &Mark) -> bool {
        let code = &self.codes[mark.code];
        code.kind == CodeKind::Format || matches!(code.name, "link" | "insertion")
    }
}

/// The name of half a pair, which is never left out.
fn kept(name: &'static str) -> &'static str {
    if name == "field" { "field-mark" } else { "bookmark" }
}

/// True if a mark ends a pair. The end of a field does not say what the field is.
fn ends(open: &str, close: &str) -> bool {
    open == close || (close == "field" && matches!(open, "bookmark" | "comment"))
}

/// The style of most of the words.
fn main_style(pieces: &[Piece]) -> usize {
    let mut counts: HashMap<usize, (usize, usize)> = HashMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        if let Piece::Words { length, style } = piece {
            counts.entry(*style).or_insert((0, usize::MAX - index)).0 += length;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or(0, |(style, _)| style)
}

/// For each start or end of a pair the other one. Elements nest; marks that cross an element or
/// each other are no pair.
fn partners(pieces: &[Piece]) -> Vec<Option<usize>> {
    let mut partners = vec![None; pieces.len()];
    let mut open: Vec<(usize, &str, bool)> = Vec::new();
    let mut marks = 0;
    for (index, piece) in pieces.iter().enumerate() {
        let found = match piece {
            Piece::Open { name, is_element, .. } => {
                // Marks that are nested deeper are no pairs.
                if *is_element || marks < MOST_NESTED_MARKS {
                    open.push((index, name, *is_element));
                    marks += usize::from(!is_element);
                }
                continue;
            }
            Piece::Close { is_element: true, .. } => open.iter().rposition(|open| open.2),
            Piece::Close { name, .. } => {
                let inside = open.iter().rev().take_while(|open| !open.2);
                let found = inside.into_iter().position(|open| ends(open.1, name));
                found.map(|found| open.len() - 1 - found)
            }
            _ => continue,
        };
        let Some(found) = found else { continue };
        let begin = open[found].0;
        // What began inside and did not end has no partner.
        marks -= open.drain(found..).filter(|open| !open.2).count();
        (partners[begin], partners[index]) = (Some(index), Some(begin));
    }
    partners
}

/// For each start of a pair the style of all its words, if they have one.
fn uniform_styles(pieces: &[Piece], partners: &[Option<usize>]) -> Vec<Option<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Nothing,
        One(usize),
        Several,
    }
    let add = |seen: Seen, other: Seen| match (seen, other) {
        (Seen::Nothing, other) => other,
        (seen, Seen::Nothing) => seen,
        (seen, other) if seen == other => seen,
        _ => Seen::Several,
    };
    let mut uniform = vec![None; pieces.len()];
    let mut open: Vec<(usize, Seen)> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Words { style, .. } => {
                if let Some((_, seen)) = open.last_mut() {
                    *seen = add(*seen, Seen::One(*style));
                }
            }
            Piece::Open { .. } if partners[index].is_some() => open.push((index, Seen::Nothing)),
            Piece::Close { .. } if partners[index].is_some() => {
                let Some((begin, seen)) = open.pop() else { continue };
                if let Seen::One(style) = seen {
                    uniform[begin] = Some(style);
                }
                if let Some((_, outer)) = open.last_mut() {
                    *outer = add(*outer, seen);
                }
            }
            _ => {}
        }
    }
    uniform
}

/// The name of a style in findings.
fn style_name(style: &Style, xml: &str) -> &'static str {
    const NAMES: &[(&str, &str)] = &[
        ("footnoteReference", "superscript"),
        ("superscript", "superscript"),
        ("subscript", "subscript"),
        (":b", "bold"),
        ("<b", "bold"),
        (" b=\"1\"", "bold"),
        (":i", "italic"),
        ("<i", "italic"),
        (" i=\"1\"", "italic"),
        (":u", "underline"),
        ("<u", "underline"),
        ("strike", "strike"),
    ];
    let raw = &xml[style.properties.clone()];
    let ends = |at: usize| raw[at..].starts_with(['/', '>', ' ', '"']);
    let has = |part: &str| {
        let is_off =
            |rest: &str| rest.starts_with(" w:val=\"0\"") || rest.starts_with(" w:val=\"false\"");
        raw.match_indices(part).take(8).any(|(at, _)| {
            let end = at + part.len();
            (part.ends_with('"') || part.len() > 3 || ends(end)) && !is_off(&raw[end..])
        })
    };
    NAMES.iter().find(|(part, _)| has(part)).map_or("format", |(_, name)| name)
}
