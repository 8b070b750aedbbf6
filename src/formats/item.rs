//! The result of reading: an article with its source's data, or a part of the input that could not
//! be read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::document::Document;

/// Size limit of one article or one feed, in bytes: far above real ones, against hostile input.
pub const MAX_BYTES: u64 = 64 << 20;

/// An article, or the reason why a part of the input is not one.
pub type ItemResult = Result<Item, Unreadable>;

/// An iterator over the articles of an input.
pub type ItemStream = Box<dyn Iterator<Item = ItemResult> + Send>;

/// An article with the data its source gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Identifier in the source: a guid, a document number.
    pub id: Option<String>,
    /// Version of the article.
    pub version: Option<String>,
    /// Web address of the article.
    pub link: Option<String>,
    /// Publication date, as written in the source.
    pub published: Option<String>,
    /// Slug: a newsroom's short name of the article.
    pub slug: Option<String>,
    /// Form of the text.
    pub form: Form,
    /// Notes about damage in the source that does not affect the text, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The text with its blocks.
    pub document: Document,
}

impl From<Document> for Item {
    fn from(document: Document) -> Self {
        Self { document, ..Self::default() }
    }
}

/// Form of an article's text, and so of the output of [`Document::rejoin`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Paragraphs of plain text, from a field of a record or feed.
    #[default]
    Words,
    /// An HTML fragment, from a field of a feed.
    Html,
    /// A whole file, with its file name extension.
    File(Cow<'static, str>),
}

/// A part of an input that could not be read as an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Position in the input: "line 12".
    pub place: String,
    /// Reason, as it follows the position in a message.
    pub reason: String,
    /// The first bytes of the part, for the user to recognize it.
    pub raw: String,
}
