//! Correct pairs of our own: news of a fictional coast, with the shapes of real news.

use super::parallel::Parallel;

/// Articles of ten lines, with a blank line between two; a line is English, tab, Korean.
const ARTICLES: &str = include_str!("articles.tsv");

/// The shipped articles, each a file of ten lines.
pub fn shipped() -> Vec<Vec<Parallel>> {
    let line = |line: &str| {
        let (english, korean) = line.split_once('\t')?;
        Some(Parallel { english: english.to_string(), korean: korean.to_string() })
    };
    ARTICLES.split("\n\n").map(|article| article.lines().filter_map(line).collect()).collect()
}
