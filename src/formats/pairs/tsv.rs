//! Lines of tab-separated columns: source, output, or as a header names them.

use super::{PairFormat, PairReader, TextPair, columns, jsonl};
use crate::formats::encoding::decode_part;
use crate::formats::record::normalized;

pub(super) const FORMAT: PairFormat = PairFormat {
    name: "tsv",
    describe: "TSV with the columns source and output",
    extensions: &["tsv", "tab"],
    sniff: |bytes| bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().contains(&b'\t'),
    read: PairReader::Words(|source, _| {
        let mut header: Option<Vec<String>> = None;
        let mut is_first = true;
        jsonl::lines(source, move |place, line| {
            let text = decode_part(line).map_err(|fault| fault.to_string())?;
            let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
            let fields: Vec<String> = text.split('\t').map(unquoted).collect();
            if std::mem::take(&mut is_first) && columns::is_header(&fields) {
                header = Some(fields.iter().map(|name| normalized(name)).collect());
                return Ok(None);
            }
            pair(place, fields, header.as_deref()).map(Some)
        })
    }),
};

fn pair(place: String, fields: Vec<String>, header: Option<&[String]>) -> Result<TextPair, String> {
    if let Some(header) = header {
        let get = |name: &str| {
            header.iter().position(|column| column == name).and_then(|at| fields.get(at)).cloned()
        };
        return columns::pair(place, get);
    }
    let mut fields = fields.into_iter();
    let (Some(source), Some(output)) = (fields.next(), fields.next()) else {
        return Err("has no tab between source and output".to_string());
    };
    Ok(TextPair { place, source, output, ..TextPair::default() })
}

/// A field without the quotes that spreadsheets put around text with quotes in it.
fn unquoted(field: &str) -> String {
    let inner = field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner.map(|inner| (inner, inner.replace("\"\"", ""))) {
        Some((inner, without_pairs)) if !without_pairs.contains('"') => inner.replace("\"\"", "\""),
        _ => field.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn the_first_two_columns_are_source_and_output() {
        assert_eq!(
            told(
                "They met.\t만났다.\tchecked\r\n\n\"Yes\", he said.\t그는 \"예\"라고 말했다.\nalone\n",
                "a.tsv"
            ),
            [
                "line 1 - | They met. | 만났다.",
                "line 3 - | \"Yes\", he said. | 그는 \"예\"라고 말했다.",
                "line 4 has no tab between source and output"
            ]
        );
    }

    #[test]
    fn a_header_names_the_columns() {
        let text = "\u{feff}번호\t번역문\t원문\n7\t만났다.\t\"He said \"\"yes\"\".\"\n8\tone\n";
        let told = told(text, "a.tsv");
        assert_eq!(told[0], "line 2 7 | He said \"yes\". | 만났다.");
        assert!(told[1].starts_with("line 3 has no source"), "{}", told[1]);
    }
}
