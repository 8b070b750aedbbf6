//! Writes units as XLIFF 2.1: one unit with one segment each, dates and properties as metadata.

use std::io::{self, Write};

use super::{Documents, ExchangeFormat};
use crate::formats::pairs::convert::{Data, is_token, to_xliff};
use crate::formats::pairs::escape::{attribute, attributes, is_allowed, text};
use crate::formats::pairs::unit::{Languages, MODEL_PROP};
use crate::formats::pairs::xliff_unit::{DETAILS, PROPS};
use crate::formats::pairs::{Details, Inline, Note, Prop, Unit};

pub(super) const FORMAT: ExchangeFormat = ExchangeFormat {
    name: "xliff",
    describe: "XLIFF 2.1; one direction, without texts in further languages",
    has_one_direction: true,
    begin,
    // The standard asks for at least one unit or group.
    documents: Some(Documents {
        begin: begin_document,
        end: "</file>\n",
        empty: "<group id=\"g1\"/>\n",
    }),
    unit,
    end: "</xliff>\n",
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Attributes that XLIFF has for units and segments; all others are written as metadata.
const OF_UNIT: &[&str] = &["name", "canResegment", "translate", "srcDir", "trgDir", "type"];

fn begin(out: &mut dyn Write, languages: &Languages) -> io::Result<()> {
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xliff \
         xmlns=\"urn:oasis:names:tc:xliff:document:2.0\" \
         xmlns:mda=\"urn:oasis:names:tc:xliff:metadata:2.0\" version=\"2.1\""
    )?;
    attribute(out, "srcLang", &languages.from)?;
    attribute(out, "trgLang", &languages.to)?;
    out.write_all(b">\n")
}

/// Begins the units of a document. The first says by which program the file was written.
fn begin_document(out: &mut dyn Write, name: Option<&str>, number: u64) -> io::Result<u64> {
    let mut replaced = 0;
    write!(out, "<file id=\"f{number}\"")?;
    if let Some(name) = name {
        replaced += attribute(out, "original", name)?;
    }
    out.write_all(b" xml:space=\"preserve\">\n")?;
    if number == 1 {
        writeln!(
            out,
            "<mda:metadata><mda:metaGroup category=\"tool\"><mda:meta \
             type=\"creationtool\">malmoi {VERSION}</mda:meta></mda:metaGroup></mda:metadata>"
        )?;
    }
    Ok(replaced)
}

/// Writes a unit. Returns the number of characters that XML cannot hold.
fn unit(out: &mut dyn Write, unit: &Unit, languages: &Languages, number: u64) -> io::Result<u64> {
    let mut replaced = 0;
    let mut data = Data::default();
    let [source, target] = [&unit.source.text, &unit.target.text].map(|t| to_xliff(t, &mut data));
    write!(out, "<unit id=\"u{number}\"")?;
    let own = |name: &&str| unit.details.attributes.iter().find(|(key, _)| key == *name);
    for (name, value) in OF_UNIT.iter().filter_map(own) {
        replaced += attribute(out, name, value)?;
    }
    out.write_all(b">\n")?;
    replaced += metadata(out, unit, languages)?;
    replaced += notes(out, unit)?;
    if !data.list.is_empty() {
        out.write_all(b"<originalData>")?;
        for (id, code) in &data.list {
            write!(out, "<data id=\"{id}\">")?;
            characters(out, code)?;
            out.write_all(b"</data>")?;
        }
        out.write_all(b"</originalData>\n")?;
    }
    out.write_all(b"<segment")?;
    if let Some(status) = unit.status {
        write!(out, " state=\"{}\"", status.as_str())?;
        if let Some(sub) = sub_state(unit) {
            replaced += attribute(out, "subState", sub)?;
        }
    }
    out.write_all(b"><source>")?;
    replaced += inlines(out, &source)?;
    out.write_all(b"</source>")?;
    if !target.is_empty() {
        out.write_all(b"<target>")?;
        replaced += inlines(out, &target)?;
        out.write_all(b"</target>")?;
    }
    out.write_all(b"</segment>\n</unit>\n")?;
    Ok(replaced)
}

fn sub_state(unit: &Unit) -> Option<&str> {
    let mut own = unit.details.attributes.iter();
    own.find(|(name, _)| name == "subState").map(|(_, value)| value.as_str())
}

