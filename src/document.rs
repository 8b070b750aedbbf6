//! A text with its structure: plain data. Knows no file format, model or language.

mod inline;
mod package;
mod segments;
mod showing;
mod stage;
mod stages;

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub(crate) use inline::unescape;
pub use inline::{Inline, escape};
pub(crate) use package::Relabeled;
pub use package::{Package, Place};
pub use showing::Showing;
pub use stage::{Neighbors, Stage};

/// A range of bytes of a text, on character boundaries.
pub type Span = Range<usize>;

/// The role of a block in an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockKind {
    /// The headline.
    Title,
    /// Body text.
    Paragraph,
    /// Something around the article that is not part of it. The string says what, for the report:
    /// "navigation", "reporter e-mail".
    #[serde(rename = "Furniture")]
    Boilerplate(Cow<'static, str>),
    /// Text of a page outside its article: menus, other headlines. It is neither summarized nor
    /// translated.
    Outside,
    /// Not words: the language code of the text in a markup attribute; if empty, it has none yet.
    Language,
    /// Not words: what depends on how blocks near it were translated.
    Stage(Box<Stage>),
}

/// A block: a span of the document's text, without white space around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Its span in [`Document::text`].
    pub span: Span,
    /// Its role.
    pub kind: BlockKind,
    /// Its words, if the span contains tags or entities as well. In a package they are the words of
    /// the span, and the tags are in the package alone.
    pub inline: Option<Inline>,
    /// When it is on a screen, if it is a subtitle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Showing>,
    /// Its place in the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Code of its language, in a file that has the same text in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Cow<'static, str>>,
}

impl BlockKind {
    /// Boilerplate of a kind that a reader knows.
    pub fn boilerplate(what: &'static str) -> Self {
        Self::Boilerplate(what.into())
    }
}

impl Block {
    /// A block of plain words.
    pub fn new(span: Span, kind: BlockKind) -> Self {
        Self { span, kind, inline: None, shown: None, place: None, language: None }
    }

    /// A block whose span of `text` is the content of an XML or HTML element.
    pub fn from_markup(text: &str, span: Span, kind: BlockKind) -> Self {
        let inline = Some(Inline::read(&text[span.clone()]));
        Self { inline, ..Self::new(span, kind) }
    }
}

/// A text and its blocks, in order and without overlap. The bytes between blocks (white space,
/// tags, metadata) are kept: [`Document::rejoin`] replaces the blocks and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Document {
    text: String,
    blocks: Vec<Block>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    package: Option<Package>,
}

/// A deserialized document whose spans have not been checked against its text.
#[derive(Deserialize)]
struct Unchecked {
    text: String,
    blocks: Vec<Block>,
    #[serde(default)]
    package: Option<Package>,
}

impl TryFrom<Unchecked> for Document {
    type Error = String;

    fn try_from(Unchecked { text, blocks, package }: Unchecked) -> Result<Self, String> {
        let mut end = 0;
        for Block { span, inline, .. } in &blocks {
            let fits = span.start >= end && text.get(span.clone()).is_some();
            if !fits || inline.as_ref().is_some_and(|inline| !inline.is_sound()) {
                return Err(format!(
                    "a block at {}..{} lies outside its text",
                    span.start, span.end
                ));
            }
            end = span.end;
        }
        Ok(Self { text, blocks, package })
    }
}

/// Words of a text, and what stands for them in another: the spans in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// Where the words are in the source.
    pub source: Span,
    /// Where they are in the new text.
    pub target: Span,
    /// True if a network's attention says so, which counts only where the words do not recur.
    pub is_estimate: bool,
}

impl Counterpart {
    /// The same in longer texts, in which the source and the new text start at these bytes.
    pub(crate) fn shifted(self, source: usize, target: usize) -> Self {
        let by = |span: Span, start: usize| span.start + start..span.end + start;
        Self {
            source: by(self.source, source),
            target: by(self.target, target),
            is_estimate: self.is_estimate,
        }
    }
}

