//! XML with the rules of a request: which elements end a sentence, and whose words stay as they
//! are.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use malmoi::Term;
use malmoi::document::{Block, BlockKind, Document, Inline};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::super::incoming::Incoming;
use super::super::texts::ReadText;
use crate::engine::Failure;

/// Nesting of elements.
const MAX_DEPTH: usize = 256;

/// What a request says of its elements.
#[derive(Debug, Clone, Default)]
pub(super) struct TagRules {
    /// Elements that always end a sentence.
    splitting: Vec<String>,
    /// Elements that never do.
    non_splitting: Vec<String>,
    /// Elements whose words stay as they are.
    ignored: Vec<String>,
    /// True if elements that hold elements only end a sentence, and so do those within them.
    has_outline: bool,
}

/// What becomes of an element within a sentence whose words stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It stands in the sentence; its words are a term that stays as it is.
    InSentence,
    /// The sentence is cut around it.
    Apart,
}

impl TagRules {
    pub fn of(incoming: &Incoming) -> Result<Self, Failure> {
        let names = |field: &str| -> Result<Vec<String>, Failure> {
            let lists = incoming.texts(field)?.unwrap_or_default();
            let names = lists.iter().flat_map(|list| list.split(',')).map(str::trim);
            Ok(names.filter(|name| !name.is_empty()).map(str::to_string).collect())
        };
        Ok(Self {
            splitting: names("splitting_tags")?,
            non_splitting: names("non_splitting_tags")?,
            ignored: names("ignore_tags")?,
            has_outline: incoming.flag("outline_detection")?.unwrap_or(true),
        })
    }

    /// Reads a text. Its blocks are the runs between elements that end a sentence.
    pub fn read(&self, text: &str, kept: Kept) -> Result<ReadText, Failure> {
        let tree = Tree::read(text)?;
        let roles = self.roles(&tree, kept);
        let (mut terms, mut known) = (Vec::new(), HashSet::new());
        let mut borders: Vec<Range<usize>> = Vec::new();
        for (element, role) in tree.elements.iter().zip(&roles) {
            match role {
                Role::Inline => {}
                Role::Border => borders.extend([element.start.clone(), element.end.clone()]),
                Role::Apart => borders.push(element.start.start..element.end.end),
                Role::Kept => {
                    let inner = Inline::read(&text[element.start.end..element.end.start]);
                    let words = inner.text().trim();
                    if !words.is_empty() && known.insert(words.to_string()) {
                        terms.push(Term { keep: true, ..Term::new(words, words) });
                    }
                }
            }
        }
        borders.sort_by_key(|border| (border.start, border.end));
        let mut blocks = Vec::new();
        let mut end = 0;
        for border in borders.into_iter().chain(std::iter::once(text.len()..text.len())) {
            let run = &text[end..border.start.max(end)];
            let start = end + (run.len() - run.trim_start().len());
            let span = start..start + run.trim().len();
            let block = Block::from_markup(text, span, BlockKind::Paragraph);
            // Tags alone are no sentence.
            if block.inline.as_ref().is_some_and(|inline| !inline.text().trim().is_empty()) {
                blocks.push(block);
            }
            end = end.max(border.end);
        }
        Ok(ReadText { document: Document::new(text.to_string(), blocks), terms })
    }

    /// True if all elements of a source whose words stay as they are stand in its translation.
    pub fn has_kept(&self, source: &str, translation: &str) -> bool {
        let before = self.kept_in(source);
        let after = || self.kept_in(translation);
        before.is_some_and(|before| before.is_empty() || after() == Some(before))
    }

    /// The elements whose words stay as they are, each with its number; `None` for no XML.
    fn kept_in<'t>(&self, text: &'t str) -> Option<HashMap<&'t str, usize>> {
        let tree = Tree::read(text).ok()?;
        let roles = self.roles(&tree, Kept::InSentence);
        let mut kept = HashMap::new();
        for (element, role) in tree.elements.iter().zip(roles) {
            if matches!(role, Role::Kept | Role::Apart) {
                *kept.entry(&text[element.start.start..element.end.end]).or_default() += 1;
            }
        }
        Some(kept)
    }

    fn roles(&self, tree: &Tree, kept: Kept) -> Vec<Role> {
        let mut roles: Vec<Role> = Vec::with_capacity(tree.elements.len());
        // For each element: true if it and all around it are structure.
        let mut outlines: Vec<bool> = Vec::with_capacity(tree.elements.len());
        // End of an element that is kept or apart: what is in it has no role of its own.
        let mut closed = 0;
        for element in &tree.elements {
            let is_outline = match element.parent {
                None => !tree.has_words,
                Some(parent) => outlines[parent] && !tree.elements[parent].has_words,
            };
            outlines.push(is_outline);
            let is = |names: &[String]| names.contains(&element.name);
            let is_border =
                is(&self.splitting) || (self.has_outline && is_outline && !is(&self.non_splitting));
            roles.push(if element.start.start < closed {
                Role::Inline
            } else if is(&self.ignored) {
                closed = element.end.end;
                match kept {
                    Kept::InSentence if !is_border => Role::Kept,
                    _ => Role::Apart,
                }
            } else if is_border {
                Role::Border
            } else {
                Role::Inline
            });
        }
        roles
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Its tags stand in a sentence.
    Inline,
    /// Its tags end a sentence.
    Border,
    /// It stands in a sentence, and its words stay.
    Kept,
    /// It stands between sentences, and all of it stays.
    Apart,
}

struct Element {
    name: String,
    /// Span of the start tag.
    start: Range<usize>,
    /// Span of the end tag; empty for an empty element.
    end: Range<usize>,
    parent: Option<usize>,
    /// True if it has words beside those of the elements in it.
    has_words: bool,
}

