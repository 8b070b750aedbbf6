//! Recognizes boilerplate lines of news pages: menus, buttons, credits, copyright notices. A table
//! of rules, each with its reason and examples.
//!
//! A rule sees one line and nothing else. Rules are narrow: dropping a line of the article loses a
//! fact, keeping boilerplate costs only a line. Whole sentences are dropped only where the rule
//! gives a reason.

mod line;
mod rules;
mod shapes;
mod words;

use line::PageLine;
use rules::rules;

/// The kind of boilerplate of a line; `None` for text that may belong to an article.
pub(super) fn recognize(line: &str) -> Option<&'static str> {
    const MAX_CHARS: usize = 300;
    let text = line.trim();
    if text.is_empty() || text.chars().count() > MAX_CHARS || text.contains('\n') {
        return None;
    }
    let ornament = |c: char| !c.is_alphanumeric() && !matches!(c, '(' | ')' | 'ⓒ' | '©' | '@');
    let folded = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = folded.trim_matches(ornament).to_string();
    let end = text.trim_end_matches(['"', '”', ')', ']', '>']);
    let line = PageLine {
        text,
        folded,
        sentence: end.ends_with(['.', '?', '!']) || end.ends_with("니다"),
    };
    rules().find(|rule| (rule.matches)(&line)).map(|rule| rule.what)
}

#[cfg(test)]
mod tests {
    /// Boilerplate lines of real pages.
    const BOILERPLATE: &str = include_str!("boilerplate/dropped.txt");
    /// Article lines that resemble boilerplate.
    const ARTICLE: &str = include_str!("boilerplate/kept.txt");

    #[test]
    fn lines_of_pages_are_left_out_and_lines_of_articles_stay() {
        let lines =
            |text: &'static str| text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>();
        let leaks: Vec<&str> =
            lines(BOILERPLATE).into_iter().filter(|line| recognize(line).is_none()).collect();
        let lost: Vec<_> =
            lines(ARTICLE).into_iter().filter_map(|line| Some((line, recognize(line)?))).collect();
        assert!(leaks.is_empty() && lost.is_empty(), "leaks: {leaks:#?}\nlost: {lost:#?}");
        assert!(lines(BOILERPLATE).len() >= 80 && lines(ARTICLE).len() >= 80);
    }

    use super::*;

    #[test]
    fn every_rule_drops_its_examples_and_no_rule_drops_what_another_keeps() {
        for rule in rules() {
            assert!(
                !rule.reason.is_empty() && !rule.drops.is_empty() && !rule.keeps.is_empty(),
                "{}",
                rule.what
            );
            for line in rule.drops {
                assert_eq!(recognize(line), Some(rule.what), "{line}");
            }
            for line in rule.keeps {
                assert_eq!(recognize(line), None, "{line}");
            }
        }
    }

    #[test]
    fn agency_conventions_are_content() {
        for line in [
            "(LEAD) Ministers meet",
            "(2nd LD) 정부, 임금 인상",
            "(News Focus) What next?",
            "SEOUL, Jan. 7 (Yonhap) -- He left.",
            "[속보] 지진 발생",
            "◇ 전망",
        ] {
            assert_eq!(recognize(line), None, "{line}");
        }
    }
}
