//! Units of the memory as units of files of pairs, with the inline tags, properties and history
//! that a file gave them.

use chrono::{DateTime, NaiveDateTime};

use super::unit::{Origin, Unit};
use crate::formats::pairs::{self, Side, Status};
use crate::language::LanguagePair;

/// The form of dates in TMX, in UTC.
const DATE: &str = "%Y%m%dT%H%M%SZ";

impl Unit {
    /// The unit of a file; `None` without two texts in English and Korean. What a model wrote is a
    /// machine's; what was reviewed, or is `confirmed`, a person has confirmed.
    pub fn from_file(unit: pairs::Unit, confirmed: bool) -> Option<Self> {
        let from = unit.source.known_language();
        let to = unit.target.known_language();
        let from = from.or_else(|| Some(to?.other()))?;
        let to = to.unwrap_or(from.other());
        let (source, target) = (unit.source.text.text(), unit.target.text.text());
        if from == to || source.trim().is_empty() || target.trim().is_empty() {
            return None;
        }
        let is_reviewed = unit.status.is_some_and(|status| status >= Status::Reviewed);
        let origin = match () {
            () if confirmed || is_reviewed => Origin::Confirmed,
            () if unit.model.is_some() => Origin::Machine,
            () => Origin::Imported,
        };
        let mut new = Self::new(LanguagePair { from, to }, source, target, origin);
        new.by = unit.model.clone().or_else(|| unit.author().map(str::to_string));
        new.note = unit.details.notes.first().map(|note| note.text.clone());
        new.changed = unit.date().and_then(seconds).unwrap_or(0);
        new.details = serde_json::to_string(&unit).ok();
        Some(new)
    }

    /// The unit for a file: as it was read from one, or new.
    pub fn to_file(&self) -> pairs::Unit {
        let kept = self.details.as_deref().and_then(|details| serde_json::from_str(details).ok());
        let mut unit: pairs::Unit = kept.unwrap_or_else(|| {
            let mut unit = pairs::Unit {
                source: Side::new(self.from.code(), &*self.source),
                target: Side::new(self.to.code(), &*self.target),
                ..pairs::Unit::default()
            };
            unit.details.changed =
                DateTime::from_timestamp(self.changed, 0).map(|at| at.format(DATE).to_string());
            match self.origin {
                Origin::Machine => unit.model.clone_from(&self.by),
                _ => unit.details.changed_by.clone_from(&self.by),
            }
            let note = |text: &String| pairs::Note { text: text.clone(), ..Default::default() };
            unit.details.notes.extend(self.note.as_ref().map(note));
            unit
        });
        if self.origin == Origin::Confirmed {
            unit.status = unit.status.max(Some(Status::Final));
        }
        unit
    }
}

/// Seconds since 1970 of a date in TMX.
fn seconds(date: &str) -> Option<i64> {
    NaiveDateTime::parse_from_str(date, DATE).ok().map(|date| date.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::PairLanguages;
    use crate::language::Language;

    const TMX: &str = "<tmx version=\"1.4\"><header srclang=\"en\"/><body>\
        <tu tuid=\"u1\" changedate=\"20261130T054500Z\" changeid=\"han\"><note>check</note>\
        <prop type=\"x-context\">port</prop><tuv xml:lang=\"en-US\"><seg>The <bpt i=\"1\">&lt;b&gt;</bpt>ferry\
        <ept i=\"1\">&lt;/b&gt;</ept> left.</seg></tuv><tuv xml:lang=\"ko-KR\"><seg><bpt i=\"1\">&lt;b&gt;</bpt>여객선\
        <ept i=\"1\">&lt;/b&gt;</ept>이 떠났다.</seg></tuv></tu></body></tmx>";

    #[test]
    fn a_unit_of_a_file_keeps_its_tags_on_the_way_through_the_memory() {
        let languages = PairLanguages::default();
        let mut found = pairs::units(TMX.as_bytes(), "a.tmx", languages).unwrap();
        let of_file = found.next().unwrap().unwrap();
        let unit = Unit::from_file(of_file.clone(), false).unwrap();
        assert_eq!((&*unit.source, &*unit.target), ("The ferry left.", "여객선이 떠났다."));
        assert_eq!((unit.by.as_deref(), unit.note.as_deref()), (Some("han"), Some("check")));
        assert_eq!((unit.changed, unit.origin), (1_796_017_500, Origin::Imported));
        assert_eq!(unit.to_file(), of_file);
    }

    #[test]
    fn origins_survive_a_file() {
        let languages = LanguagePair { from: Language::English, to: Language::Korean };
        for origin in Origin::ALL {
            let mut unit = Unit::new(languages, "Ferries", "여객선", origin);
            (unit.by, unit.changed) = (Some("x".into()), 86_400);
            let back = Unit::from_file(unit.to_file(), false).unwrap();
            assert_eq!((back.origin, back.by, back.changed), (origin, unit.by, unit.changed));
        }
    }
}
