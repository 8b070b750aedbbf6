//! Bilingual files for translators' tools: TMX 1.4b (translation memories) and XLIFF 2.1
//! (translations to be revised).
//!
//! Formats: <https://www.gala-global.org/tmx-14b>,
//! <https://docs.oasis-open.org/xliff/xliff-core/v2.1/xliff-core-v2.1.html>.

use std::io::{Result, Write};

use super::digest::{attribute, xml};
use super::result::Line;
use crate::event::Finding;
use crate::language::Language;

/// A format of bilingual files.
pub struct BilingualFormat {
    /// Name in `--pairs`, and extension of the file.
    pub name: &'static str,
    begin: fn(&mut dyn Write, Language) -> Result<()>,
    item: fn(&mut dyn Write, &Line, usize) -> Result<()>,
    end: &'static str,
}

/// All bilingual formats.
pub const BILINGUAL_FORMATS: &[BilingualFormat] = &[
    BilingualFormat { name: "tmx", begin: tmx_begin, item: tmx_item, end: "</body>\n</tmx>\n" },
    BilingualFormat { name: "xliff", begin: xliff_begin, item: xliff_item, end: "</xliff>\n" },
];

impl BilingualFormat {
    /// Writes the pairs of the items that `for_each_item` visits, and returns the number of items
    /// with pairs. Their language is the other one than `to`.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        to: Language,
        for_each_item: impl FnOnce(&mut dyn FnMut(&Line) -> Result<()>) -> Result<()>,
    ) -> Result<usize> {
        (self.begin)(out, to)?;
        let mut count = 0;
        for_each_item(&mut |line| {
            if line.translation.as_ref().is_some_and(|translation| !translation.pairs.is_empty()) {
                count += 1;
                (self.item)(out, line, count)?;
            }
            Ok(())
        })?;
        out.write_all(self.end.as_bytes())?;
        Ok(count)
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
    writeln!(out, "<file id=\"f{number}\" original=\"{}\">", attribute(&line.id))?;
    for (index, pair) in translation.pairs.iter().enumerate() {
        writeln!(out, "<unit id=\"u{}\">", index + 1)?;
        let doubts: Vec<&Finding> = doubts(&translation.findings, index).collect();
        if !doubts.is_empty() {
            writeln!(out, "<notes>")?;
            for doubt in doubts {
                writeln!(
                    out,
                    "<note category=\"{}\">{}</note>",
                    attribute(&doubt.check),
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

/// Findings that put a pair in doubt.
fn doubts(findings: &[Finding], pair: usize) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(move |finding| finding.is_doubt() && finding.segment == Some(pair))
}