/// What XLIFF has no attribute for: names and values by unit, source and target.
fn metadata(out: &mut dyn Write, unit: &Unit, languages: &Languages) -> io::Result<u64> {
    let mut all = [&unit.details, &unit.source.details, &unit.target.details].map(listed);
    let is_native =
        |name: &str| OF_UNIT.contains(&name) || (name == "subState" && unit.status.is_some());
    all[0].retain(|(name, _)| !is_native(name));
    let id = unit.id.iter().map(|id| ("tuid".to_string(), id.clone()));
    all[0].splice(0..0, id);
    let sides = [(&unit.source, &languages.from), (&unit.target, &languages.to)];
    for ((side, own), list) in sides.into_iter().zip(&mut all[1..]) {
        if !side.language.is_empty() && side.language != *own {
            list.push(("xml:lang".to_string(), side.language.clone()));
        }
    }
    let model = unit.model.iter().map(|model| Prop {
        name: MODEL_PROP.to_string(),
        value: model.clone(),
        attributes: Vec::new(),
    });
    let mut props: [Vec<Prop>; 3] =
        [&unit.details, &unit.source.details, &unit.target.details].map(|d| d.props.clone());
    props[0].splice(0..0, model);
    if all.iter().all(Vec::is_empty) && props.iter().all(Vec::is_empty) {
        return Ok(0);
    }
    let mut replaced = 0;
    out.write_all(b"<mda:metadata>")?;
    for ((list, props), place) in all.iter().zip(&props).zip([None, Some("source"), Some("target")])
    {
        let mut group = |category: &str, metas: &mut dyn Iterator<Item = (&str, &str)>| {
            out.write_all(b"<mda:metaGroup")?;
            let mut replaced = attribute(out, "category", category)?;
            if let Some(place) = place {
                replaced += attribute(out, "appliesTo", place)?;
            }
            out.write_all(b">")?;
            for (name, value) in metas {
                out.write_all(b"<mda:meta")?;
                replaced += attribute(out, "type", name)?;
                out.write_all(b">")?;
                replaced += text(out, value)?;
                out.write_all(b"</mda:meta>")?;
            }
            out.write_all(b"</mda:metaGroup>")?;
            io::Result::Ok(replaced)
        };
        if !list.is_empty() {
            replaced += group(DETAILS, &mut list.iter().map(|(n, v)| (n.as_str(), v.as_str())))?;
        }
        for run in props.chunk_by(|one, next| category(one) == category(next)) {
            let metas = &mut run.iter().map(|prop| (prop.name.as_str(), prop.value.as_str()));
            replaced += group(category(&run[0]), metas)?;
        }
    }
    out.write_all(b"</mda:metadata>\n")?;
    Ok(replaced)
}

fn category(prop: &Prop) -> &str {
    let own = prop.attributes.iter().find(|(name, _)| name == "category");
    own.map_or(PROPS, |(_, value)| value)
}

/// Dates, names and attributes by the names that TMX has for them.
fn listed(details: &Details) -> Vec<(String, String)> {
    let count = details.usage_count.map(|count| count.to_string());
    let history = [
        ("creationdate", &details.created),
        ("creationid", &details.created_by),
        ("changedate", &details.changed),
        ("changeid", &details.changed_by),
        ("lastusagedate", &details.last_used),
        ("usagecount", &count),
    ];
    let history = history
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| (name.to_string(), value.clone())));
    history.chain(details.attributes.iter().cloned()).collect()
}

fn notes(out: &mut dyn Write, unit: &Unit) -> io::Result<u64> {
    let of = |details: &'_ Details| details.notes.clone();
    let all: [(Vec<Note>, Option<&str>); 3] = [
        (of(&unit.details), None),
        (of(&unit.source.details), Some("source")),
        (of(&unit.target.details), Some("target")),
    ];
    if all.iter().all(|(notes, _)| notes.is_empty()) {
        return Ok(0);
    }
    let mut replaced = 0;
    out.write_all(b"<notes>")?;
    for (notes, place) in &all {
        for note in notes {
            out.write_all(b"<note")?;
            if let Some(place) = place {
                replaced += attribute(out, "appliesTo", place)?;
            }
            let known = |(name, value): &&(String, String)| match name.as_str() {
                "id" => is_token(value),
                "category" => true,
                "priority" => matches!(value.parse(), Ok(1..=10)),
                name => name == "xml:lang",
            };
            let own: Vec<_> = note.attributes.iter().filter(known).cloned().collect();
            replaced += attributes(out, &own)?;
            out.write_all(b">")?;
            replaced += text(out, &note.text)?;
            out.write_all(b"</note>")?;
        }
    }
    out.write_all(b"</notes>\n")?;
    Ok(replaced)
}

fn inlines(out: &mut dyn Write, parts: &[Inline]) -> io::Result<u64> {
    let mut replaced = 0;
    for part in parts {
        match part {
            Inline::Text(words) => characters(out, words)?,
            Inline::Tag(tag) => {
                write!(out, "<{}", tag.name)?;
                replaced += attributes(out, &tag.attributes)?;
                if tag.content.is_empty() {
                    out.write_all(b"/>")?;
                } else {
                    out.write_all(b">")?;
                    replaced += inlines(out, &tag.content)?;
                    write!(out, "</{}>", tag.name)?;
                }
            }
        }
    }
    Ok(replaced)
}

/// Writes text with `cp` for the characters that XML cannot hold.
fn characters(out: &mut dyn Write, words: &str) -> io::Result<()> {
    let mut rest = words;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_allowed(*c)) {
        text(out, &rest[..at])?;
        write!(out, "<cp hex=\"{:04X}\"/>", u32::from(c))?;
        rest = &rest[at + c.len_utf8()..];
    }
    text(out, rest)?;
    Ok(())
}
