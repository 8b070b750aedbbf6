//! CSV with a header: one article per row, columns separated by commas, semicolons or tabs.
//!
//! Knows headers and separators, and that Excel writes CP949, UTF-8 or UTF-16; the meaning of
//! columns is in [`record`].

mod columns;
mod rows;

use std::io::BufRead;

use ::csv::StringRecord;

use super::encoding::decode_part;
use super::record::{self, excerpt, normalized};
use super::transcode;
use super::{Fields, Format, Item, ItemResult, ItemStream, Reader, Unreadable};
use crate::error::InputFault;
use columns::columns;
use rows::{CsvRow, CsvRows};

pub(super) const FORMAT: Format = Format {
    name: "csv",
    describe: "CSV with a header, one article per row",
    extensions: &["csv", "tsv"],
    title: "CSV",
    written: "JSON Lines",
    kept: "ids",
    // Any text with a comma could be CSV: only the file name decides.
    sniff: |_| false,
    read: Reader::Stream(read),
};

/// Possible separators.
const SEPARATORS: &[u8] = b",\t;";
/// Separator of a file with one column: a character that no text holds.
const NO_SEPARATOR: u8 = 0x1F;
/// Limits of an error message: number of columns named, and characters of each.
const MAX_NAMED_COLUMNS: usize = 30;
const MAX_COLUMN_CHARS: usize = 40;

/// The rows after the header.
struct CsvArticles {
    rows: CsvRows,
    separator: u8,
    /// Normalized names of the columns.
    columns: Vec<String>,
    fields: Fields,
}

fn read(source: Box<dyn BufRead + Send>, fields: Fields) -> Result<ItemStream, InputFault> {
    let source = transcode::to_utf8(source).map_err(|error| format!("cannot be read: {error}"))?;
    let mut rows = CsvRows::new(source);
    let mut header = header_row(&mut rows, SEPARATORS)?;
    let declared = declared_separator(&header);
    if let Some(separator) = declared {
        header = header_row(&mut rows, &[separator])?;
    }
    let (separator, names) = header_of(&header, &fields, declared)?;
    let columns = names.iter().map(normalized).collect();
    Ok(Box::new(CsvArticles { rows, separator, columns, fields }))
}

fn header_row(rows: &mut CsvRows, separators: &[u8]) -> Result<String, InputFault> {
    match rows.next(separators) {
        None => Err(InputFault::Empty),
        Some(Err(wrong)) => Err(format!("has no header: {} {}", wrong.place, wrong.reason).into()),
        Some(Ok(row)) => decode_part(&row.bytes),
    }
}

/// The separator declared by Excel's line `sep=;` before the header.
fn declared_separator(line: &str) -> Option<u8> {
    let line = line.trim_matches(['\u{feff}', '"', ' ', '\r']);
    let value =
        line.get(..4).filter(|name| name.eq_ignore_ascii_case("sep=")).map(|_| &line[4..])?;
    match value.as_bytes() {
        [separator] if separator.is_ascii_punctuation() || *separator == b'\t' => Some(*separator),
        // Spreadsheets pad the line to their number of columns.
        [separator, rest @ ..] if rest.iter().all(|byte| byte == separator) => Some(*separator),
        _ => None,
    }
}

/// The separator and the column names: as declared, otherwise the first separator that yields a
/// column for the text.
fn header_of(
    header: &str,
    fields: &Fields,
    declared: Option<u8>,
) -> Result<(u8, StringRecord), String> {
    let mut most: Option<StringRecord> = None;
    for separator in declared.as_ref().map_or(SEPARATORS, std::slice::from_ref) {
        let names = columns(header, *separator)?;
        let has = |wanted: &String| names.iter().any(|name| normalized(name) == normalized(wanted));
        if fields.text.iter().any(has) {
            return Ok((if names.len() > 1 { *separator } else { NO_SEPARATOR }, names));
        }
        if most.as_ref().is_none_or(|most| names.len() > most.len()) {
            most = Some(names);
        }
    }
    let names = most.unwrap_or_default();
    let short = |name: &str| name.trim().chars().take(MAX_COLUMN_CHARS).collect::<String>();
    let mut listed: Vec<String> = names.iter().take(MAX_NAMED_COLUMNS).map(short).collect();
    if names.len() > MAX_NAMED_COLUMNS {
        listed.push(format!("and {} more", names.len() - MAX_NAMED_COLUMNS));
    }
    Err(format!(
        "has no column {} in its header, which names {}; say which one holds the text with --field text=NAME",
        fields.text.join(", "),
        listed.join(", ")
    ))
}