impl Document {
    /// A document of the given blocks.
    ///
    /// # Panics
    /// If spans overlap, are out of order or outside the text: a bug in the reader that made them,
    /// whatever its input was.
    pub fn new(text: String, blocks: Vec<Block>) -> Self {
        let mut end = 0;
        for block in &blocks {
            assert!(block.span.start >= end, "blocks are in order and do not overlap");
            assert!(
                text.get(block.span.clone()).is_some(),
                "a block lies on character borders within the text"
            );
            end = block.span.end;
        }
        Self { text, blocks, package: None }
    }

    /// The same document with the package that it was read from.
    pub(crate) fn in_package(self, package: Package) -> Self {
        Self { package: Some(package), ..self }
    }

    /// The package that the document was read from: its blocks have places in it.
    pub fn package(&self) -> Option<&Package> {
        self.package.as_ref()
    }

    /// A document in which every line that is not blank is a paragraph.
    ///
    /// ```
    /// use malmoi::document::Document;
    /// assert_eq!(Document::from_lines("One.\n\n Two. ".into()).blocks().len(), 2);
    /// ```
    pub fn from_lines(text: String) -> Self {
        let mut blocks = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let words = line.trim();
            if !words.is_empty() {
                let first = start + (line.len() - line.trim_start().len());
                blocks.push(Block::new(first..first + words.len(), BlockKind::Paragraph));
            }
            start += line.len();
        }
        Self::new(text, blocks)
    }

    /// The whole text as read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every block, boilerplate included.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The words of a block.
    pub fn block_text<'a>(&'a self, block: &'a Block) -> &'a str {
        block.inline.as_ref().map_or(&self.text[block.span.clone()], Inline::text)
    }

    /// The headline, if one was recognized.
    pub fn title(&self) -> Option<&str> {
        self.blocks.iter().find(|b| b.kind == BlockKind::Title).map(|b| self.block_text(b))
    }

    /// The same text with its first block as the only headline, if that block is `title`.
    pub(crate) fn with_title(mut self, title: &str) -> Self {
        for index in 0..self.blocks.len() {
            let is_title = index == 0 && self.block_text(&self.blocks[0]) == title;
            let block = &mut self.blocks[index];
            if is_title {
                block.kind = BlockKind::Title;
            } else if block.kind == BlockKind::Title {
                block.kind = BlockKind::Paragraph;
            }
        }
        self
    }

    /// The article: headline and paragraphs, separated by blank lines.
    pub fn article(&self) -> String {
        let texts: Vec<&str> = self.content().map(|block| self.block_text(block)).collect();
        texts.join("\n\n")
    }

    /// The blocks of the article: headline and paragraphs.
    pub fn content(&self) -> impl Iterator<Item = &Block> {
        self.blocks
            .iter()
            .filter(|block| matches!(block.kind, BlockKind::Title | BlockKind::Paragraph))
    }

    /// Blocks recognized as boilerplate: kind and text.
    pub fn boilerplate(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks.iter().filter_map(|block| match &block.kind {
            BlockKind::Boilerplate(what) => Some((what.as_ref(), self.block_text(block))),
            _ => None,
        })
    }

    /// The same text with blocks of other languages left outside the article. A text without blocks
    /// marked as of this language stays as it is.
    pub fn in_language(&self, code: &str) -> Cow<'_, Self> {
        let is = |block: &Block| block.language.as_deref().map(|language| language == code);
        if !self.blocks.iter().any(|block| is(block) == Some(true)) {
            return Cow::Borrowed(self);
        }
        let mut one = self.clone();
        let others = one.blocks.iter_mut().filter(|block| is(block) == Some(false));
        others.for_each(|block| block.kind = BlockKind::Outside);
        Cow::Owned(one)
    }

    /// The same text with its language codes (`en`, `en-US`) changed from one language to another.
    ///
    /// ```
    /// use malmoi::document::{Block, Document, BlockKind};
    /// let language = Block::new(9..14, BlockKind::Language);
    /// let blocks = vec![language, Block::new(16..19, BlockKind::Paragraph)];
    /// let page = Document::new("<p lang='en-US'>One</p>".into(), blocks).relabeled("en", "ko");
    /// assert_eq!(page.text(), "<p lang='ko'>One</p>");
    /// assert_eq!(page.block_text(&page.blocks()[0]), "One");
    /// ```
    pub fn relabeled(&self, from: &str, to: &str) -> Self {
        let languages = Relabeled { from: from.to_string(), to: to.to_string() };
        let mut text = String::with_capacity(self.text.len());
        let mut blocks = Vec::with_capacity(self.blocks.len());
        let mut end = 0;
        for block in &self.blocks {
            text.push_str(&self.text[end..block.span.start]);
            let here = &self.text[block.span.clone()];
            let start = text.len();
            let code = languages.code(here).filter(|_| block.kind == BlockKind::Language);
            text.push_str(code.unwrap_or(here));
            if block.kind != BlockKind::Language {
                blocks.push(Block { span: start..text.len(), ..block.clone() });
            }
            end = block.span.end;
        }
        text.push_str(&self.text[end..]);
        let package = self.package.as_ref().map(|package| package.with_languages(&languages));
        Self { text, blocks, package }
    }

    /// The same document with new words for some blocks, in their tags; `None` keeps a block. A
    /// block without words is none in the result.
    pub(crate) fn with_words(&self, mut words: impl FnMut(&Block) -> Option<String>) -> Self {
        let mut text = String::with_capacity(self.text.len());
        let mut blocks = Vec::with_capacity(self.blocks.len());
        let mut package = self.package.clone();
        let mut end = 0;
        for block in &self.blocks {
            text.push_str(&self.text[end..block.span.start]);
            end = block.span.end;
            let start = text.len();
            let words = words(block);
            let is_empty = words.as_ref().is_some_and(String::is_empty);
            let mut inline = block.inline.clone();
            match words {
                Some(words) => {
                    let (marked, _) = self.with_markup(block, words.clone());
                    if let (Some(package), Some(place)) = (&mut package, &block.place) {
                        inline = inline.map(|_| Inline::marked(&marked));
                        package.set(place, marked);
                        text.push_str(&words);
                    } else {
                        inline = inline.map(|_| Inline::read(&marked));
                        text.push_str(&marked);
                    }
                }
                None => text.push_str(&self.text[block.span.clone()]),
            }
            if !is_empty {
                blocks.push(Block { span: start..text.len(), inline, ..block.clone() });
            }
        }
        text.push_str(&self.text[end..]);
        Self { text, blocks, package }
    }

    /// New words for a block: with the block's tags around them, and the tags that have no place
    /// among them.
    pub fn with_markup<'b>(&self, block: &'b Block, words: String) -> (String, Vec<&'b str>) {
        self.with_markup_at(block, words, &[])
    }

    /// The same where it is known for some words of the block what stands for them.
    pub fn with_markup_at<'b>(
        &self,
        block: &'b Block,
        words: String,
        counterparts: &[Counterpart],
    ) -> (String, Vec<&'b str>) {
        match &block.inline {
            Some(inline) => inline.put_at(&words, counterparts),
            None => (words, Vec::new()),
        }
    }

    /// The text with each block replaced by the result of `replace`; `None` keeps it. The bytes
    /// between blocks are kept. The text of a package is its words alone.
    ///
    /// ```
    /// use malmoi::document::{Block, Document, BlockKind};
    /// let title = Block::new(0..1, BlockKind::Title);
    /// let blocks = vec![title, Block::new(3..4, BlockKind::Paragraph)];
    /// let document = Document::new("a\n\nb\n".into(), blocks);
    /// assert_eq!(document.rejoin(|index, _| (index == 1).then(|| "B".to_string())), "a\n\nB\n");
    /// ```
    pub fn rejoin(&self, mut replace: impl FnMut(usize, &Block) -> Option<String>) -> String {
        let is_packed = self.package.is_some();
        self.rejoin_marked(|index, block| {
            let words = replace(index, block)?;
            Some(if is_packed { words } else { self.with_markup(block, words).0 })
        })
    }

    /// The same with blocks that have their tags.
    pub(crate) fn rejoin_marked(
        &self,
        mut replace: impl FnMut(usize, &Block) -> Option<String>,
    ) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut end = 0;
        for (index, block) in self.blocks.iter().enumerate() {
            out.push_str(&self.text[end..block.span.start]);
            match replace(index, block) {
                Some(text) => out.push_str(&text),
                None => out.push_str(&self.text[block.span.clone()]),
            }
            end = block.span.end;
        }
        out.push_str(&self.text[end..]);
        out
    }
}
