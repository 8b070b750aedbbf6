//! Units of the memory as units of files of pairs, with the inline tags, properties and history
//! that a file gave them.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::unit::{Origin, Unit};
use crate::document::Counterpart;
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
        let (has_source, has_target) = (!source.trim().is_empty(), !target.trim().is_empty());
        // A unit of tags alone says nothing, and is kept for its export.
        let is_markup = !has_source
            && !has_target
            && unit.source.text.has_tags()
            && unit.target.text.has_tags();
        if from == to || !(has_source && has_target || is_markup) {
            return None;
        }
        // The details of tags alone make a unit unique, wherever it is in its file.
        let place = if is_markup { String::new() } else { unit.place.clone() };
        let unit = pairs::Unit { place, ..unit };
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

    /// Words between tags that source and translation share, by the file that the unit is from;
    /// the spans are those of the texts without white space at their ends.
    pub(crate) fn counterparts(&self) -> Vec<Counterpart> {
        let details = self.details.as_deref();
        let kept = details.and_then(|kept| serde_json::from_str::<pairs::Unit>(kept).ok());
        let Some(kept) = kept else { return Vec::new() };
        let is = |side: &Side, text: &str| side.text.text() == text;
        let (source, target) = match (&kept.source, &kept.target) {
            (one, other) if is(one, &self.source) && is(other, &self.target) => (one, other),
            (one, other) if is(other, &self.source) && is(one, &self.target) => (other, one),
            _ => return Vec::new(),
        };
        let mut elements: HashMap<String, VecDeque<Range<usize>>> = HashMap::new();
        for (name, span) in source.text.elements() {
            elements.entry(name).or_default().push_back(span);
        }
        let found = target.text.elements().into_iter().filter_map(|(name, target)| {
            let source = elements.get_mut(&name)?.pop_front()?;
            let (source, target) = (within(&self.source, source), within(&self.target, target));
            Some(Counterpart { source, target, is_estimate: false })
        });
        found.collect()
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

/// A span of a text as one of the text without white space at its ends.
fn within(text: &str, span: Range<usize>) -> Range<usize> {
    let (start, length) = (text.len() - text.trim_start().len(), text.trim().len());
    let place = |at: usize| at.saturating_sub(start).min(length);
    place(span.start)..place(span.end)
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
    fn words_between_the_same_tags_are_counterparts_in_both_directions() {
        let of = |text: &'static str| {
            let mut found =
                pairs::units(text.as_bytes(), "a.tmx", PairLanguages::default()).unwrap();
            Unit::from_file(found.next().unwrap().unwrap(), false).unwrap()
        };
        let said = |unit: &Unit| -> Vec<(String, String)> {
            let words = |text: &str, span: Range<usize>| text.trim()[span].to_string();
            let pair = |one: Counterpart| {
                (words(&unit.source, one.source), words(&unit.target, one.target))
            };
            unit.counterparts().into_iter().map(pair).collect()
        };
        let unit = of(TMX);
        assert_eq!(said(&unit), [("ferry".into(), "여객선".into())]);
        assert_eq!(said(&unit.turned_around()), [("여객선".into(), "ferry".into())]);
        let two = "<tmx version=\"1.4\"><header srclang=\"en\"/><body><tu><tuv xml:lang=\"en\"><seg> \
            <hi><bpt i=\"1\" x=\"8\">b</bpt>Han</hi><ept i=\"1\">b</ept> left <bpt i=\"2\" x=\"9\">i</bpt>\
            Haemin<ept i=\"2\">i</ept></seg></tuv><tuv xml:lang=\"ko\"><seg><bpt i=\"1\" x=\"9\">i</bpt>해민\
            <ept i=\"1\">i</ept>을 떠난 <bpt i=\"2\" x=\"8\">b</bpt>한<ept i=\"2\">b</ept> \
            </seg></tuv></tu></body></tmx>";
        let expected = [("Haemin", "해민"), ("Han", "한")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(said(&of(two)), expected);
        let mut changed = of(two);
        changed.target = "한이 떠났다".into();
        assert_eq!(changed.counterparts(), []);
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
