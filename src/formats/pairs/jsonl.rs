//! JSON Lines: one object per line, one pair per object.

use std::io::{BufRead, Read as _};

use serde_json::Value;

use super::{PairFormat, PairLanguages, PairReader, PairStream, TextPair, columns};
use crate::formats::encoding::decode_part;
use crate::formats::record::{MAX_RECORD_BYTES, excerpt, normalized, skip_line, too_long_reason};
use crate::formats::{Unreadable, jsonl};
use crate::language::Language;

pub(super) const FORMAT: PairFormat = PairFormat {
    name: "jsonl",
    describe: "JSON Lines with the fields source and output",
    extensions: &["jsonl", "ndjson"],
    sniff: jsonl::FORMAT.sniff,
    read: PairReader::Words(|source, languages| {
        lines(source, move |place, line| pair(place, line, languages))
    }),
};

/// The pairs of a source that has at most one on a line; blank lines are skipped.
pub(super) fn lines(
    mut source: Box<dyn BufRead + Send>,
    mut read: impl FnMut(String, &[u8]) -> Result<Option<TextPair>, String> + Send + 'static,
) -> PairStream {
    let mut number = 0;
    Box::new(std::iter::from_fn(move || {
        loop {
            number += 1;
            let mut line = Vec::new();
            let place = || format!("line {number}");
            let fail = |line: &[u8], reason: String| {
                Some(Err(Unreadable { place: place(), reason, raw: excerpt(line) }))
            };
            match (&mut source).take(MAX_RECORD_BYTES).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                // No byte can be read after this: the next call reports the end.
                Err(error) => {
                    source = Box::new(std::io::empty());
                    return fail(&line, format!("cannot be read: {error}"));
                }
            }
            if line.len() as u64 == MAX_RECORD_BYTES && !line.ends_with(b"\n") {
                let skipped = skip_line(&mut *source);
                return fail(&line, too_long_reason() + &skipped);
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match read(place(), &line) {
                Ok(Some(pair)) => return Some(Ok(pair)),
                Ok(None) => {}
                Err(reason) => return fail(&line, reason),
            }
        }
    }))
}

fn pair(place: String, line: &[u8], languages: PairLanguages) -> Result<Option<TextPair>, String> {
    let text = decode_part(line).map_err(|fault| fault.to_string())?;
    let record: Value =
        serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
    let Value::Object(record) = &record else { return Err("is not a JSON object".to_string()) };
    let get = |name: &str| {
        let folded = || record.iter().find(|(key, _)| normalized(key) == name);
        match record.get(name).or_else(|| folded().map(|(_, value)| value))? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    // Data sets hold texts by the code of their language, some within the field `translation`.
    let by_language = match record.get("translation") {
        Some(Value::Object(inner)) => inner,
        _ => record,
    };
    let texts = |language: Language| by_language.get(language.code()).and_then(Value::as_str);
    if let (Some(_), Some(_)) = (texts(Language::English), texts(Language::Korean)) {
        let from = languages.from.or(languages.to.map(Language::other));
        let from = from.unwrap_or(Language::English);
        let [source, output] = [from, from.other()].map(|l| texts(l).unwrap_or("").to_string());
        let (from, to) = (Some(from), Some(from.other()));
        let (id, task) = (get("id"), get("task"));
        return Ok(Some(TextPair { place, id, source, output, from, to, task }));
    }
    columns::pair(place, get).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, read_in, told};
    use super::*;

    #[test]
    fn the_usual_names_of_the_fields_are_known() {
        for line in [
            r#"{"id": 7, "source": "They met.", "output": "만났다."}"#,
            r#"{"ID": "7", "src": "They met.", "tgt": "만났다."}"#,
            r#"{"id": "7", "text": "They met.", "translation": "만났다."}"#,
            r#"{"id": "7", "article": "They met.", "summary": "만났다."}"#,
            r#"{"id": "7", "Source": "They met.", "Target": "만났다."}"#,
            r#"{"번호": 7, "원문": "They met.", "번역문": "만났다."}"#,
            r#"{"id": "7", "translation": {"en": "They met.", "ko": "만났다."}}"#,
            r#"{"id": "7", "ko": "만났다.", "en": "They met."}"#,
        ] {
            assert_eq!(told(line, "a.jsonl"), ["line 1 7 | They met. | 만났다."], "{line}");
        }
    }

    #[test]
    fn a_row_names_its_languages_and_its_task() {
        let row = r#"{"article": "They met.", "summary": "만났다.", "from": "en", "to": "ko-KR"}"#;
        let pair = read(row, "a.jsonl").remove(0).unwrap();
        assert_eq!((pair.from, pair.to), (Some(Language::English), Some(Language::Korean)));
        assert_eq!(pair.task.as_deref(), Some("summary"));
        let given = PairLanguages { from: Some(Language::Korean), to: None };
        let row = r#"{"en": "They met.", "ko": "만났다."}"#;
        assert_eq!(read_in(row, "a.jsonl", given).remove(0).unwrap().source, "만났다.");
    }

    #[test]
    fn a_line_that_is_not_a_pair_is_reported_and_the_others_are_read() {
        let text = "{\"source\": \"One.\", \"output\": \"하나.\"}\n{\"sou\n\n[1]\n{\"source\": \"x\"}\n{\"source\": \"x\", \"output\": \"y\", \"to\": \"fr\"}\n{\"source\": \"Two.\", \"output\": \"\"}";
        let told = told(text, "a.jsonl");
        assert_eq!(told[0], "line 1 - | One. | 하나.");
        assert!(told[1].starts_with("line 2 is not JSON: "), "{}", told[1]);
        assert_eq!(told[2], "line 4 is not a JSON object");
        assert!(told[3].starts_with("line 5 has no output; it is read from a field named output,"));
        assert!(told[4].starts_with("line 6 names another language: `fr`"), "{}", told[4]);
        assert_eq!(told[5], "line 7 - | Two. | ");
    }
}
