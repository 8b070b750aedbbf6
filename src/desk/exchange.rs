//! Units of the memory as units of files of pairs, with the inline tags, properties and history
//! that a file gave them.

use super::unit::{Origin, Unit};
use crate::formats::pairs::{self, Side, Status};
use crate::language::LanguagePair;

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
        new.changed = unit.date().and_then(pairs::seconds).unwrap_or(0);
        new.details = serde_json::to_string(&unit).ok();
        Some(new)
    }

    /// The unit for a file: as it was read from one, with what was changed since, or new.
    pub fn to_file(&self) -> pairs::Unit {
        let kept = self.details.as_deref().and_then(|details| serde_json::from_str(details).ok());
        let is_new = kept.is_none();
        let mut unit: pairs::Unit = kept.unwrap_or_else(|| pairs::Unit {
            source: Side::new(self.from.code(), ""),
            target: Side::new(self.to.code(), ""),
            ..pairs::Unit::default()
        });
        for (side, text) in [(&mut unit.source, &self.source), (&mut unit.target, &self.target)] {
            if side.text.text() != *text {
                side.text = text.clone().into();
            }
        }
        let is_later = unit.date().and_then(pairs::seconds).is_some_and(|date| date < self.changed);
        if is_new || is_later {
            let of_target = &unit.target.details;
            let is_there = of_target.changed.is_some() || of_target.changed_by.is_some();
            let details = if is_there { &mut unit.target.details } else { &mut unit.details };
            details.changed = pairs::tmx_date(self.changed).filter(|_| self.changed > 0);
            match self.origin {
                Origin::Machine => unit.model.clone_from(&self.by),
                _ => details.changed_by.clone_from(&self.by),
            }
        }
        let note = self
            .note
            .iter()
            .filter(|note| unit.details.notes.first().is_none_or(|first| first.text != **note));
        let note = note.map(|text| pairs::Note { text: text.clone(), ..Default::default() });
        let notes: Vec<_> = note.collect();
        unit.details.notes.splice(0..0, notes);
        if self.origin == Origin::Confirmed {
            unit.status = unit.status.max(Some(Status::Final));
        }
        unit
    }
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

    #[test]
    fn what_was_changed_since_it_was_imported_is_exported() {
        let languages = PairLanguages::default();
        let mut found = pairs::units(TMX.as_bytes(), "a.tmx", languages).unwrap();
        let mut unit = Unit::from_file(found.next().unwrap().unwrap(), false).unwrap();
        unit.target = "여객선이 출항했다.".into();
        unit.changed += 60;
        (unit.by, unit.note) = (Some("kim".into()), Some("of the desk".into()));
        let file = unit.to_file();
        assert_eq!(file.source.text.placeholders(), "The <1>ferry</1> left.");
        assert_eq!(file.target.text.text(), "여객선이 출항했다.");
        assert_eq!((file.author(), file.date()), (Some("kim"), Some("20261130T054600Z")));
        let notes: Vec<&str> = file.details.notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(notes, ["of the desk", "check"]);
        assert_eq!(file.prop("x-context"), Some("port"));
    }

    #[test]
    fn dates_in_other_forms_are_read() {
        for date in ["20261130T054500Z", "2026-11-30T05:45:00Z", "2026-11-30T14:45:00+09:00"] {
            let text = TMX.replace("20261130T054500Z", date);
            let source = std::io::Cursor::new(text);
            let mut found = pairs::units(source, "a.tmx", PairLanguages::default()).unwrap();
            let unit = Unit::from_file(found.next().unwrap().unwrap(), false).unwrap();
            assert_eq!(unit.changed, 1_796_017_500, "{date}");
        }
    }
}