impl Iterator for CsvArticles {
    type Item = ItemResult;

    fn next(&mut self) -> Option<ItemResult> {
        loop {
            let row = match self.rows.next(&[self.separator])? {
                Ok(row) => row,
                Err(wrong) => return Some(Err(wrong)),
            };
            if let Some(found) = self.article(&row) {
                return Some(found);
            }
        }
    }
}

impl CsvArticles {
    /// The article of a row; `None` if all its columns are blank, as in rows that spreadsheets add
    /// at the end.
    fn article(&self, row: &CsvRow) -> Option<ItemResult> {
        let fail = |raw: &[u8], reason: String| {
            Some(Err(Unreadable { place: format!("line {}", row.line), reason, raw: excerpt(raw) }))
        };
        let text = match decode_part(&row.bytes) {
            Ok(text) => text,
            Err(fault) => return fail(&row.bytes, fault.to_string()),
        };
        match self.item(&text) {
            Ok(item) => item.map(Ok),
            Err(reason) => fail(text.as_bytes(), reason),
        }
    }

    fn item(&self, row: &str) -> Result<Option<Item>, String> {
        let values = columns(row, self.separator)?;
        if values.iter().all(|value| value.trim().is_empty()) {
            return Ok(None);
        }
        if values.len() != self.columns.len() {
            return Err(format!(
                "has {} columns where the header has {}",
                values.len(),
                self.columns.len()
            ));
        }
        let get = |name: &str| {
            let name = normalized(name);
            let at = self.columns.iter().position(|column| *column == name)?;
            values.get(at).map(str::to_string)
        };
        record::article(&self.fields, get).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fields, ItemResult, items};
    use encoding_rs::EUC_KR;
    use proptest::prelude::*;

    fn read(bytes: impl Into<Vec<u8>>) -> Vec<ItemResult> {
        items(std::io::Cursor::new(bytes.into()), "a.csv", Fields::default()).unwrap().collect()
    }

    fn articles(bytes: impl Into<Vec<u8>>) -> Vec<String> {
        read(bytes).into_iter().map(|found| found.unwrap().document.article()).collect()
    }

    fn refused(bytes: &'static [u8]) -> String {
        items(bytes, "a.csv", Fields::default()).err().unwrap().to_string()
    }

    #[test]
    fn each_row_is_an_article_with_the_columns_of_the_header() {
        let found = read(
            "\u{feff}ID, Title ,Body,URL,Date,Version,slug\r\n7,\"다리, 다시 열려\",\"시는 7일 다리를 열었다.\n\n시민이 반겼다.\",http://a/b,2026-01-07,2,bridge\r\n",
        );
        let item = found[0].as_ref().unwrap();
        assert_eq!(item.document.title(), Some("다리, 다시 열려"));
        assert_eq!(
            item.document.article(),
            "다리, 다시 열려\n\n시는 7일 다리를 열었다.\n\n시민이 반겼다."
        );
        let facts = [&item.id, &item.link, &item.published, &item.version, &item.slug];
        assert_eq!(
            facts.map(|fact| fact.as_deref()),
            [Some("7"), Some("http://a/b"), Some("2026-01-07"), Some("2"), Some("bridge")]
        );
    }

    #[test]
    fn semicolons_and_tabs_separate_where_the_header_says_so() {
        assert_eq!(
            articles("title;text\nOne, two;They met, and left.\n"),
            ["One, two\n\nThey met, and left."]
        );
        assert_eq!(
            articles("title\ttext\nOne; two\tThey met, all.\n"),
            ["One; two\n\nThey met, all."]
        );
        assert_eq!(articles("text\nOnly this, and no more.\n"), ["Only this, and no more."]);
    }

    #[test]
    fn korean_excel_files_are_read() {
        let text =
            "번호,text\r\n1,\"국방부는 7일 훈련을 마쳤다고 밝혔다.\"\r\n2,펲시콜라가 팔렸다.\r\n";
        let expected = ["국방부는 7일 훈련을 마쳤다고 밝혔다.", "펲시콜라가 팔렸다."];
        assert_eq!(articles(EUC_KR.encode(text).0.into_owned()), expected);
        let wide = |order: fn(u16) -> [u8; 2]| {
            let text = format!("\u{feff}{}", text.replace(',', "\t"));
            text.encode_utf16().flat_map(order).collect::<Vec<u8>>()
        };
        assert_eq!(articles(wide(u16::to_le_bytes)), expected);
        assert_eq!(articles(wide(u16::to_be_bytes)), expected);
    }

