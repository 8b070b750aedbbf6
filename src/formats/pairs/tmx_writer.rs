//! Writes units as TMX 1.4b, level 2: with inline tags.

use std::io::{self, Write};

use super::escape::{attribute, attributes, is_allowed, text};
use super::tmx::CONTROL;
use super::unit::{MODEL_PROP, STATE_PROP, language_of};
use super::{Details, Inline, Side, TaggedText, Unit};

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn begin(out: &mut dyn Write, from: &str, _to: &str) -> io::Result<()> {
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tmx version=\"1.4\">\n<header \
         creationtool=\"malmoi\" creationtoolversion=\"{VERSION}\" segtype=\"sentence\" \
         o-tmf=\"malmoi\" adminlang=\"en\" datatype=\"plaintext\""
    )?;
    attribute(out, "srclang", from)?;
    out.write_all(b"/>\n<body>\n")
}

pub(super) fn end(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"</body>\n</tmx>\n")
}

/// Writes a unit. Returns the number of characters that XML cannot hold.
pub(super) fn unit(out: &mut dyn Write, unit: &Unit, from: &str) -> io::Result<u64> {
    let mut replaced = 0;
    out.write_all(b"<tu")?;
    if let Some(id) = &unit.id {
        replaced += attribute(out, "tuid", id)?;
    }
    let source = &unit.source.language;
    let has_own = unit.details.attributes.iter().any(|(name, _)| name == "srclang");
    if !has_own && language_of(source) != language_of(from) {
        replaced += attribute(out, "srclang", source)?;
    }
    replaced += history(out, &unit.details)?;
    out.write_all(b">\n")?;
    replaced += remarks(out, &unit.details)?;
    if let Some(status) = unit.status.filter(|status| unit.status_of_props() != Some(*status)) {
        writeln!(out, "<prop type=\"{STATE_PROP}\">{}</prop>", status.as_str())?;
    }
    if let Some(model) = &unit.model {
        write!(out, "<prop type=\"{MODEL_PROP}\">")?;
        replaced += text(out, model)?;
        out.write_all(b"</prop>\n")?;
    }
    for side in [&unit.source, &unit.target].into_iter().chain(&unit.others) {
        replaced += variant(out, side)?;
    }
    out.write_all(b"</tu>\n")?;
    Ok(replaced)
}

fn variant(out: &mut dyn Write, side: &Side) -> io::Result<u64> {
    out.write_all(b"<tuv")?;
    let mut replaced = attribute(out, "xml:lang", &side.language)?;
    replaced += history(out, &side.details)?;
    out.write_all(b">")?;
    replaced += remarks(out, &side.details)?;
    out.write_all(b"<seg>")?;
    replaced += segment(out, &side.text)?;
    out.write_all(b"</seg></tuv>\n")?;
    Ok(replaced)
}

fn history(out: &mut dyn Write, details: &Details) -> io::Result<u64> {
    let mut replaced = 0;
    for (name, value) in [
        ("creationdate", &details.created),
        ("creationid", &details.created_by),
        ("changedate", &details.changed),
        ("changeid", &details.changed_by),
        ("lastusagedate", &details.last_used),
    ] {
        if let Some(value) = value {
            replaced += attribute(out, name, value)?;
        }
    }
    if let Some(count) = details.usage_count {
        write!(out, " usagecount=\"{count}\"")?;
    }
    Ok(replaced + attributes(out, &details.attributes)?)
}

fn remarks(out: &mut dyn Write, details: &Details) -> io::Result<u64> {
    let mut replaced = 0;
    for note in &details.notes {
        out.write_all(b"<note")?;
        replaced += attributes(out, &note.attributes)?;
        out.write_all(b">")?;
        replaced += text(out, &note.text)?;
        out.write_all(b"</note>\n")?;
    }
    for prop in &details.props {
        out.write_all(b"<prop")?;
        replaced += attribute(out, "type", &prop.name)?;
        replaced += attributes(out, &prop.attributes)?;
        out.write_all(b">")?;
        replaced += text(out, &prop.value)?;
        out.write_all(b"</prop>\n")?;
    }
    Ok(replaced)
}

fn segment(out: &mut dyn Write, tagged: &TaggedText) -> io::Result<u64> {
    inlines(out, &tagged.parts, true)
}

/// Writes parts of a segment. Within codes, where no `ph` may stand, a character that XML cannot
/// hold is replaced.
fn inlines(out: &mut dyn Write, parts: &[Inline], is_text: bool) -> io::Result<u64> {
    let mut replaced = 0;
    for part in parts {
        match part {
            Inline::Text(words) if is_text => {
                let mut rest = words.as_str();
                while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_allowed(*c)) {
                    text(out, &rest[..at])?;
                    write!(out, "<ph type=\"{CONTROL}\">{:04X}</ph>", u32::from(c))?;
                    rest = &rest[at + c.len_utf8()..];
                }
                text(out, rest)?;
            }
            Inline::Text(code) => replaced += text(out, code)?,
            Inline::Tag(tag) => {
                write!(out, "<{}", tag.name)?;
                replaced += attributes(out, &tag.attributes)?;
                out.write_all(b">")?;
                replaced += inlines(out, &tag.content, matches!(&*tag.name, "hi" | "sub"))?;
                write!(out, "</{}>", tag.name)?;
            }
        }
    }
    Ok(replaced)
}
