//! Writes units to a file, one at a time. A format is one file here and one line in
//! [`EXCHANGE_FORMATS`]. Knows the formats in a table; knows nothing of where units come from.

use std::io::{self, Write};

use super::unit::{Languages, language_of};
use super::{Side, Unit};

/// A format that units are written in, for translators' tools.
pub struct ExchangeFormat {
    /// Name of the format, and extension of its files.
    pub name: &'static str,
    /// Description for the help, half a line.
    pub describe: &'static str,
    /// True if all units of a file have the same two languages.
    has_one_direction: bool,
    /// Writes what comes before the first unit.
    begin: fn(&mut dyn Write, &Languages) -> io::Result<()>,
    /// The way units of one document are grouped; `None` if each unit names its own.
    documents: Option<Documents>,
    /// Writes a unit with its number in the file. Returns the number of replaced characters.
    unit: fn(&mut dyn Write, &Unit, &Languages, u64) -> io::Result<u64>,
    /// What comes after the last unit.
    end: &'static str,
}

/// Parts of a file that hold the units of one document each.
struct Documents {
    /// Begins a part with its number in the file and the document's name. Returns the number of
    /// replaced characters.
    begin: fn(&mut dyn Write, Option<&str>, u64) -> io::Result<u64>,
    /// What ends a part.
    end: &'static str,
    /// The content of a part without units.
    empty: &'static str,
}

macro_rules! exchange_formats {
    ($(mod $member:ident;)*) => {
        $(mod $member;)*

        /// All formats that units are written in.
        pub const EXCHANGE_FORMATS: &[ExchangeFormat] = &[$($member::FORMAT),*];
    };
}

// A format is a file and a line here.
exchange_formats! {
    mod tmx;
    mod xliff;
}

impl ExchangeFormat {
    /// The format with that name, in upper or lower case; `None` if there is none.
    pub fn named(name: &str) -> Option<&'static Self> {
        EXCHANGE_FORMATS.iter().find(|format| format.name.eq_ignore_ascii_case(name))
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Number of units.
    pub units: u64,
    /// Number of units left out because they are in the other direction: an XLIFF file has one.
    pub left_out: u64,
    /// Number of characters in codes, notes and properties that XML cannot hold, such as control
    /// characters. Each is written as U+FFFD; in the texts themselves they are kept.
    pub replaced: u64,
}

/// Writes units one at a time, in constant memory.
pub struct UnitWriter<W: Write> {
    out: W,
    format: &'static ExchangeFormat,
    languages: Languages,
    written: Written,
    /// The document whose part of the file is open; the outer `None` before the first.
    document: Option<Option<String>>,
    /// Number of documents begun.
    documents: u64,
}

impl<W: Write> UnitWriter<W> {
    /// Begins a file for units from one language into another, by their codes (`en`, `ko-KR`).
    /// `out` should be buffered.
    ///
    /// # Errors
    ///
    /// Fails if `out` does.
    pub fn new(
        mut out: W,
        format: &'static ExchangeFormat,
        from: &str,
        to: &str,
    ) -> io::Result<Self> {
        let languages = Languages { from: from.to_string(), to: to.to_string() };
        (format.begin)(&mut out, &languages)?;
        let written = Written::default();
        Ok(Self { out, format, languages, written, document: None, documents: 0 })
    }

    /// Writes a unit. Its texts without a language code get those of the file.
    ///
    /// # Errors
    ///
    /// Fails if `out` does.
    pub fn write(&mut self, unit: &Unit) -> io::Result<()> {
        let is_other = |side: &Side, of_file: &str| {
            side.known_language().is_some_and(|own| language_of(of_file) != Some(own))
        };
        if self.format.has_one_direction
            && (is_other(&unit.source, &self.languages.from)
                || is_other(&unit.target, &self.languages.to))
        {
            self.written.left_out += 1;
            return Ok(());
        }
        if self.document.as_ref() != Some(&unit.document) {
            self.begin_document(unit.document.as_deref())?;
        }
        self.written.units += 1;
        let number = self.written.units;
        self.written.replaced += (self.format.unit)(&mut self.out, unit, &self.languages, number)?;
        Ok(())
    }

    /// Ends the file and flushes it. A file without units is valid, too.
    ///
    /// # Errors
    ///
    /// Fails if `out` does.
    pub fn finish(mut self) -> io::Result<Written> {
        if let Some(documents) = &self.format.documents {
            if self.document.is_none() {
                self.begin_document(None)?;
                self.out.write_all(documents.empty.as_bytes())?;
            }
            self.out.write_all(documents.end.as_bytes())?;
        }
        self.out.write_all(self.format.end.as_bytes())?;
        self.out.flush()?;
        Ok(self.written)
    }

    fn begin_document(&mut self, name: Option<&str>) -> io::Result<()> {
        if let Some(documents) = &self.format.documents {
            if self.document.is_some() {
                self.out.write_all(documents.end.as_bytes())?;
            }
            self.documents += 1;
            self.written.replaced += (documents.begin)(&mut self.out, name, self.documents)?;
        }
        self.document = Some(name.map(str::to_string));
        Ok(())
    }
}

/// Writes units to a file. See [`UnitWriter`].
///
/// ```
/// use malmoi::formats::pairs::{ExchangeFormat, Side, Unit, write};
/// let unit = Unit {
///     source: Side::new("en", "The ferry opened."),
///     target: Side::new("ko", "나룻배가 운항을 시작했다."),
///     ..Unit::default()
/// };
/// let (mut file, tmx) = (Vec::new(), ExchangeFormat::named("tmx").unwrap());
/// assert_eq!(write(&mut file, tmx, "en", "ko", [unit]).unwrap().units, 1);
/// assert!(String::from_utf8(file).unwrap().contains("<seg>The ferry opened.</seg>"));
/// ```
///
/// # Errors
///
/// Fails if `out` does.
pub fn write(
    out: impl Write,
    format: &'static ExchangeFormat,
    from: &str,
    to: &str,
    units: impl IntoIterator<Item = Unit>,
) -> io::Result<Written> {
    let mut writer = UnitWriter::new(out, format, from, to)?;
    for unit in units {
        writer.write(&unit)?;
    }
    writer.finish()
}
