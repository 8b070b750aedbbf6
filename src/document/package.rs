//! A document in a package: an office file, of which the text is one part.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where a block stands in a package: a span of the words of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Number of the paragraph, as the reader counts.
    pub paragraph: usize,
    /// The block's bytes of its words.
    pub span: Range<usize>,
}

/// The file that a document was read from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Name of its format.
    pub format: String,
    /// The file.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub bytes: Arc<[u8]>,
    /// Words with tags for places that have changed since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<(Place, String)>,
    /// What its codes of languages become.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relabeled: Option<Relabeled>,
}

/// A change of the codes of languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relabeled {
    /// Code of the language of the source.
    pub from: String,
    /// Code of the new language.
    pub to: String,
}

impl Relabeled {
    /// The new code in place of an old one, if that names the language of the source or none.
    pub fn code(&self, old: &str) -> Option<&str> {
        let code = old.trim().split(['-', '_']).next().unwrap_or_default();
        (code.is_empty() || code.eq_ignore_ascii_case(&self.from)).then_some(&*self.to)
    }
}

impl Package {
    /// A package as read.
    pub fn new(format: &str, bytes: &[u8]) -> Self {
        Self {
            format: format.to_string(),
            bytes: bytes.into(),
            changed: Vec::new(),
            relabeled: None,
        }
    }

    /// Sets the words of a place, with their tags.
    pub(super) fn set(&mut self, place: &Place, marked: String) {
        self.changed.push((place.clone(), marked));
    }

    /// The same package, whose codes of languages will be others.
    pub(super) fn with_languages(&self, languages: &Relabeled) -> Self {
        Self { relabeled: Some(languages.clone()), ..self.clone() }
    }

    /// What the codes of languages become; `None` if they stay.
    pub(crate) fn relabeled(&self) -> Option<&Relabeled> {
        self.relabeled.as_ref()
    }

    /// Places whose words are not those of the file, with their tags; later ones count.
    pub(crate) fn changed(&self) -> &[(Place, String)] {
        &self.changed
    }
}

impl std::fmt::Debug for Package {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Package({}, {} bytes)", self.format, self.bytes.len())
    }
}

fn to_base64<S: Serializer>(bytes: &Arc<[u8]>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<[u8]>, D::Error> {
    let text = String::deserialize(from)?;
    let bytes = BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)?;
    Ok(bytes.into())
}
