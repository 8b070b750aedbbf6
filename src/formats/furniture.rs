//! Lines of a news page that are not the article and say so: a table of rules, each with its reason
//! and its examples.
//!
//! A rule looks at one line and nothing else. Rules are narrow: a line of the article taken for
//! furniture is a fact lost, furniture taken for the article is a line too many. A line that is a
//! whole sentence is furniture only where its rule says why.

mod rules;
mod shapes;
mod words;

use rules::RULES;

/// One kind of furniture.
struct Rule {
    /// What it is, for the report.
    what: &'static str,
    /// Why such a line can be left out. For whoever reads the table.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "the table is read by people and by its tests")
    )]
    reason: &'static str,
    matches: fn(&Line) -> bool,
    /// Lines it must recognise.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "the table is read by people and by its tests")
    )]
    drops: &'static [&'static str],
    /// Lines like them that belong to an article.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "the table is read by people and by its tests")
    )]
    keeps: &'static [&'static str],
}

/// A line, and what the rules ask about it.
struct Line<'t> {
    /// As it stands, trimmed.
    text: &'t str,
    /// In small letters, without ornaments at its ends, spaces counted once.
    folded: String,
    /// Whether it reads like a sentence of the article.
    sentence: bool,
}

/// What kind of furniture a line is; `None` for everything an article may hold.
pub(super) fn recognise(line: &str) -> Option<&'static str> {
    const LONGEST: usize = 300;
    let text = line.trim();
    if text.is_empty() || text.chars().count() > LONGEST || text.contains('\n') {
        return None;
    }
    let ornament = |c: char| !c.is_alphanumeric() && !matches!(c, '(' | ')' | 'ⓒ' | '©' | '@');
    let folded = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = folded.trim_matches(ornament).to_string();
    let end = text.trim_end_matches(['"', '”', ')', ']', '>']);
    let line =
        Line { text, folded, sentence: end.ends_with(['.', '?', '!']) || end.ends_with("니다") };
    RULES.iter().find(|rule| (rule.matches)(&line)).map(|rule| rule.what)
}

impl Line<'_> {
    fn is(&self, known: &[&str]) -> bool {
        known.contains(&self.folded.as_str())
    }

    fn starts(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.starts_with(known))
    }

    fn contains(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.contains(known))
    }

    fn ends(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.ends_with(known))
    }

    fn is_at_most(&self, chars: usize) -> bool {
        self.text.chars().count() <= chars
    }
}

#[cfg(test)]
mod tests {
    /// Lines of pages, each as it stands there.
    const FURNITURE: &str = include_str!("furniture/leaves.txt");
    /// Lines of articles that look like them.
    const ARTICLE: &str = include_str!("furniture/stays.txt");

    #[test]
    fn lines_of_pages_are_left_out_and_lines_of_articles_stay() {
        let lines =
            |text: &'static str| text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>();
        let leaks: Vec<&str> =
            lines(FURNITURE).into_iter().filter(|line| recognise(line).is_none()).collect();
        let lost: Vec<_> =
            lines(ARTICLE).into_iter().filter_map(|line| Some((line, recognise(line)?))).collect();
        assert!(leaks.is_empty() && lost.is_empty(), "leaks: {leaks:#?}\nlost: {lost:#?}");
        assert!(lines(FURNITURE).len() >= 80 && lines(ARTICLE).len() >= 80);
    }

    use super::*;

    #[test]
    fn every_rule_drops_its_examples_and_no_rule_drops_what_another_keeps() {
        for rule in RULES {
            assert!(
                !rule.reason.is_empty() && !rule.drops.is_empty() && !rule.keeps.is_empty(),
                "{}",
                rule.what
            );
            for line in rule.drops {
                assert_eq!(recognise(line), Some(rule.what), "{line}");
            }
            for line in rule.keeps {
                assert_eq!(recognise(line), None, "{line}");
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
            assert_eq!(recognise(line), None, "{line}");
        }
    }
}
