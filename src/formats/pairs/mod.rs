//! Files of pairs, each a source and the output made of it: one pair at a time, in bounded memory.
//!
//! [`pairs()`] reads the words alone; [`units`] reads them with their inline tags, history and
//! properties, and [`write()`] writes such units. A format is one file here and one line in
//! [`PAIR_FORMATS`]. Knows how pairs are written; does not know whether an output is a summary or a
//! translation, nor whether it is right.

mod columns;
mod conform;
mod convert;
mod escape;
mod markup;
mod tagged;
mod unit;
mod writer;
mod xliff_unit;

use std::io::{BufRead, BufReader, Cursor, Read};

use super::beginning::read_beginning;
use super::encoding::declared_for_stream;
use super::transcode::Transcoded;
use super::{Unreadable, transcode};
use crate::error::{Error, InputFault, Result};
use crate::language::Language;

use tagged::Collector;
pub use tagged::{Inline, InlineMarkup, Tag, TaggedText};
pub use unit::{Details, Note, Prop, Side, Status, Unit};
pub(crate) use unit::{seconds, tmx_date};
pub use writer::{EXCHANGE_FORMATS, ExchangeFormat, UnitWriter, Written, write};

/// A source with its output, as a file gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextPair {
    /// Position in the file: "line 12".
    pub place: String,
    /// Identifier in the file.
    pub id: Option<String>,
    /// The source text.
    pub source: String,
    /// The output text; empty if the file has none.
    pub output: String,
    /// Language of the source, if the file names it.
    pub from: Option<Language>,
    /// Language of the output, if the file names it.
    pub to: Option<Language>,
    /// "translation" or "summary", or another word of the file; `None` if it names no task.
    pub task: Option<String>,
}

/// Languages that the user names: they choose the texts of a file with more than two languages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairLanguages {
    /// Language of the sources.
    pub from: Option<Language>,
    /// Language of the outputs.
    pub to: Option<Language>,
}

/// An iterator over the pairs of a file. A part that cannot be read is an [`Unreadable`].
pub type PairStream = Box<dyn Iterator<Item = Result<TextPair, Unreadable>> + Send>;

/// An iterator over the units of a file. A part that cannot be read is an [`Unreadable`].
pub type UnitStream = Box<dyn Iterator<Item = Result<Unit, Unreadable>> + Send>;

/// A format of files of pairs.
pub struct PairFormat {
    /// Name of the format, for messages and tests.
    pub name: &'static str,
    /// Description for the help, half a line.
    pub describe: &'static str,
    /// File name extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// True if a file that begins with these bytes looks like this format; asked when the file
    /// name decides nothing.
    sniff: fn(&[u8]) -> bool,
    read: PairReader,
}

/// The way a format is read.
enum PairReader {
    /// As plain words.
    Words(fn(Box<dyn BufRead + Send>, PairLanguages) -> PairStream),
    /// As units with tags.
    Units(fn(Box<dyn BufRead + Send>, PairLanguages) -> UnitStream),
}

macro_rules! pair_formats {
    ($(mod $member:ident;)*) => {
        $(mod $member;)*

        /// All formats of pairs, the most specific first.
        pub const PAIR_FORMATS: &[PairFormat] = &[$($member::FORMAT),*];
    };
}

// A format is a file and a line here, the most specific first.
pair_formats! {
    mod tmx;
    mod xliff;
    mod jsonl;
    mod tsv;
}

