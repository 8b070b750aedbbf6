//! `preserve_formatting`: a translation ends as its source does.

/// Marks that end a sentence.
const MARKS: &[char] = &['.', '!', '?', '…', '。', '！', '？'];

/// The translation with the final marks of the source, line by line if they have as many lines. A
/// source without a mark gets none, one with a mark keeps it.
pub(super) fn preserve(source: &str, translation: &str, is_markup: bool) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) =
        (source.split('\n').collect(), translation.split('\n').collect());
    if is_markup || from.len() != to.len() {
        return ending_like(source, translation, is_markup);
    }
    let lines = from.iter().zip(&to).map(|(from, to)| ending_like(from, to, false));
    lines.collect::<Vec<_>>().join("\n")
}

fn ending_like(source: &str, translation: &str, is_markup: bool) -> String {
    let words = words(source, is_markup);
    let marks = &words[words.trim_end_matches(MARKS).len()..];
    let kept = self::words(translation, is_markup);
    let rest = &translation[kept.len()..];
    let bare = kept.trim_end_matches(MARKS);
    match (marks.is_empty(), bare.len() == kept.len()) {
        _ if words.is_empty() || bare.is_empty() => translation.to_string(),
        (true, false) => format!("{bare}{rest}"),
        (false, true) => format!("{kept}{marks}{rest}"),
        _ => translation.to_string(),
    }
}

/// A text without the white space and the tags at its end.
fn words(text: &str, is_markup: bool) -> &str {
    let mut words = text.trim_end();
    while is_markup && words.ends_with('>') {
        let Some(start) = words.rfind('<') else { break };
        words = words[..start].trim_end();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_translation_ends_as_its_source_does() {
        for (source, translation, expected) in [
            ("Ferry leaves", "여객선이 떠난다.", "여객선이 떠난다"),
            ("Ferry leaves!", "여객선이 떠난다", "여객선이 떠난다!"),
            ("Ferry leaves.", "여객선이 떠난다.", "여객선이 떠난다."),
            ("Ferry leaves\nNow.", "여객선이 떠난다.\n지금 ", "여객선이 떠난다\n지금. "),
            ("Now", "...", "..."),
            ("", "지금.", "지금."),
        ] {
            assert_eq!(preserve(source, translation, false), expected);
        }
        let tagged = preserve("<p>Ferry leaves</p> ", "<p>여객선이 떠난다.</p>\n", true);
        assert_eq!(tagged, "<p>여객선이 떠난다</p>\n");
    }
}