/// The elements of a text, in the order of their start tags.
struct Tree {
    elements: Vec<Element>,
    /// True if there are words outside of all elements.
    has_words: bool,
}

impl Tree {
    /// Parses strictly. A text is a fragment: it may have several roots, and words outside.
    fn read(text: &str) -> Result<Self, Failure> {
        let wrong = |at: usize| {
            let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
            let message = "Tag handling parsing failed, please check input";
            Failure::Invalid(format!("{message} (line {line})."))
        };
        let mut reader = Reader::from_str(text);
        let mut tree = Self { elements: Vec::new(), has_words: false };
        let mut open: Vec<usize> = Vec::new();
        loop {
            let start = reader.buffer_position() as usize;
            let event = reader.read_event().map_err(|_| wrong(reader.error_position() as usize))?;
            let end = reader.buffer_position() as usize;
            let (tag, is_empty) = match event {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::End(_) => {
                    let closed = open.pop().ok_or_else(|| wrong(start))?;
                    tree.elements[closed].end = start..end;
                    continue;
                }
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    if !text[start..end].trim().is_empty() {
                        match open.last() {
                            Some(last) => tree.elements[*last].has_words = true,
                            None => tree.has_words = true,
                        }
                    }
                    continue;
                }
                Event::Eof if open.is_empty() => return Ok(tree),
                Event::Eof => return Err(wrong(start)),
                _ => continue,
            };
            if open.len() == MAX_DEPTH {
                return Err(wrong(start));
            }
            let name = tag.name().as_ref().to_string();
            let parent = open.last().copied();
            let (start, end) = (start..end, end..end);
            tree.elements.push(Element { name, start, end, parent, has_words: false });
            if !is_empty {
                open.push(tree.elements.len() - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(splitting: &str, non_splitting: &str, ignored: &str, has_outline: bool) -> TagRules {
        let list = |names: &str| names.split_whitespace().map(str::to_string).collect();
        TagRules {
            splitting: list(splitting),
            non_splitting: list(non_splitting),
            ignored: list(ignored),
            has_outline,
        }
    }

    fn blocks(rules: &TagRules, text: &str, kept: Kept) -> Vec<String> {
        let document = rules.read(text, kept).unwrap().document;
        document.blocks().iter().map(|block| document.block_text(block).trim().into()).collect()
    }

    const PAGE: &str = "<doc><title>Ferry news</title><par>The <b>ferry</b> left.</par></doc>";

    #[test]
    fn elements_that_hold_elements_only_end_a_sentence() {
        let read = |rules: &TagRules| blocks(rules, PAGE, Kept::InSentence);
        assert_eq!(read(&rules("", "", "", true)), ["Ferry news", "The ferry left."]);
        assert_eq!(read(&rules("", "", "", false)), ["Ferry newsThe ferry left."]);
        assert_eq!(read(&rules("par", "", "", false)), ["Ferry news", "The ferry left."]);
        assert_eq!(read(&rules("b", "", "", true)), ["Ferry news", "The", "ferry", "left."]);
        let joined = "<doc><i>The</i> <i>ferry</i></doc>";
        let apart = blocks(&rules("", "", "", true), joined, Kept::InSentence);
        assert_eq!(apart, ["The", "ferry"]);
        let together = blocks(&rules("", "i", "", true), joined, Kept::InSentence);
        assert_eq!(together, ["The ferry"]);
    }

    #[test]
    fn words_that_stay_are_a_term_or_stand_apart() {
        let rules = rules("", "", "key code", true);
        let text = "<doc><par>Press <key>Send now</key> twice.</par><code>let a;</code></doc>";
        let read = rules.read(text, Kept::InSentence).unwrap();
        assert_eq!(read.terms, [Term { keep: true, ..Term::new("Send now", "Send now") }]);
        assert_eq!(blocks(&rules, text, Kept::InSentence), ["Press Send now twice."]);
        assert_eq!(blocks(&rules, text, Kept::Apart), ["Press", "twice."]);
        let kept = |words: &str| rules.has_kept(text, &format!("{words}<code>let a;</code>"));
        assert!(kept("<key>Send now</key>를 두 번 누르세요."));
        assert!(!kept("<key>지금 보내기</key>를 두 번 누르세요."));
        let twice = "a <key>B</key> c <key>B</key>";
        assert!(!rules.has_kept(twice, "<key>B</key>"));
    }

    #[test]
    fn text_that_is_no_xml_is_refused_with_its_line() {
        for text in ["<a>\n<b></a>", "<a>\n", "a\n</a>", "<a b=>\n</c>"] {
            let refused = rules("", "", "", true).read(text, Kept::InSentence);
            let Err(Failure::Invalid(message)) = refused else { panic!("{text} was read") };
            assert!(message.contains("(line "), "{message}");
        }
        let deep = "<a>".repeat(100_000);
        assert!(rules("", "", "", true).read(&deep, Kept::InSentence).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_without_a_change(
            text in "(<a>|</a>|<b x='1'>|</b>|<c/>|<!--d-->|&amp;|<!\\[CDATA\\[e\\]\\]>|[a-c가 \\n<&]){0,24}",
            kept in prop_oneof![Just(Kept::InSentence), Just(Kept::Apart)],
        ) {
            let rules = rules("c", "", "b", true);
            if let Ok(read) = rules.read(&text, kept) {
                prop_assert_eq!(read.document.rejoin(|_, _| None), text.clone());
            }
            let _ = rules.has_kept(&text, &text);
        }
    }
}