/// Reads the pairs of a file or a pipe. `name` is the file's name or "standard input". Units that
/// hold tags alone are left out.
///
/// ```
/// use malmoi::formats::{PairLanguages, pairs};
/// let lines = "{\"id\": 7, \"source\": \"They met.\", \"output\": \"그들은 만났다.\"}\nnot JSON\n";
/// let languages = PairLanguages::default();
/// let found: Vec<_> = pairs(lines.as_bytes(), "pairs.jsonl", languages).unwrap().collect();
/// assert_eq!(found[0].as_ref().unwrap().output, "그들은 만났다.");
/// assert_eq!(found[1].as_ref().unwrap_err().place, "line 2");
/// ```
///
/// # Errors
///
/// Fails if no format recognizes the file. A part that cannot be read is an item of the stream.
pub fn pairs(
    source: impl Read + Send + 'static,
    name: &str,
    languages: PairLanguages,
) -> Result<PairStream> {
    let (format, source) = open(source, name)?;
    Ok(match format.read {
        PairReader::Words(read) => read(source, languages),
        PairReader::Units(read) => {
            let has_words = |unit: &Unit| {
                let sides = [&unit.source, &unit.target];
                sides.iter().any(|side| !side.text.text().trim().is_empty())
            };
            let units = read(source, languages);
            let units = units.filter(move |unit| unit.as_ref().map_or(true, has_words));
            Box::new(units.map(|unit| unit.map(TextPair::from)))
        }
    })
}

/// Reads the units of a translation memory with their inline tags and all that the file says of
/// them. Formats without tags give units of plain words.
///
/// ```
/// use malmoi::formats::pairs::{PairLanguages, units};
/// let memory = "<tmx version=\"1.4\"><header srclang=\"en\"/><body>\
///     <tu tuid=\"u1\" changeid=\"han\">\
///     <tuv xml:lang=\"en-US\"><seg>Ferry <ph x=\"1\">{0}</ph> left.</seg></tuv>\
///     <tuv xml:lang=\"ko-KR\"><seg><ph x=\"1\">{0}</ph>호가 떠났다.</seg></tuv>\
///     </tu></body></tmx>";
/// let mut found = units(memory.as_bytes(), "memory.tmx", PairLanguages::default()).unwrap();
/// let unit = found.next().unwrap().unwrap();
/// assert_eq!(unit.source.text.placeholders(), "Ferry <1/> left.");
/// assert_eq!(unit.target.text.text(), "호가 떠났다.");
/// assert_eq!((unit.target.language.as_str(), unit.author()), ("ko-KR", Some("han")));
/// ```
///
/// # Errors
///
/// Fails if no format recognizes the file. A part that cannot be read is an item of the stream; the
/// units before it are read.
pub fn units(
    source: impl Read + Send + 'static,
    name: &str,
    languages: PairLanguages,
) -> Result<UnitStream> {
    let (format, source) = open(source, name)?;
    Ok(match format.read {
        PairReader::Units(read) => read(source, languages),
        PairReader::Words(read) => {
            Box::new(read(source, languages).map(|pair| pair.map(Unit::from)))
        }
    })
}

/// The format of a source, and the source in UTF-8.
fn open(
    mut source: impl Read + Send + 'static,
    name: &str,
) -> Result<(&'static PairFormat, Box<dyn BufRead + Send>)> {
    let beginning = read_beginning(&mut source).map_err(|e| Error::io("read", name, e))?;
    let refuse = |fault: InputFault| Error::unreadable(name, fault);
    if beginning.trim_ascii().is_empty() {
        return Err(refuse(InputFault::Empty));
    }
    let Some(format) = detect(name, &beginning) else {
        let known: Vec<&str> = PAIR_FORMATS.iter().map(|format| format.describe).collect();
        return Err(refuse(format!("holds no pairs; known: {}", known.join("; ")).into()));
    };
    let declared = match format.read {
        PairReader::Units(_) => {
            declared_for_stream(&beginning).map_err(|reason| refuse(reason.into()))?
        }
        PairReader::Words(_) => None,
    };
    let source = BufReader::with_capacity(1 << 16, Cursor::new(beginning).chain(source));
    if let Some(encoding) = declared {
        return Ok((format, Box::new(Transcoded::new(Box::new(source), encoding))));
    }
    let source = transcode::to_utf8(Box::new(source))
        .map_err(|error| refuse(format!("cannot be read: {error}").into()))?;
    Ok((format, source))
}

impl From<Unit> for TextPair {
    fn from(unit: Unit) -> Self {
        Self {
            source: unit.source.text.text(),
            output: unit.target.text.text(),
            from: unit.source.known_language(),
            to: unit.target.known_language(),
            place: unit.place,
            id: unit.id,
            task: None,
        }
    }
}

