//! Writing units of the memory to files: TMX 1.4b, TSV and JSON lines.
//!
//! Format of TMX: <https://www.gala-global.org/tmx-14b>.

use std::io::{Result, Write};

use chrono::DateTime;
use quick_xml::escape::escape;
use serde_json::json;

use super::unit::Unit;

/// A format of exported units.
pub struct ExportFormat {
    /// Its name, which is the extension of its files.
    pub name: &'static str,
    begin: &'static str,
    unit: fn(&mut dyn Write, &Unit) -> Result<()>,
    end: &'static str,
}

/// Every format of exported units.
pub const EXPORT_FORMATS: &[ExportFormat] = &[
    ExportFormat {
        name: "tmx",
        begin: concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tmx version=\"1.4\">\n",
            "<header creationtool=\"malmoi\" creationtoolversion=\"",
            env!("CARGO_PKG_VERSION"),
            "\" datatype=\"plaintext\" segtype=\"paragraph\" adminlang=\"en\" srclang=\"*all*\" ",
            "o-tmf=\"malmoi\"/>\n<body>\n"
        ),
        unit: tmx_unit,
        end: "</body>\n</tmx>\n",
    },
    ExportFormat { name: "tsv", begin: "", unit: tsv_unit, end: "" },
    ExportFormat { name: "jsonl", begin: "", unit: jsonl_unit, end: "" },
];

impl ExportFormat {
    /// The format of a file name extension.
    pub fn of_extension(extension: &str) -> Option<&'static Self> {
        EXPORT_FORMATS.iter().find(|format| format.name.eq_ignore_ascii_case(extension))
    }

    /// Begins a file.
    pub fn begin(&self, out: &mut dyn Write) -> Result<()> {
        out.write_all(self.begin.as_bytes())
    }

    /// Writes a unit.
    pub fn unit(&self, out: &mut dyn Write, unit: &Unit) -> Result<()> {
        (self.unit)(out, unit)
    }

    /// Ends a file.
    pub fn end(&self, out: &mut dyn Write) -> Result<()> {
        out.write_all(self.end.as_bytes())
    }
}

fn tmx_unit(out: &mut dyn Write, unit: &Unit) -> Result<()> {
    let (from, to) = (unit.from.code(), unit.to.code());
    write!(out, "<tu srclang=\"{from}\"")?;
    if let Some(time) = DateTime::from_timestamp(unit.changed, 0).filter(|_| unit.changed > 0) {
        write!(out, " changedate=\"{}\"", time.format("%Y%m%dT%H%M%SZ"))?;
    }
    if let Some(by) = &unit.by {
        write!(out, " changeid=\"{}\"", xml(by))?;
    }
    writeln!(out, ">\n<prop type=\"x-origin\">{}</prop>", unit.origin.as_str())?;
    if let Some(note) = &unit.note {
        writeln!(out, "<note>{}</note>", xml(note))?;
    }
    for (language, text) in [(from, &unit.source), (to, &unit.target)] {
        writeln!(out, "<tuv xml:lang=\"{language}\"><seg>{}</seg></tuv>", xml(text))?;
    }
    writeln!(out, "</tu>")
}

/// Text in XML, without the control characters that XML cannot hold.
fn xml(text: &str) -> String {
    let is_allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    escape(text.chars().filter(is_allowed).collect::<String>()).into_owned()
}

/// Tabs and line ends become spaces.
fn tsv_unit(out: &mut dyn Write, unit: &Unit) -> Result<()> {
    let cell = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    writeln!(out, "{}\t{}", cell(&unit.source), cell(&unit.target))
}

fn jsonl_unit(out: &mut dyn Write, unit: &Unit) -> Result<()> {
    let line = json!({
        "source": unit.source, "output": unit.target, "from": unit.from.code(), "to": unit.to.code(),
        "origin": unit.origin.as_str(), "by": unit.by, "note": unit.note, "changed": unit.changed,
    });
    writeln!(out, "{line}")
}
