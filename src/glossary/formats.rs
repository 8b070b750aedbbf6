//! Files of terms: a format is one row of the table.

use std::path::Path;

use super::term::Term;
use super::{columns, tbx, write};
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
        write: write::tab_separated,
    },
    GlossaryFormat {
        name: "csv",
        describe: "CSV",
        extensions: &["csv"],
        read: comma_separated,
        write: write::comma_separated,
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

/// The file with terms, in the format of its name. White space in their words becomes single
/// spaces, and control characters are left out.
///
/// # Errors
///
/// Fails for a term without letters or without a translation.
pub fn written(terms: &[Term], name: &str) -> Result<String> {
    let clean: Result<Vec<Term>, String> = terms.iter().map(write::clean).collect();
    let written = clean.and_then(|terms| (format_of(name, "").write)(&terms));
    written.map_err(|reason| Error::unreadable(name, reason))
}

fn tab_separated(text: &str) -> Result<Vec<Term>, String> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with(columns::FIRST_OF_COMMENT))
        .map(|(index, line)| (index + 1, line.split('\t').map(columns::unquoted).collect()));
    columns::terms(lines, "tab")
}

fn comma_separated(text: &str) -> Result<Vec<Term>, String> {
    let first = text.lines().next().unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    let separator = if count(';') > count(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(u8::try_from(columns::FIRST_OF_COMMENT).ok())
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("is not CSV: {error}"))?;
        let line = record.position().map_or(0, csv::Position::line) as usize;
        rows.push((line, record));
    }
    let cells = rows.iter().map(|(line, record)| (*line, record.iter().map(Into::into).collect()));
    columns::terms(cells, if separator == b';' { "semicolon" } else { "comma" })
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

    /// Words with what means something in a file, or is easily lost in one.
    const HOSTILE: &str =
        "[가나a-c&<>\"',;:#=|\\\\\u{feff}\u{200f}\u{202e} \t\r\n\u{b}\u{85}\u{2028}\u{1}]{0,8}";

    fn any_term() -> impl Strategy<Value = Term> {
        let register =
            prop_oneof![Just(None), Just(Some(Register::Handa)), Just(Some(Register::Haeyo))];
        let words = || proptest::collection::vec(HOSTILE, 0..3);
        let texts =
            (HOSTILE, HOSTILE, proptest::option::of(HOSTILE), proptest::option::of(HOSTILE));
        (texts, words(), words(), any::<bool>(), register).prop_map(
            |((source, target, note, part_of_speech), alternatives, forbid, keep, register)| Term {
                source,
                target,
                alternatives,
                forbid,
                keep,
                part_of_speech,
                note,
                register,
            },
        )
    }

    /// What a file holds of words.
    fn held(words: &str) -> String {
        let words = words.replace('\u{1}', "");
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn held_of(term: &Term) -> Term {
        let list = |words: &[String]| -> Vec<String> {
            words.iter().map(|word| held(word)).filter(|word| !word.is_empty()).collect()
        };
        let some =
            |words: &Option<String>| words.as_deref().map(held).filter(|words| !words.is_empty());
        let target = if held(&term.target).is_empty() { &term.source } else { &term.target };
        Term {
            source: held(&term.source),
            target: held(target),
            alternatives: list(&term.alternatives),
            forbid: list(&term.forbid),
            keep: term.keep,
            part_of_speech: some(&term.part_of_speech),
            note: some(&term.note),
            register: term.register,
        }
    }

    #[test]
    fn a_term_that_reads_as_a_comment_or_as_quoted_is_written_so_that_it_does_not() {
        for (source, in_tsv) in [
            ("#MeToo", "\"#MeToo\""),
            ("\"Big\" and #1", "\"\"\"Big\"\" and #1\""),
            ("the #1", "the #1"),
            ("=SUM(A1)", "=SUM(A1)"),
        ] {
            let terms = [Term::new(source, "미투|나도\\"), Term::new("port", "\\|")];
            for format in GLOSSARY_FORMATS {
                let name = format!("a.{}", format.name);
                let text = written(&terms, &name).unwrap();
                assert_eq!(read(&text, &name).unwrap(), terms, "{text}");
            }
            let text = written(&terms, "a.tsv").unwrap();
            let cell = text.lines().nth(1).and_then(|line| line.split('\t').next());
            assert_eq!(cell, Some(in_tsv));
        }
    }

    #[test]
    fn a_cell_is_quoted_as_a_whole_or_not_at_all() {
        let terms = read("\"Big\" data\t빅데이터\n\"the #1\"\t\"1\"위\n", "a.tsv").unwrap();
        assert_eq!(terms, [Term::new("\"Big\" data", "빅데이터"), Term::new("the #1", "\"1\"위")]);
    }

    #[test]
    fn a_term_that_no_file_can_hold_is_named() {
        for (term, reason) in [
            (Term::new(" \u{1}", "항만"), "cannot hold a term without letters, for '항만'"),
            (Term::new("port", ""), "cannot hold the term 'port' without a translation"),
        ] {
            let error = written(&[term], "a.tbx").unwrap_err().to_string();
            assert_eq!(error, format!("a.tbx {reason}"));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(terms in proptest::collection::vec(any_term(), 1..4)) {
            let whole = |term: &&Term| !held(&term.source).is_empty()
                && (term.keep || !held(&term.target).is_empty());
            let terms: Vec<Term> = terms.iter().filter(whole).cloned().collect();
            if terms.is_empty() {
                return Ok(());
            }
            let expected: Vec<Term> = terms.iter().map(held_of).collect();
            for format in GLOSSARY_FORMATS {
                let name = format!("a.{}", format.name);
                let text = written(&terms, &name).unwrap();
                prop_assert_eq!(read(&text, &name).unwrap(), expected.clone(), "{}", text);
            }
        }

        #[test]
        fn what_is_read_is_written_as_the_same_terms(
            text in "([a가#;,|\"\\\\ \t\n]|\"\"|yes|keep|source|target|ko|forbid|handa){0,40}",
            at in 0..GLOSSARY_FORMATS.len(),
        ) {
            let terms = read(&text, &format!("a.{}", GLOSSARY_FORMATS[at].name));
            let terms = terms.unwrap_or_default();
            if terms.is_empty() {
                return Ok(());
            }
            for format in GLOSSARY_FORMATS {
                let name = format!("a.{}", format.name);
                let file = written(&terms, &name).unwrap();
                prop_assert_eq!(read(&file, &name).unwrap(), terms.clone(), "{}", file);
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
