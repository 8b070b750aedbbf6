//! Placeholders, for which a program puts values: `%s`, `%1$d`, `%(name)s`, `{0}`, `${port}`. A
//! program may fail when one is lost, and those of C are counted by their order.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::Span;

static PLACEHOLDERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let printf = r"%(?:\d+\$|\([A-Za-z_]\w*\))?[-+#0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh?|ll?|[Lqjzt])?[diouxXeEfFgGaAcsp@]";
    Regex::new(&format!(r"%%|{printf}|[%$]?\{{[A-Za-z0-9_.]*\}}")).ok()
});

/// What is wrong with the placeholders of a translation.
pub(super) enum Fault {
    /// One of the source that the translation lacks.
    Lost(Span),
    /// One of the translation that the source lacks.
    Invented(Span),
    /// All are there, this one not at its place among those that are counted.
    Moved(Span),
}

/// Faults of a translation, at most `limit`.
pub(super) fn faults(source: &str, output: &str, limit: usize) -> Vec<Fault> {
    let (from, to) = (placeholders(source), placeholders(output));
    let mut left: std::collections::HashMap<&str, Vec<Span>> = std::collections::HashMap::new();
    // Spans of the translation, the first one last.
    for span in to.iter().rev() {
        left.entry(&output[span.clone()]).or_default().push(span.clone());
    }
    let is_there =
        |span: &&Span| left.get_mut(&source[(*span).clone()]).and_then(Vec::pop).is_some();
    let (_, lost): (Vec<&Span>, Vec<&Span>) = from.iter().partition(is_there);
    let mut faults: Vec<Fault> = lost.into_iter().cloned().map(Fault::Lost).collect();
    let mut invented: Vec<Span> = left.into_values().flatten().collect();
    invented.sort_by_key(|span| span.start);
    faults.extend(invented.into_iter().map(Fault::Invented));
    if faults.is_empty() {
        let order = |text: &str, spans: Vec<Span>| -> Vec<Span> {
            spans.into_iter().filter(|span| is_counted(&text[span.clone()])).collect()
        };
        let (from, to) = (order(source, from), order(output, to));
        let mut pairs = from.into_iter().zip(to);
        let moved = pairs.find(|(one, other)| source[one.clone()] != output[other.clone()]);
        faults.extend(moved.map(|(_, other)| Fault::Moved(other)));
    }
    faults.truncate(limit);
    faults
}

/// True for a placeholder that takes the next value: one of C without a number or a name.
fn is_counted(word: &str) -> bool {
    word.starts_with('%') && word != "%%" && !word.contains(['$', '(', '{'])
}

fn placeholders(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for word in PLACEHOLDERS.iter().flat_map(|words| words.find_iter(text)) {
        let before = text[..word.start()].chars().next_back();
        let after = text[word.end()..].chars().next();
        // "5%s" and "%discount" are none.
        let is_word = word.as_str() == "%%"
            || word.as_str().ends_with('}')
            || !before.is_some_and(|c| c.is_ascii_digit())
                && !after.is_some_and(|c| c.is_ascii_alphanumeric());
        if is_word {
            found.push(word.range());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::pairs::{messages, run, translation};
    use super::super::CHECK;

    #[test]
    fn lost_new_and_moved_placeholders_are_found() {
        for (source, output, message) in [
            (
                "Cannot open %s now.",
                "지금 열 수 없다.",
                "the placeholder '%s' is missing from the translation",
            ),
            (
                "%d of %d ships left.",
                "배 %d척이 떠났다.",
                "the placeholder '%d' is missing from the translation",
            ),
            (
                "{port} is shut.",
                "항구가 닫혔다.",
                "the placeholder '{port}' is missing from the translation",
            ),
            (
                "%(count)d ships",
                "배 %d척",
                "the placeholder '%(count)d' is missing from the translation",
            ),
            (
                "%s sailed.",
                "%s가 %s로 떠났다.",
                "the placeholder '%s' appears in the translation but not in the original",
            ),
            (
                "%s has %d ships.",
                "배 %d척이 %s에 있다.",
                "the placeholder '%d' of the translation is at the place of another",
            ),
            ("100%% of %s", "%s의 전부", "the placeholder '%%' is missing from the translation"),
        ] {
            let found = messages(run(&CHECK, &translation(source, output)));
            assert!(found.contains(&message.to_string()), "{output}: {found:?}");
        }
    }

    #[test]
    fn placeholders_that_are_kept_and_percentages_are_left_alone() {
        for (source, output) in [
            ("%s has %d ships.", "%s에 배 %d척이 있다."),
            ("%1$s has %2$d ships.", "배 %2$d척이 %1$s에 있다."),
            ("%(port)s has %(count)d ships.", "배 %(count)d척이 %(port)s에 있다."),
            ("Prices rose 5% in Haemin, 3%s less.", "해민의 물가가 5% 올랐다."),
            ("Get a 10 %discount in {Haemin}.", "{Haemin}에서 10 % 할인을 받으라."),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)), [], "{output}");
        }
    }

    #[test]
    fn many_placeholders_take_time_in_proportion() {
        let source = "%s ".repeat(200_000);
        let output = "%d ".repeat(200_000);
        assert_eq!(super::faults(&source, &output, 100).len(), 100);
    }
}
