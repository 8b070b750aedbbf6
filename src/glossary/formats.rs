//! Files of terms: a format is one row of the table.

use std::path::Path;

use super::term::Term;
use super::{columns, tbx};
use crate::error::{Error, Result};
use crate::formats;

/// Upper bound on the terms of a file.
const MAX_TERMS: usize = 1_000_000;

/// A format of glossary files.
pub struct GlossaryFormat {
    /// Name, for messages.
    pub name: &'static str,
    /// Description for the help, a few words.
    pub describe: &'static str,
    /// File name extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Terms of a decoded text; the error is a predicate of the file.
    read: fn(&str) -> Result<Vec<Term>, String>,
    /// A file with terms.
    write: fn(&[Term]) -> Result<String, String>,
}

/// Every format; the first is that of files with other extensions.
pub const GLOSSARY_FORMATS: &[GlossaryFormat] = &[
    GlossaryFormat {
        name: "tsv",
        describe: "TSV: a term, a tab and its translation on each line",
        extensions: &["tsv", "txt", "tab", "utf8"],
        read: tab_separated,
        write: super::write::tab_separated,
    },
    GlossaryFormat {
        name: "csv",
        describe: "CSV",
        extensions: &["csv"],
        read: comma_separated,
        write: super::write::comma_separated,
    },
    GlossaryFormat {
        name: "tbx",
        describe: "TBX",
        extensions: &["tbx"],
        read: tbx::read,
        write: tbx::write,
    },
];

/// The format of a file by its name, and by its beginning if it is XML.
fn format_of(name: &str, text: &str) -> &'static GlossaryFormat {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    let extension = extension.unwrap_or_default().to_lowercase();
    let is_xml = text.trim_start().starts_with('<');
    let named = |format: &&GlossaryFormat| format.extensions.contains(&&*extension);
    let by_name = GLOSSARY_FORMATS.iter().find(named).filter(|_| !is_xml);
    let xml = GLOSSARY_FORMATS.iter().find(|format| is_xml && format.name == "tbx");
    by_name.or(xml).unwrap_or(&GLOSSARY_FORMATS[0])
}

impl Term {
    /// Reads a glossary in TSV, CSV or TBX. In lines, columns are named in the first (`source`,
    /// `target`, `note`, `pos`, `keep`, `forbid`, `register`; `en` and `ko`), or are a term, its
    /// translation and a note. `|` separates several translations; lines that begin with `#` are
    /// comments. `name` is the file's name, which decides the format.
    ///
    /// ```
    /// use malmoi::Term;
    /// let file = "# ministries\nMinistry of Unification\t통일부\thouse style\n";
    /// let terms = Term::read(file.as_bytes(), "terms.tsv").unwrap();
    /// assert_eq!(terms[0].target, "통일부");
    /// let error = Term::read(b"Ministry of Unification", "terms.tsv").unwrap_err();
    /// let message = "terms.tsv has no tab between a term and its translation on line 1";
    /// assert_eq!(error.to_string(), message);
    /// let csv = "ko,en,forbid\n통일부,Ministry of Unification,unification office\n";
    /// assert_eq!(Term::read(csv.as_bytes(), "terms.csv").unwrap()[0].forbid.len(), 1);
    /// ```
    pub fn read(bytes: &[u8], name: &str) -> Result<Vec<Self>> {
        let text = formats::decode(bytes, name)?;
        let terms = (format_of(name, &text).read)(&text);
        let terms = terms.map_err(|reason| Error::unreadable(name, reason))?;
        if terms.len() > MAX_TERMS {
            return Err(Error::unreadable(name, format!("has more than {MAX_TERMS} terms")));
        }
        Ok(terms)
    }
}

/// The file with terms, in the format of its name.
///
/// # Errors
///
/// Fails if the format cannot hold a term.
pub fn written(terms: &[Term], name: &str) -> Result<String> {
    (format_of(name, "").write)(terms).map_err(|reason| Error::unreadable(name, reason))
}

