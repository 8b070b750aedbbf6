//! Bilingual files of a batch for translators' tools: each pair of an item is a unit. Knows what a
//! unit says of a result; knows no file format.

use std::io::{Result, Write};

use super::result::{BilingualPair, Line, PairedTranslation};
use crate::desk::Origin;
use crate::finding::{Finding, Severity};
use crate::formats::pairs::{ExchangeFormat, Note, Prop, Side, Status, Unit, UnitWriter};
use crate::language::Language;

/// Property of a unit that was reused from the desk's memory: `imported` or `confirmed`.
const ORIGIN_PROP: &str = "x-origin";

/// Name of the file of a format.
pub(super) fn file_name(format: &ExchangeFormat) -> String {
    format!("pairs.{}", format.name)
}

/// Writes the pairs of the items that `for_each_item` visits, and returns their number. Their
/// language is the other one than `to`.
pub(super) fn write(
    format: &'static ExchangeFormat,
    out: &mut dyn Write,
    to: Language,
    for_each_item: impl FnOnce(&mut dyn FnMut(&Line) -> Result<()>) -> Result<()>,
) -> Result<u64> {
    let mut writer = UnitWriter::new(out, format, to.other().code(), to.code())?;
    for_each_item(&mut |line| {
        let pairs = line.translation.iter().flat_map(|translation| &translation.pairs);
        pairs.enumerate().try_for_each(|(index, pair)| writer.write(&unit(line, pair, index)))
    })?;
    Ok(writer.finish()?.units)
}

/// The unit of a pair. Doubts are its notes; those about the whole item are with its first pair.
fn unit(line: &Line, pair: &BilingualPair, index: usize) -> Unit {
    let reused = pair.memory.as_ref().and_then(|memory| memory.reused);
    let translation = line.translation.as_ref();
    let doubts: Vec<&Finding> =
        translation.map(|translation| doubts(translation, index).collect()).unwrap_or_default();
    let is_unusable = doubts.iter().any(|doubt| doubt.severity == Severity::Critical);
    let status = match reused {
        _ if is_unusable => Status::Initial,
        Some(Origin::Confirmed) => Status::Final,
        _ => Status::Translated,
    };
    let model = translation.filter(|_| reused.is_none_or(|origin| origin == Origin::Machine));
    let mut unit = Unit {
        id: Some(format!("{}/{}", line.id, index + 1)),
        document: Some(line.id.clone()),
        source: Side::new(&*line.from, &*pair.source),
        target: Side::new(&*line.to, &*pair.text),
        status: Some(status),
        model: model.map(|translation| translation.model.clone()),
        ..Unit::default()
    };
    unit.details.notes.extend(doubts.into_iter().map(note));
    unit.details.props.extend(reused.map(|origin| Prop {
        name: ORIGIN_PROP.to_string(),
        value: origin.as_str().to_string(),
        attributes: Vec::new(),
    }));
    unit
}

fn doubts(translation: &PairedTranslation, index: usize) -> impl Iterator<Item = &Finding> {
    let is_here = move |finding: &&Finding| finding.segment.unwrap_or(0) == index;
    translation.findings.iter().filter(|finding| finding.is_doubt()).filter(is_here)
}

