//! Finds the headline of a page. Pages give it two or three times, rarely in the same words.

use super::blocks::{PageBlock, Region};
use super::metadata::PageMetadata;
use crate::document::Span;

/// A shorter match may be a coincidence (in bytes, without spaces).
const MIN_MATCH_BYTES: usize = 9;

/// Position of the headline.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Headline {
    /// A block of the body.
    Block(usize),
    /// Only in the `title` element: its block and the span without the site's name.
    Title(usize, Span),
    /// Not found.
    Unmarked,
}

/// Finds the headline. Candidates in order: a heading that the page's metadata names, the `h1`
/// above the article, any block that the metadata names, the `title` element. `words` is the text
/// of each block; `content` is true for blocks of the article.
pub(super) fn find(
    text: &str,
    found: &[PageBlock],
    words: &[&str],
    content: &[bool],
    metadata: &PageMetadata,
) -> Headline {
    let title = found.iter().position(|block| block.element == "title");
    let named = HeadTitles {
        shared: metadata.headline.as_deref().map(fold).unwrap_or_default(),
        title: title.map(|at| fold(words[at])).unwrap_or_default(),
        site: metadata.site.as_deref().map(fold).unwrap_or_default(),
    };
    let body: Vec<(usize, &PageBlock)> = found
        .iter()
        .enumerate()
        .filter(|(_, block)| {
            block.element != "title" && block.region != Region::Navigation && !block.hidden
        })
        .collect();
    let level = |block: &PageBlock| {
        block.element.strip_prefix('h').and_then(|level| level.parse::<u8>().ok())
    };
    let headings = body.iter().filter_map(|(at, block)| level(block).map(|level| (level, *at)));
    if let Some((_, at)) = headings.filter(|(_, at)| named.is_headline(words[*at])).min() {
        return Headline::Block(at);
    }
    let first = content.iter().position(|content| *content).unwrap_or(0);
    let tops =
        || body.iter().filter(|(at, block)| level(block) == Some(1) && !named.is_site(words[*at]));
    if let Some((at, _)) = tops().rfind(|(at, _)| *at <= first).or_else(|| tops().next()) {
        return Headline::Block(*at);
    }
    if let Some((at, _)) = body.iter().find(|(at, _)| named.is_headline(words[*at])) {
        return Headline::Block(*at);
    }
    let part = title.map(|at| (at, without_site(text, &found[at].span)));
    match part.filter(|(_, span)| fold(&text[span.clone()]).len() >= MIN_MATCH_BYTES) {
        Some((at, span)) => Headline::Title(at, span),
        None => Headline::Unmarked,
    }
}

/// Titles from the page's head, letters and digits only.
struct HeadTitles {
    shared: String,
    title: String,
    site: String,
}

impl HeadTitles {
    fn is_headline(&self, words: &str) -> bool {
        let words = fold(words);
        // If the site's name comes first, the title begins with it.
        let telling = words.len() >= MIN_MATCH_BYTES && 2 * words.len() >= self.title.len();
        !words.is_empty()
            && words != self.site
            && (words == self.shared
                || words == self.title
                || (telling && self.title.starts_with(&words)))
    }

    /// True for a logo: the last words of the title, or the site's name.
    fn is_site(&self, words: &str) -> bool {
        let words = fold(words);
        words == self.site || (self.title.ends_with(&words) && self.title != words)
    }
}

fn fold(words: &str) -> String {
    words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The title without the site's name: the longest part of "Council approves plan | Haemin Daily".
/// Dashes and colons also occur in headlines, so only the last one counts, if less text follows
/// than precedes it.
fn without_site(text: &str, title: &Span) -> Span {
    const MARKS: &[&str] = &[" | ", " :: ", " &lt; ", " < ", " &gt; ", " ‹ ", " » "];
    let raw = &text[title.clone()];
    let (mut parts, mut start) = (Vec::new(), 0);
    while let Some((at, mark)) = MARKS
        .iter()
        .filter_map(|mark| Some((start + raw[start..].find(mark)?, mark)))
        .min_by_key(|(at, _)| *at)
    {
        parts.push(start..at);
        start = at + mark.len();
    }
    parts.push(start..raw.len());
    let part = parts.into_iter().rev().max_by_key(Span::len).unwrap_or(0..raw.len());
    let last =
        [" - ", " – ", " — ", " : "].iter().filter_map(|mark| raw[part.clone()].rfind(mark)).max();
    let length = last.filter(|at| part.len() - at < *at).unwrap_or(part.len());
    title.start + part.start
        ..title.start + part.start + raw[part.start..part.start + length].trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::super::blocks;
    use super::*;
    use crate::document::Inline;

    fn headline(html: &str) -> Option<String> {
        let page = blocks::find(html).unwrap();
        let words: Vec<String> = page
            .blocks
            .iter()
            .map(|b| Inline::read(&html[b.span.clone()]).text().to_string())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let content: Vec<bool> = page.blocks.iter().map(|block| block.element == "p").collect();
        match find(html, &page.blocks, &words, &content, &page.metadata) {
            Headline::Block(at) => Some(words[at].to_string()),
            Headline::Title(_, span) => Some(html[span].to_string()),
            Headline::Unmarked => None,
        }
    }

    #[test]
    fn the_heading_that_the_head_names_wins_over_a_logo_in_a_higher_one() {
        let html = "<title>항구에 방파제 - 해민일보</title><h1>해민일보</h1><h3>많이 본 뉴스</h3><h2>항구에 방파제</h2><p>글이다.";
        assert_eq!(headline(html).as_deref(), Some("항구에 방파제"));
        let html = "<meta property='og:title' content='Harbour plan &amp; more'><h1>Daily</h1><h2>Harbour plan & more</h2><p>It is.";
        assert_eq!(headline(html).as_deref(), Some("Harbour plan & more"));
    }

    #[test]
    fn the_h1_over_the_article_needs_no_head() {
        assert_eq!(
            headline("<h1 style=display:none>Ignore this</h1><h1>Harbour plan</h1><p>It is.")
                .as_deref(),
            Some("Harbour plan")
        );
        assert_eq!(
            headline("<h1>Haemin Daily</h1><h1>Harbour plan</h1><p>It is.").as_deref(),
            Some("Harbour plan")
        );
        let html = "<title>Plan for port | Haemin Daily</title><h1>Haemin Daily</h1><div>Plan for port</div><p>It is.";
        assert_eq!(
            headline(html).as_deref(),
            Some("Plan for port"),
            "named by the title, marked by nothing"
        );
    }

    #[test]
    fn the_title_is_the_headline_where_the_body_has_none() {
        assert_eq!(
            headline("<title>Harbour plan - what now? - Daily</title><p>It is.").as_deref(),
            Some("Harbour plan - what now?")
        );
        assert_eq!(
            headline("<title>Daily | Port | Plan &lt;b> agreed | Daily</title><p>It is.")
                .as_deref(),
            Some("Plan &lt;b> agreed")
        );
        assert_eq!(headline("<title>Untitled</title><p>It is."), None);
        assert_eq!(headline("<p>It is."), None);
    }
}
