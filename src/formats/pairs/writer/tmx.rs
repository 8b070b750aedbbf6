//! Writes units as TMX 1.4b, level 2: with inline tags.

use std::io::{self, Write};

use super::ExchangeFormat;
use crate::formats::pairs::conform;
use crate::formats::pairs::convert::{Correspondence, to_tmx};
use crate::formats::pairs::escape::{attribute, attributes, is_allowed, text};
use crate::formats::pairs::tmx::{ATTRIBUTE_PROP, CONTROL, SEGMENTS, SEGMENTS_OF_FILE};
use crate::formats::pairs::unit::{
    DOCUMENT_PROP, Languages, MODEL_PROP, STATE_PROP, language_of, seconds, tmx_date,
};
use crate::formats::pairs::{Details, Inline, Side, Unit};

pub(super) const FORMAT: ExchangeFormat = ExchangeFormat {
    name: "tmx",
    describe: "TMX 1.4b with inline tags",
    has_one_direction: false,
    begin,
    documents: None,
    unit,
    end: "</body>\n</tmx>\n",
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Attributes of `tu` and `tuv`, aside from their history. All others are written as properties.
const OF_UNIT: &[&str] = &[
    "o-encoding",
    "datatype",
    "creationtool",
    "creationtoolversion",
    "segtype",
    "o-tmf",
    "srclang",
];
const OF_VARIANT: &[&str] =
    &["o-encoding", "datatype", "creationtool", "creationtoolversion", "o-tmf"];

fn begin(out: &mut dyn Write, languages: &Languages) -> io::Result<()> {
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tmx version=\"1.4\">\n<header \
         creationtool=\"malmoi\" creationtoolversion=\"{VERSION}\" \
         segtype=\"{SEGMENTS_OF_FILE}\" o-tmf=\"malmoi\" adminlang=\"en\" datatype=\"plaintext\""
    )?;
    attribute(out, "srclang", &languages.from)?;
    out.write_all(b"/>\n<body>\n")
}

/// Writes a unit. Returns the number of characters that XML cannot hold.
fn unit(out: &mut dyn Write, unit: &Unit, languages: &Languages, _number: u64) -> io::Result<u64> {
    let mut replaced = 0;
    out.write_all(b"<tu")?;
    if let Some(id) = &unit.id {
        replaced += attribute(out, "tuid", id)?;
    }
    let source = &unit.source.language;
    let [mut own, others] = split(&unit.details, OF_UNIT);
    let is_own = |(name, value): &(String, String)| {
        name == "srclang" && language_of(value) == language_of(source)
    };
    let is_other = language_of(source) != language_of(&languages.from);
    if !own.iter().any(is_own) && !source.is_empty() && is_other {
        // `*all*` would leave the choice to the header.
        own.retain(|(name, _)| name != "srclang");
        own.push(("srclang".to_string(), source.clone()));
    }
    replaced += attributes(out, &own)?;
    out.write_all(b">\n")?;
    replaced += remarks(out, &unit.details, &others)?;
    if let Some(status) = unit.status.filter(|status| unit.status_of_props() != Some(*status)) {
        writeln!(out, "<prop type=\"{STATE_PROP}\">{}</prop>", status.as_str())?;
    }
    for (name, value) in [(MODEL_PROP, &unit.model), (DOCUMENT_PROP, &unit.document)] {
        if let Some(value) = value {
            write!(out, "<prop type=\"{name}\">")?;
            replaced += text(out, value)?;
            out.write_all(b"</prop>\n")?;
        }
    }
    let mut shared = Correspondence::default();
    let sides = [(&unit.source, &*languages.from), (&unit.target, &*languages.to)];
    for (side, of_file) in sides.into_iter().chain(unit.others.iter().map(|side| (side, "und"))) {
        replaced += variant(out, side, of_file, &mut shared)?;
    }
    out.write_all(b"</tu>\n")?;
    Ok(replaced)
}

fn variant(
    out: &mut dyn Write,
    side: &Side,
    of_file: &str,
    shared: &mut Correspondence,
) -> io::Result<u64> {
    out.write_all(b"<tuv")?;
    let language = if side.language.is_empty() { of_file } else { &side.language };
    let mut replaced = attribute(out, "xml:lang", language)?;
    let [own, others] = split(&side.details, OF_VARIANT);
    replaced += attributes(out, &own)?;
    out.write_all(b">")?;
    replaced += remarks(out, &side.details, &others)?;
    out.write_all(b"<seg>")?;
    replaced += inlines(out, &conform::tmx(&to_tmx(&side.text, shared)), true)?;
    out.write_all(b"</seg></tuv>\n")?;
    Ok(replaced)
}

/// The attributes of a unit or a text: those that TMX has, each once, and all others.
fn split(details: &Details, known: &[&str]) -> [Vec<(String, String)>; 2] {
    let history = details.history();
    let history = history.iter().map(|(name, value)| (*name, value.as_str()));
    let others = details.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let [mut native, mut other] = [Vec::new(), Vec::new()];
    for (name, value) in history.clone().chain(others) {
        let fits = match name {
            "creationdate" | "changedate" | "lastusagedate" => seconds(value).and_then(tmx_date),
            "creationid" | "changeid" => Some(value.to_string()),
            "usagecount" => value.parse::<u64>().ok().map(|count| count.to_string()),
            "segtype" => SEGMENTS.contains(&value).then(|| value.to_string()),
            _ => Some(value.to_string()),
        };
        let is_known = known.contains(&name) || history.clone().any(|(own, _)| own == name);
        let is_new = native.iter().all(|(own, _): &(String, String)| own != name);
        match fits.filter(|_| is_known && is_new) {
            Some(value) => native.push((name.to_string(), value)),
            None => other.push((name.to_string(), value.to_string())),
        }
    }
    [native, other]
}

/// Writes notes and properties, and the attributes that TMX does not have as properties.
fn remarks(out: &mut dyn Write, details: &Details, others: &[(String, String)]) -> io::Result<u64> {
    let mut replaced = 0;
    for note in &details.notes {
        out.write_all(b"<note")?;
        replaced += of_text(out, &note.attributes)?;
        out.write_all(b">")?;
        if let Some((_, category)) = note.attributes.iter().find(|(name, _)| name == "category") {
            replaced += text(out, category)?;
            out.write_all(b": ")?;
        }
        replaced += text(out, &note.text)?;
        out.write_all(b"</note>\n")?;
    }
    for prop in &details.props {
        out.write_all(b"<prop")?;
        replaced += attribute(out, "type", &prop.name)?;
        replaced += of_text(out, &prop.attributes)?;
        out.write_all(b">")?;
        replaced += text(out, &prop.value)?;
        out.write_all(b"</prop>\n")?;
    }
    for (name, value) in others {
        out.write_all(b"<prop")?;
        replaced += attribute(out, "type", &format!("{ATTRIBUTE_PROP}{name}"))?;
        out.write_all(b">")?;
        replaced += text(out, value)?;
        out.write_all(b"</prop>\n")?;
    }
    Ok(replaced)
}

/// Writes the attributes that notes and properties may have in TMX. A note's category, which it
/// does not have, comes before its words.
fn of_text(out: &mut dyn Write, list: &[(String, String)]) -> io::Result<u64> {
    let known = |(name, _): &&(String, String)| name == "xml:lang" || name == "o-encoding";
    let own: Vec<_> = list.iter().filter(known).cloned().collect();
    attributes(out, &own)
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
