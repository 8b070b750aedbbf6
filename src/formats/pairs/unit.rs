//! Translation units: a text with its translation and what a memory knows of them. Knows no file
//! syntax beyond the names of properties.

use chrono::{DateTime, Datelike as _, NaiveDateTime};
use serde::{Deserialize, Serialize};

use super::TaggedText;
use crate::language::Language;

/// A translation unit of a memory.
///
/// Everything that TMX and XLIFF say of a unit is kept, so that writing a unit and reading it again
/// gives the same unit; [`place`](Self::place) alone belongs to the file.
///
/// ```
/// use malmoi::formats::pairs::{Side, Unit};
/// let unit = Unit {
///     source: Side::new("en-US", "The ferry opened."),
///     target: Side::new("ko", "나룻배가 운항을 시작했다."),
///     ..Unit::default()
/// };
/// assert_eq!(unit.source.text.text(), "The ferry opened.");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unit {
    /// Position in the file: "line 12".
    pub place: String,
    /// Identifier in the file: `tuid`, or the ids of the unit and its segment ("u1/s2").
    pub id: Option<String>,
    /// The text that was translated.
    pub source: Side,
    /// Its translation; empty if there is none yet.
    pub target: Side,
    /// The same text in further languages, and further translations.
    pub others: Vec<Side>,
    /// Stage of the translation, if the file names one.
    pub status: Option<Status>,
    /// Name of the model that made the translation; `None` for the work of people.
    pub model: Option<String>,
    /// Name of the document it is from: a file, the id of an article.
    pub document: Option<String>,
    /// History, notes and properties of the unit as a whole.
    pub details: Details,
}

/// A text of a unit in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Side {
    /// Language code as the file writes it: `ko-KR`, `EN-US`.
    pub language: String,
    /// The text with its tags.
    pub text: TaggedText,
    /// History, notes and properties of this text.
    pub details: Details,
}

/// What a file says about a unit or one of its texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Date of creation as written; TMX writes UTC as `20261130T054500Z`.
    pub created: Option<String>,
    /// Name of the creator (`creationid`).
    pub created_by: Option<String>,
    /// Date of the last change.
    pub changed: Option<String>,
    /// Name of the person who changed it last (`changeid`).
    pub changed_by: Option<String>,
    /// Date of the last use.
    pub last_used: Option<String>,
    /// Number of uses.
    pub usage_count: Option<u64>,
    /// Notes in file order.
    pub notes: Vec<Note>,
    /// Properties in file order.
    pub props: Vec<Prop>,
    /// All other attributes, by their names: `segtype`, `datatype`, `o-encoding`.
    pub attributes: Vec<(String, String)>,
}

/// A note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// Its words.
    pub text: String,
    /// Attributes of the element: `xml:lang`, `category`.
    pub attributes: Vec<(String, String)>,
}

/// A property: a named value of a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prop {
    /// Its name (`type`): `x-context`, `x-document`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Further attributes of the element: `xml:lang`.
    pub attributes: Vec<(String, String)>,
}

/// Stage of a translation, in the order of XLIFF 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not translated, or a draft.
    Initial,
    /// Translated, and not reviewed.
    Translated,
    /// Reviewed by a second person.
    Reviewed,
    /// Approved for publication.
    Final,
}

/// Property that holds a unit's [`Status`] in TMX.
pub(super) const STATE_PROP: &str = "x-state";
/// Property that holds a unit's model in TMX.
pub(super) const MODEL_PROP: &str = "x-model";
/// Property that holds the name of a unit's document in TMX, as memoQ writes it.
pub(super) const DOCUMENT_PROP: &str = "x-document";
/// Property of Trados that holds the stage of a translation.
const CONFIRMATION_PROP: &str = "x-ConfirmationLevel";

impl Status {
    /// The name in XLIFF 2: `initial`, `translated`, `reviewed`, `final`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Translated => "translated",
            Self::Reviewed => "reviewed",
            Self::Final => "final",
        }
    }

    /// The stage of a name in XLIFF 2, XLIFF 1.2 or Trados; `None` for unknown names.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "initial"
            | "new"
            | "needs-translation"
            | "needs-adaptation"
            | "needs-l10n"
            | "Unspecified"
            | "Draft"
            | "RejectedTranslation" => Self::Initial,
            "translated"
            | "needs-review-translation"
            | "needs-review-adaptation"
            | "needs-review-l10n"
            | "Translated"
            | "RejectedSignOff" => Self::Translated,
            "reviewed" | "signed-off" | "ApprovedTranslation" => Self::Reviewed,
            "final" | "ApprovedSignOff" => Self::Final,
            _ => return None,
        })
    }
}

impl Side {
    /// A text without tags and details.
    pub fn new(language: impl Into<String>, text: impl Into<TaggedText>) -> Self {
        Self { language: language.into(), text: text.into(), details: Details::default() }
    }