/// A doubt as a note: in XLIFF, the check is its category and the severity its priority.
fn note(doubt: &Finding) -> Note {
    let priority = match doubt.severity {
        Severity::Critical => "1",
        Severity::Major => "2",
        Severity::Minor => "3",
    };
    let attributes = [("category", &*doubt.check), ("priority", priority)];
    Note {
        text: doubt.message.clone(),
        attributes: attributes.map(|(name, value)| (name.to_string(), value.to_string())).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::formats::Form;
    use crate::formats::pairs::{PairLanguages, units};
    use crate::outcome::{MemoryUse, Tokens};

    /// An item with three pairs: one in doubt, one unusable, one from the memory.
    fn line(id: &str) -> Line {
        let pair = |source: &str, text: &str| json!({"source": source, "text": text});
        let mut line: Line = serde_json::from_value(json!({
            "id": id, "version": null, "title": null, "link": null, "published": null,
            "slug": null, "input": "", "from": "en", "to": "ko", "form": Form::Words,
            "source": "", "summary": null, "key": id, "content": "",
            "translation": {
                "model": "opus", "title": null, "text": "", "finish": "stop",
                "tokens": Tokens::default(), "findings": [],
                "pairs": [
                    pair("The ferry left at 9 & 10.", "나룻배가 떠났다."),
                    pair("It rained.", "It rained."),
                    pair("The port <Haemin> opened.", "해민항이 열렸다."),
                ],
            },
        }))
        .unwrap();
        let translation = line.translation.as_mut().unwrap();
        translation.pairs[2].memory =
            Some(MemoryUse { reused: Some(Origin::Confirmed), examples: Vec::new() });
        translation.findings = vec![
            Finding::new("length", "short", "the translation is short"),
            Finding::new("numbers", "number_lost", "'9' is lost").at(0),
            Finding::new("language", "same", "not Korean").at(1).severity(Severity::Critical),
            Finding::new("split", "split", "translated again in 2 pieces").at(2),
        ];
        line
    }

    fn written(format: &str, lines: &[Line]) -> String {
        let mut out = Vec::new();
        let format = ExchangeFormat::named(format).unwrap();
        let visit = |write: &mut dyn FnMut(&Line) -> Result<()>| lines.iter().try_for_each(write);
        write(format, &mut out, Language::Korean, visit).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_pair_comes_back_with_its_item_its_stage_and_its_model() {
        for format in ["tmx", "xliff"] {
            let text = written(format, &[line("harbor <7>"), line("8")]);
            let name = format!("pairs.{format}");
            let read = units(std::io::Cursor::new(text), &name, PairLanguages::default()).unwrap();
            let read: Vec<Unit> = read.map(std::result::Result::unwrap).collect();
            let told = |unit: &Unit| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                (text(&unit.id), text(&unit.document), unit.status.unwrap(), text(&unit.model))
            };
            let row = |id: &str, of: &str, status, model: &str| {
                (id.to_string(), of.to_string(), status, model.to_string())
            };
            let expected = [
                row("harbor <7>/1", "harbor <7>", Status::Translated, "opus"),
                row("harbor <7>/2", "harbor <7>", Status::Initial, "opus"),
                row("harbor <7>/3", "harbor <7>", Status::Final, ""),
                row("8/1", "8", Status::Translated, "opus"),
            ];
            assert_eq!(read[..4].iter().map(told).collect::<Vec<_>>(), expected, "{format}");
            assert_eq!(read.len(), 6);
            assert_eq!(read[0].source.text.text(), "The ferry left at 9 & 10.");
            assert_eq!(read[2].prop("x-origin"), Some("confirmed"));
        }
    }

    #[test]
    fn doubts_are_notes_and_those_about_the_item_are_with_its_first_pair() {
        let xliff = written("xliff", &[line("7")]);
        for part in [
            "<file id=\"f1\" original=\"7\"",
            "<notes><note category=\"length\" priority=\"2\">the translation is short</note>\
             <note category=\"numbers\" priority=\"2\">'9' is lost</note></notes>",
            "<note category=\"language\" priority=\"1\">not Korean</note>",
        ] {
            assert!(xliff.contains(part), "{part}: {xliff}");
        }
        let tmx = written("tmx", &[line("7")]);
        assert!(tmx.contains("<note>numbers: '9' is lost</note>"), "{tmx}");
        assert!(!xliff.contains("2 pieces") && !tmx.contains("2 pieces"));
    }

    #[test]
    fn items_without_a_translation_have_no_pairs() {
        let mut summary = line("7");
        summary.translation = None;
        let mut none = line("8");
        none.translation.as_mut().unwrap().pairs.clear();
        assert!(!written("tmx", &[summary.clone(), none.clone()]).contains("<tu"));
        assert!(!written("xliff", &[summary, none]).contains("<unit"));
    }
}
