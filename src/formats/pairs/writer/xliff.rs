//! Writes units as XLIFF 2.1: one unit with one segment each, dates and properties as metadata.

use std::collections::HashSet;
use std::io::{self, Write};

use super::{Documents, ExchangeFormat};
use crate::formats::pairs::conform::{self, is_user_defined};
use crate::formats::pairs::convert::{Data, is_token, to_xliff};
use crate::formats::pairs::escape::{attribute, attributes, is_allowed, text};
use crate::formats::pairs::unit::{Languages, MODEL_PROP, language_of};
use crate::formats::pairs::xliff_unit::{DETAILS, PROPS};
use crate::formats::pairs::{Details, Inline, Note, Prop, Status, Unit};

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

/// True for an attribute that a unit of XLIFF may have with this value; all others are written as
/// metadata.
fn is_of_unit(name: &str, value: &str) -> bool {
    match name {
        "name" => true,
        "canResegment" | "translate" => matches!(value, "yes" | "no"),
        "srcDir" | "trgDir" => matches!(value, "ltr" | "rtl" | "auto"),
        "type" => is_user_defined(value),
        _ => false,
    }
}

fn begin(out: &mut dyn Write, languages: &Languages) -> io::Result<()> {
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xliff \
         xmlns=\"urn:oasis:names:tc:xliff:document:2.0\" \
         xmlns:mda=\"urn:oasis:names:tc:xliff:metadata:2.0\" version=\"2.1\""
    )?;
    attribute(out, "srcLang", &tag_of(&languages.from))?;
    attribute(out, "trgLang", &tag_of(&languages.to))?;
    out.write_all(b">\n")
}

/// A language code as XLIFF has it: `ko-KR`, where other files write `ko_KR`.
fn tag_of(code: &str) -> String {
    let tag = code.trim().replace('_', "-");
    let is_part = |(at, part): (usize, &str)| {
        let is_in =
            |c: char| if at == 0 { c.is_ascii_alphabetic() } else { c.is_ascii_alphanumeric() };
        matches!(part.len(), 1..=8) && part.chars().all(is_in)
    };
    match tag.split('-').enumerate().all(is_part) {
        true => tag,
        false => language_of(code).map_or("und", |language| language.code()).to_string(),
    }
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
    let notes = Notes::of(unit);
    let texts = [&unit.source.text, &unit.target.text].map(|text| to_xliff(text, &mut data));
    let [source, target] = conform::xliff(&texts[0], &texts[1], &notes.ids, &mut data);
    write!(out, "<unit id=\"u{number}\"")?;
    let own = unit.details.attributes.iter().filter(|(name, value)| is_of_unit(name, value));
    let own: Vec<_> = own.cloned().collect();
    replaced += attributes(out, &own)?;
    out.write_all(b">\n")?;
    replaced += metadata(out, unit, languages)?;
    replaced += notes.write(out)?;
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
    // Only the first stage may lack a target.
    if !target.is_empty() || unit.status > Some(Status::Initial) {
        out.write_all(b"<target>")?;
        replaced += inlines(out, &target)?;
        out.write_all(b"</target>")?;
    }
    out.write_all(b"</segment>\n</unit>\n")?;
    Ok(replaced)
}

/// The tool's own stage, which belongs to a stage of the standard.
fn sub_state(unit: &Unit) -> Option<&str> {
    unit.status?;
    let mut own = unit.details.attributes.iter();
    let (_, value) = own.find(|(name, value)| name == "subState" && is_user_defined(value))?;
    Some(value)
}

/// What XLIFF has no attribute for: names and values by unit, source and target.
fn metadata(out: &mut dyn Write, unit: &Unit, languages: &Languages) -> io::Result<u64> {
    let mut all = [&unit.details, &unit.source.details, &unit.target.details].map(listed);
    let is_native = |name: &str, value: &str| {
        is_of_unit(name, value) || (name == "subState" && sub_state(unit) == Some(value))
    };
    all[0].retain(|(name, value)| !is_native(name, value));
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
    let history = details.history().into_iter().map(|(name, value)| (name.to_string(), value));
    history.chain(details.attributes.iter().cloned()).collect()
}

/// The notes of a unit, in the order in which they are written.
struct Notes<'u> {
    list: Vec<WrittenNote<'u>>,
    /// Ids of notes, which a comment on words may refer to.
    ids: HashSet<&'u str>,
}

struct WrittenNote<'u> {
    /// The side that it applies to; `None` for the unit.
    place: Option<&'static str>,
    attributes: Vec<(String, String)>,
    words: &'u str,
}

impl<'u> Notes<'u> {
    fn of(unit: &'u Unit) -> Self {
        let mut notes = Self { list: Vec::new(), ids: HashSet::new() };
        notes.add(&unit.details.notes, None);
        notes.add(&unit.source.details.notes, Some("source"));
        notes.add(&unit.target.details.notes, Some("target"));
        notes
    }

    fn add(&mut self, all: &'u [Note], place: Option<&'static str>) {
        for note in all {
            let mut own = note.attributes.clone();
            own.retain(|(name, value)| match name.as_str() {
                "category" | "xml:lang" => true,
                "priority" => matches!(value.parse(), Ok(1..=10)),
                _ => false,
            });
            let id = note.attributes.iter().find(|(name, id)| name == "id" && is_token(id));
            if let Some((name, id)) = id.filter(|(_, id)| self.ids.insert(id)) {
                own.insert(0, (name.clone(), id.clone()));
            }
            self.list.push(WrittenNote { place, attributes: own, words: &note.text });
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<u64> {
        if self.list.is_empty() {
            return Ok(0);
        }
        let mut replaced = 0;
        out.write_all(b"<notes>")?;
        for WrittenNote { place, attributes: own, words } in &self.list {
            out.write_all(b"<note")?;
            if let Some(place) = place {
                replaced += attribute(out, "appliesTo", place)?;
            }
            replaced += attributes(out, own)?;
            out.write_all(b">")?;
            replaced += text(out, words)?;
            out.write_all(b"</note>")?;
        }
        out.write_all(b"</notes>\n")?;
        Ok(replaced)
    }
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