    #[test]
    fn the_sep_line_of_excel_sets_the_separator() {
        let expected = ["하나\n\n왔다, 갔다."];
        for text in [
            "sep=,\r\nid,title,body\r\n1,하나,\"왔다, 갔다.\"\r\n",
            "\"sep=;\"\nid;title;body\n1;하나;왔다, 갔다.\n",
            "SEP=|\nid|title|body\n1|하나|왔다, 갔다.\n",
            "sep=\t\nid\ttitle\tbody\n1\t하나\t왔다, 갔다.\n",
            "sep=;;;\nid;title;body\n1;하나;왔다, 갔다.\n",
            "\u{feff}sep=,\n번호,기사 제목,기사 본문\n1,하나,\"왔다, 갔다.\"\n",
        ] {
            assert_eq!(articles(text), expected, "{text}");
            assert_eq!(
                articles(EUC_KR.encode(text.trim_start_matches('\u{feff}')).0.into_owned()),
                expected
            );
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(articles(wide), expected, "{text}");
        }
        assert!(refused(b"sep=,\n").ends_with("is empty"));
        assert!(refused(b"sep=,,x\n1\n").contains("which names sep="));
    }

    #[test]
    fn an_unreadable_row_is_reported_and_the_others_are_read() {
        let found = read(
            b"id,text\n1,One.\n2\n3,,x\n4, \n,\n5,\"a\0b\"\n6,\"open\n7,Seven.\n\"8\nth\",Eight.\n9,GGUF is a format.\n"
                .to_vec(),
        );
        let wrong: Vec<String> = found
            .iter()
            .filter_map(|one| one.as_ref().err())
            .map(|e| format!("{} {}", e.place, e.reason))
            .collect();
        assert_eq!(
            wrong,
            [
                "line 3 has 1 columns where the header has 2",
                "line 4 has 3 columns where the header has 2",
                "line 5 is empty",
                "line 7 is not text: it has a NUL byte at 4",
                "line 8 closes a quote in the middle of a column",
            ]
        );
        let read: Vec<String> =
            found.iter().flatten().map(|item| item.document.article()).collect();
        assert_eq!(read, ["One.", "Seven.", "Eight.", "GGUF is a format."]);
    }

    #[test]
    fn a_header_without_the_text_is_refused_with_its_columns() {
        assert_eq!(
            refused("id;전보;date\n1;x;y\n".as_bytes()),
            "a.csv has no column text, body, content, article, 본문, 내용, 기사, 기사본문, 기사내용, 기사전문, 원문, 전문 in its header, which names id, 전보, date; say which one holds the text with --field text=NAME"
        );
        assert!(refused(b"\n\n").ends_with("is empty"));
        assert!(refused(b"\"text,title\n").contains("has no header: line 1 opens a quote"));
        let fields = Fields { text: vec!["전보".into()], ..Fields::default() };
        let found: Vec<ItemResult> =
            items("id;전보\n1;왔다.\n".as_bytes(), "a.csv", fields).unwrap().collect();
        assert_eq!(found[0].as_ref().unwrap().document.article(), "왔다.");
    }

    proptest! {
        #[test]
        fn no_rows_make_it_panic(rows in "(text|[a가,;\t\"\n\r]){0,60}") {
            if let Ok(found) = items(std::io::Cursor::new(format!("text,id\n{rows}")), "a.csv", Fields::default()) {
                prop_assert!(found.count() <= rows.len());
            }
        }

        #[test]
        fn output_of_the_csv_crate_is_read(texts in proptest::collection::vec("[a가][a가,;\"\n. ]{0,30}[a가]", 1..5)) {
            let mut writer = ::csv::Writer::from_writer(Vec::new());
            writer.write_record(["id", "text"]).unwrap();
            for text in &texts {
                writer.write_record(["1", text]).unwrap();
            }
            let found = read(writer.into_inner().unwrap());
            let found: Vec<&str> = found.iter().map(|one| one.as_ref().unwrap().document.text()).collect();
            prop_assert_eq!(found, texts);
        }
    }
}