fn tab_separated(text: &str) -> Result<Vec<Term>, String> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'))
        .map(|(index, line)| (index + 1, line.split('\t').collect()));
    columns::terms(lines, "tab")
}

fn comma_separated(text: &str) -> Result<Vec<Term>, String> {
    let first = text.lines().next().unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    let separator = if count(';') > count(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("is not CSV: {error}"))?;
        let line = record.position().map_or(0, csv::Position::line) as usize;
        rows.push((line, record));
    }
    let lines = rows.iter().map(|(line, record)| (*line, record.iter().collect()));
    columns::terms(lines, if separator == b';' { "semicolon" } else { "comma" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Register;
    use proptest::prelude::*;

    fn read(text: &str, name: &str) -> Result<Vec<Term>, String> {
        Term::read(text.as_bytes(), name).map_err(|error| error.to_string())
    }

    #[test]
    fn named_columns_come_in_any_order() {
        let text = "ko\ten\tforbid\tkeep\tregister\tpos\tnote\n\
                    항만|항구\tharbour\tport|docks\t\thanda\tnoun\thouse style\n\
                    \tHaemin FM\t\tyes\n";
        let terms = read(text, "a.tsv").unwrap();
        let harbour = Term {
            alternatives: vec!["항구".into()],
            forbid: vec!["port".into(), "docks".into()],
            part_of_speech: Some("noun".into()),
            note: Some("house style".into()),
            register: Some(Register::Handa),
            ..Term::new("harbour", "항만")
        };
        assert_eq!(terms[0], harbour);
        assert_eq!(terms[1], Term { keep: true, ..Term::new("Haemin FM", "Haemin FM") });
    }

    #[test]
    fn csv_has_quotes_and_semicolons() {
        let terms = read("\"Park, Ji-won\",박지원\n", "a.csv").unwrap();
        assert_eq!(terms, [Term::new("Park, Ji-won", "박지원")]);
        let terms = read("source;target\nharbour;항만\n", "a.csv").unwrap();
        assert_eq!(terms, [Term::new("harbour", "항만")]);
    }

    #[test]
    fn a_wrong_cell_is_named_with_its_line() {
        for (text, name, reason) in [
            ("harbour", "a.csv", "has no comma between a term and its translation on line 1"),
            ("source\ttarget\n\t항만\n", "a.tsv", "has no term on line 2"),
            ("source\ttarget\tkeep\na\tb\tmaybe", "a.tsv", "has 'maybe' as keep on line 2"),
            (
                "source\ttarget\tregister\na\tb\tcasual",
                "a.tsv",
                "has 'casual' as register on line 2",
            ),
        ] {
            let error = read(text, name).unwrap_err();
            assert!(error.starts_with(&format!("{name} {reason}")), "{error}");
        }
    }

    fn any_term() -> impl Strategy<Value = Term> {
        let word = "[가나a-c&<\"',;#][가나a-c&<\"',; ]{0,6}[가나a-c]";
        (
            word,
            word,
            proptest::option::of(word),
            any::<bool>(),
            proptest::collection::vec(word, 0..2),
        )
            .prop_map(|(source, target, note, keep, forbid)| Term {
                note,
                keep,
                forbid,
                ..Term::new(format!("x{source}"), target)
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(terms in proptest::collection::vec(any_term(), 1..4)) {
            for format in &GLOSSARY_FORMATS[..2] {
                let text = (format.write)(&terms).unwrap();
                let name = format!("a.{}", format.name);
                prop_assert_eq!(read(&text, &name).unwrap(), terms.clone(), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..3usize) {
            let _ = Term::read(&bytes, &format!("a.{}", GLOSSARY_FORMATS[at].name));
        }

        #[test]
        fn any_markup_is_read_or_refused(
            text in "<(tbx|martif)>(<(termEntry|conceptEntry|langSet xml:lang='(en|ko)'|langSec xml:lang='ko'|tig|term|note)/?>|</(termEntry|conceptEntry|langSet|tig|term)>|[가x&;]){0,30}"
        ) {
            let _ = read(&text, "a.tbx");
        }
    }
}