    /// The language of the text, if malmoi works in it.
    pub fn known_language(&self) -> Option<Language> {
        language_of(&self.language)
    }
}

impl Details {
    /// The value of a property.
    pub fn prop(&self, name: &str) -> Option<&str> {
        self.props.iter().find(|prop| prop.name == name).map(|prop| prop.value.as_str())
    }

    /// Dates, names and uses that are known, by the names that TMX has for them.
    pub(super) fn history(&self) -> Vec<(&'static str, String)> {
        let history = [
            ("creationdate", self.created.clone()),
            ("creationid", self.created_by.clone()),
            ("changedate", self.changed.clone()),
            ("changeid", self.changed_by.clone()),
            ("lastusagedate", self.last_used.clone()),
            ("usagecount", self.usage_count.map(|count| count.to_string())),
        ];
        history.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Adds an attribute by the name that TMX has for it; what has no field, or cannot be read as
    /// one, stays an attribute.
    pub(super) fn add(&mut self, name: String, value: String) {
        let field = match name.as_str() {
            "creationdate" => &mut self.created,
            "creationid" => &mut self.created_by,
            "changedate" => &mut self.changed,
            "changeid" => &mut self.changed_by,
            "lastusagedate" => &mut self.last_used,
            "usagecount" if self.usage_count.is_none() => match value.trim().parse() {
                Ok(count) => return self.usage_count = Some(count),
                Err(_) => return self.attributes.push((name, value)),
            },
            _ => return self.attributes.push((name, value)),
        };
        match field {
            None => *field = Some(value),
            Some(_) => self.attributes.push((name, value)),
        }
    }

    /// Removes a property without further attributes, and returns its value.
    pub(super) fn take_prop(&mut self, name: &str) -> Option<String> {
        let is_it = |prop: &Prop| prop.name == name && prop.attributes.is_empty();
        let at = self.props.iter().position(is_it)?;
        Some(self.props.remove(at).value)
    }
}

impl Unit {
    /// The value of a property of the unit, its target or its source, looked for in this order.
    pub fn prop(&self, name: &str) -> Option<&str> {
        self.in_order().find_map(|details| details.prop(name))
    }

    /// Name of the person who worked on the translation last.
    pub fn author(&self) -> Option<&str> {
        let changed = [&self.target.details, &self.details].into_iter();
        let changed = changed.filter_map(|details| details.changed_by.as_deref()).next();
        changed.or_else(|| self.in_order().find_map(|details| details.created_by.as_deref()))
    }

    /// Date of the last change or of the creation, as written.
    pub fn date(&self) -> Option<&str> {
        let dates = [&self.target.details, &self.details];
        let changed = dates.iter().find_map(|details| details.changed.as_deref());
        changed.or_else(|| dates.iter().find_map(|details| details.created.as_deref()))
    }

    /// The texts before and after the source in its document, as OmegaT and memoQ keep them.
    pub fn context(&self) -> (Option<&str>, Option<&str>) {
        let first = |names: &[&str]| names.iter().find_map(|name| self.prop(name));
        (first(&["prev", "x-context-pre"]), first(&["next", "x-context-post"]))
    }

    fn in_order(&self) -> impl Iterator<Item = &Details> {
        [&self.details, &self.target.details, &self.source.details].into_iter()
    }

    /// The stage that properties of other tools name.
    pub(super) fn status_of_props(&self) -> Option<Status> {
        Status::parse(self.prop(CONFIRMATION_PROP)?)
    }
}

/// The language of a code with or without region: `EN-US`, `ko_KR`, `eng`, `kor`.
pub(super) fn language_of(code: &str) -> Option<Language> {
    let code = code.trim();
    // No code is that long, and each unit of a file repeats it.
    if code.len() > 64 {
        return None;
    }
    let primary = code.split(['-', '_']).next().unwrap_or_default();
    match primary.to_ascii_lowercase().as_str() {
        "eng" => Some(Language::English),
        "kor" => Some(Language::Korean),
        _ => Language::parse(code).ok(),
    }
}

/// The form of dates in TMX, in UTC.
const DATE: &str = "%Y%m%dT%H%M%SZ";

/// Seconds since 1970 of a date as TMX writes it, or in RFC 3339; `None` for others.
pub(crate) fn seconds(date: &str) -> Option<i64> {
    let tmx = NaiveDateTime::parse_from_str(date, DATE).map(|date| date.and_utc().timestamp());
    let given = || DateTime::parse_from_rfc3339(date).ok().map(|date| date.timestamp());
    tmx.ok().or_else(given)
}

/// The date of a number of seconds since 1970, as TMX writes it.
pub(crate) fn tmx_date(seconds: i64) -> Option<String> {
    let date = DateTime::from_timestamp(seconds, 0)?;
    (0..10_000).contains(&date.year()).then(|| date.format(DATE).to_string())
}

/// Language codes of a file, for what its units do not say.
pub(super) struct Languages {
    pub from: String,
    pub to: String,
}
