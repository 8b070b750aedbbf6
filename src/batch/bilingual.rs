//! What was translated, pair by pair, for translators' tools: TMX 1.4b (translation memories) and
//! XLIFF 2.1 (work to be revised).
//!
//! Formats: <https://www.gala-global.org/tmx-14b>, <https://docs.oasis-open.org/xliff/xliff-core/v2.1/xliff-core-v2.1.html>.

use std::io::{Result, Write};

use super::digest::{quoted, xml};
use super::result::Line;
use crate::event::Finding;
use crate::language::Language;

/// A format of pairs.
pub struct BilingualFormat {
    /// Its name, as `--pairs` takes it, and the ending of its file.
    pub name: &'static str,
    begin: fn(&mut dyn Write, Language) -> Result<()>,
    item: fn(&mut dyn Write, &Line, usize) -> Result<()>,
    end: &'static str,
}

/// Every format of pairs.
pub const BILINGUAL_FORMATS: &[BilingualFormat] = &[
    BilingualFormat { name: "tmx", begin: tmx_begin, item: tmx_item, end: "</body>\n</tmx>\n" },
    BilingualFormat { name: "xliff", begin: xliff_begin, item: xliff_item, end: "</xliff>\n" },
];

impl BilingualFormat {
    /// Writes all pairs of the items that `each` gives one by one, and says of how many. Their
    /// language is the other one than `to`.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        to: Language,
        each: impl FnOnce(&mut dyn FnMut(&Line) -> Result<()>) -> Result<()>,
    ) -> Result<usize> {
        (self.begin)(out, to)?;
        let mut number = 0;
        each(&mut |line| {
            if line.translation.as_ref().is_some_and(|one| !one.pairs.is_empty()) {
                number += 1;
                (self.item)(out, line, number)?;
            }
            Ok(())
        })?;
        out.write_all(self.end.as_bytes())?;
        Ok(number)
    }
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn tmx_begin(out: &mut dyn Write, _: Language) -> Result<()> {
    write!(
        out,
        "{DECLARATION}<tmx version=\"1.4\">\n<header creationtool=\"malmoi\" creationtoolversion=\"{VERSION}\" datatype=\"plaintext\" \
         segtype=\"paragraph\" adminlang=\"en\" srclang=\"*all*\" o-tmf=\"malmoi\"/>\n<body>\n"
    )
}

fn tmx_item(out: &mut dyn Write, line: &Line, _: usize) -> Result<()> {
    let Some(translation) = &line.translation else { return Ok(()) };
    for (index, pair) in translation.pairs.iter().enumerate() {
        writeln!(out, "<tu>\n<prop type=\"x-item\">{}</prop>", xml(&line.id))?;
        writeln!(out, "<prop type=\"x-model\">{}</prop>", xml(&translation.model))?;
        for doubt in doubts(&translation.findings, index) {
            writeln!(out, "<note>{}: {}</note>", xml(&doubt.check), xml(&doubt.message))?;
        }
        for (language, text) in [(&line.from, &pair.source), (&line.to, &pair.text)] {
            writeln!(out, "<tuv xml:lang=\"{language}\"><seg>{}</seg></tuv>", xml(text))?;
        }
        writeln!(out, "</tu>")?;
    }
    Ok(())
}

fn xliff_begin(out: &mut dyn Write, to: Language) -> Result<()> {
    writeln!(
        out,
        "{DECLARATION}<xliff xmlns=\"urn:oasis:names:tc:xliff:document:2.0\" version=\"2.1\" srcLang=\"{}\" trgLang=\"{}\">",
        to.other().code(),
        to.code()
    )
}

fn xliff_item(out: &mut dyn Write, line: &Line, number: usize) -> Result<()> {
    let Some(translation) = &line.translation else { return Ok(()) };
    writeln!(out, "<file id=\"f{number}\" original=\"{}\">", quoted(&line.id))?;
    for (index, pair) in translation.pairs.iter().enumerate() {
        writeln!(out, "<unit id=\"u{}\">", index + 1)?;
        let doubts: Vec<&Finding> = doubts(&translation.findings, index).collect();
        if !doubts.is_empty() {
            writeln!(out, "<notes>")?;
            for doubt in doubts {
                writeln!(
                    out,
                    "<note category=\"{}\">{}</note>",
                    quoted(&doubt.check),
                    xml(&doubt.message)
                )?;
            }
            writeln!(out, "</notes>")?;
        }
        let (source, target) = (xml(&pair.source), xml(&pair.text));
        writeln!(
            out,
            "<segment state=\"translated\"><source>{source}</source><target>{target}</target></segment>\n</unit>"
        )?;
    }
    writeln!(out, "</file>")
}

fn doubts(findings: &[Finding], index: usize) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(move |doubt| doubt.is_doubt() && doubt.segment == Some(index))
}
