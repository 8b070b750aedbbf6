//! The result of reading: an article with its source's data, or the part of an input that could not
//! be read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::document::Document;

/// An article of an input, or what stood in its place.
pub type ItemResult = Result<Item, Unreadable>;

/// Articles as they come.
pub type ItemStream = Box<dyn Iterator<Item = ItemResult> + Send>;

/// An article and what its source says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What the source calls it: a guid, a document number.
    pub id: Option<String>,
    /// Which version of it this is.
    pub version: Option<String>,
    /// Where it can be read.
    pub link: Option<String>,
    /// When it was published, as the source writes it.
    pub published: Option<String>,
    /// The few words a newsroom calls it by.
    pub slug: Option<String>,
    /// What its text is.
    pub form: Form,
    /// What was wrong with its source and is not with its words: a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Its words.
    pub document: Document,
}

impl From<Document> for Item {
    fn from(document: Document) -> Self {
        Self { document, ..Self::default() }
    }
}

/// What the text of an article is, and so what [`Document::rejoin`] gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Words in paragraphs, from a field of something.
    #[default]
    Words,
    /// A piece of HTML, from a field of something.
    Html,
    /// A file, with the ending its name should have.
    File(Cow<'static, str>),
}

/// A part of an input that is no article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it stands: "line 12".
    pub place: String,
    /// Why it cannot be read.
    pub reason: String,
    /// Its beginning, to recognize it by.
    pub raw: String,
}