impl From<TextPair> for Unit {
    fn from(pair: TextPair) -> Self {
        let code = |language: Option<Language>| language.map_or("", Language::code);
        Self {
            source: Side::new(code(pair.from), pair.source),
            target: Side::new(code(pair.to), pair.output),
            place: pair.place,
            id: pair.id,
            ..Self::default()
        }
    }
}

/// The format of the file name's extension, otherwise the first that recognizes the bytes.
fn detect(name: &str, bytes: &[u8]) -> Option<&'static PairFormat> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    let named = PAIR_FORMATS.iter().find(|format| format.extensions.contains(&ending.as_str()));
    named.or_else(|| PAIR_FORMATS.iter().find(|format| (format.sniff)(bytes)))
}

#[cfg(test)]
mod round_trip;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn read(text: &str, name: &str) -> Vec<Result<TextPair, Unreadable>> {
        read_in(text, name, PairLanguages::default())
    }

    pub(super) fn read_in(
        text: &str,
        name: &str,
        languages: PairLanguages,
    ) -> Vec<Result<TextPair, Unreadable>> {
        let source = Cursor::new(text.as_bytes().to_vec());
        pairs(source, name, languages).unwrap().take(10_000).collect()
    }

    /// What a file that must be readable says: place, id, source and output.
    pub(super) fn told(text: &str, name: &str) -> Vec<String> {
        let line = |one: Result<TextPair, Unreadable>| match one {
            Ok(TextPair { place, id, source, output, .. }) => {
                format!("{place} {} | {source} | {output}", id.as_deref().unwrap_or("-"))
            }
            Err(Unreadable { place, reason, .. }) => format!("{place} {reason}"),
        };
        read(text, name).into_iter().map(line).collect()
    }

    #[test]
    fn a_format_is_recognized_by_name_and_otherwise_by_content() {
        for (name, bytes, format) in [
            ("a.tsv", "x", Some("tsv")),
            ("a.XLF", "x", Some("xliff")),
            ("standard input", "{\"source\": \"x\"}\n", Some("jsonl")),
            ("standard input", "<?xml version=\"1.0\"?><tmx version=\"1.4\">", Some("tmx")),
            ("memory.xml", "<xliff version=\"2.1\">", Some("xliff")),
            ("standard input", "They met.\t그들은 만났다.\n", Some("tsv")),
            ("a.txt", "They met.", None),
        ] {
            let found = detect(name, bytes.as_bytes()).map(|format| format.name);
            assert_eq!(found, format, "{name} {bytes}");
        }
    }

    #[test]
    fn a_file_without_pairs_is_refused_with_the_formats_that_are_known() {
        let refused = |text: &'static str| {
            let found = pairs(text.as_bytes(), "a.txt", PairLanguages::default());
            found.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused(" \n"), "a.txt is empty");
        assert!(refused("They met.").starts_with("a.txt holds no pairs; known: TMX"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            which in 0..PAIR_FORMATS.len(),
        ) {
            let name = format!("a.{}", PAIR_FORMATS[which].extensions[0]);
            if let Ok(found) = pairs(Cursor::new(bytes), &name, PairLanguages::default()) {
                prop_assert!(found.take(1000).count() < 1000);
            }
        }

        #[test]
        fn any_markup_is_read_or_refused(
            text in "(<(tu|tuv xml:lang=\"(en|ko|x)\"|seg|xliff|unit id='1'|segment|source|target|ph|x)/?>|</(tu|tuv|seg|unit|segment|source|target|ph)>|[가x&;]|<!\\[CDATA\\[|\\]\\]>|<!--){0,40}",
            name in "a\\.(tmx|xlf)",
        ) {
            if let Ok(found) = pairs(Cursor::new(text.into_bytes()), &name, PairLanguages::default()) {
                prop_assert!(found.take(1000).count() < 1000);
            }
        }
    }
}
