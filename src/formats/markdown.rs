//! Markdown: the text of headings, paragraphs, list items and table cells. Code, HTML and front
//! matter are left unchanged.
//!
//! Inline markup (`**bold**`, links) stays in a block's text, where a translation may keep it.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Format, Item, Reader, article};
use crate::document::{Block, BlockKind, Document, Span};

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    describe: "Markdown",
    extensions: &["md", "markdown"],
    title: "Markdown",
    written: "Markdown",
    kept: "markup, code and front matter",
    // Most plain text is also valid Markdown: only the file name decides.
    sniff: |_| false,
    read: Reader::Article(|text| read(text).map(Item::from)),
};

/// Block limit, against memory use: far above real articles.
const MAX_BLOCKS: usize = 100_000;

/// A run of text with inline markup.
#[derive(Default)]
struct MarkdownRun {
    span: Option<Span>,
    /// The text without markup.
    words: String,
    /// True for a first-level heading.
    top: bool,
}

fn read(text: String) -> Result<Document, String> {
    let runs = runs(&text)?;
    let words: Vec<&str> = runs.iter().map(|(_, run)| run.words.trim()).collect();
    let kinds = article::kinds(&words);
    let headline = runs.iter().position(|(_, run)| run.top);
    let kind = |(at, kind): (usize, BlockKind)| match headline {
        Some(headline) if headline == at => BlockKind::Title,
        Some(_) if kind == BlockKind::Title => BlockKind::Paragraph,
        _ => kind,
    };
    let kinds = kinds.into_iter().enumerate().map(kind);
    let blocks =
        runs.iter().zip(kinds).map(|((span, _), kind)| Block::new(span.clone(), kind)).collect();
    Ok(Document::new(text, blocks))
}

fn runs(text: &str) -> Result<Vec<(Span, MarkdownRun)>, String> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let (mut found, mut run) = (Vec::new(), MarkdownRun::default());
    let (mut skipped, mut pictures, mut top) = (0_usize, 0_usize, false);
    for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
        let inline = match &event {
            Event::Start(tag) => is_inline(tag),
            Event::End(tag) => matches!(
                tag,
                TagEnd::Emphasis
                    | TagEnd::Strong
                    | TagEnd::Strikethrough
                    | TagEnd::Link
                    | TagEnd::Image
            ),
            Event::Html(_) | Event::Rule => false,
            _ => true,
        };
        if !inline {
            finish(text, &mut run, &mut found);
        }
        match &event {
            Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::MetadataBlock(_)) => {
                skipped += 1
            }
            Event::End(TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::MetadataBlock(_)) => {
                skipped = skipped.saturating_sub(1)
            }
            Event::Start(Tag::Heading { level, .. }) => top = *level == HeadingLevel::H1,
            Event::End(TagEnd::Heading(_)) => top = false,
            Event::Start(Tag::Image { .. }) => pictures += 1,
            Event::End(TagEnd::Image) => pictures = pictures.saturating_sub(1),
            // The alternative text of a picture is not part of the sentence.
            Event::Text(words) | Event::Code(words) if pictures == 0 => run.words.push_str(words),
            Event::SoftBreak | Event::HardBreak => run.words.push(' '),
            _ => {}
        }
        if inline && skipped == 0 {
            run.top = top;
            let known = run.span.get_or_insert(span.clone());
            *known = known.start.min(span.start)..known.end.max(span.end);
        }
        if found.len() > MAX_BLOCKS {
            return Err(format!("has more than {MAX_BLOCKS} paragraphs"));
        }
    }
    finish(text, &mut run, &mut found);
    Ok(found)
}

fn is_inline(tag: &Tag) -> bool {
    matches!(
        tag,
        Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. }
    )
}

/// Ends a run and keeps it if it has text.
fn finish(text: &str, run: &mut MarkdownRun, found: &mut Vec<(Span, MarkdownRun)>) {
    let run = std::mem::take(run);
    let Some(span) = run.span.clone().filter(|_| run.words.contains(char::is_alphanumeric)) else {
        return;
    };
    let raw = &text[span.clone()];
    let start = span.start + raw.len() - raw.trim_start().len();
    found.push((start..start + raw.trim().len(), run));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blocks(document: &Document) -> Vec<(&str, &BlockKind)> {
        document.blocks().iter().map(|block| (document.block_text(block), &block.kind)).collect()
    }

    const STORY: &str = "---\ntitle: Not touched\n---\n\n![A quay](quay.jpg)\n\n# Ferry to *Somi* returns\n\nThe ferry **returned**\non [Monday](http://a/b).\n\n> \"We waited,\" she said.\n\n- One boat\n- 두 번째 배\n  1. inner `x`\n\n```\nlet code = 1;\n```\n\n<div>html</div>\n\n| Day | Trips |\n|---|---|\n| Mon | 2 |\n\n***\n\nSubscribe\n";

    #[test]
    fn text_is_read_but_not_code_html_or_front_matter() {
        let document = read(STORY.to_string()).unwrap();
        let shown: Vec<&str> = blocks(&document).into_iter().map(|(words, _)| words).collect();
        assert_eq!(
            shown,
            [
                "Ferry to *Somi* returns",
                "The ferry **returned**\non [Monday](http://a/b).",
                "\"We waited,\" she said.",
                "One boat",
                "두 번째 배",
                "inner `x`",
                "Day",
                "Trips",
                "Mon",
                "2",
                "Subscribe"
            ]
        );
        assert_eq!(document.title(), Some("Ferry to *Somi* returns"));
        assert_eq!(document.boilerplate().collect::<Vec<_>>(), [("subscription", "Subscribe")]);
        assert_eq!(document.rejoin(|_, _| None), STORY);
    }

    #[test]
    fn the_first_heading_of_the_first_level_is_the_headline() {
        let document =
            read("## Haemin\n\nHarbour\n=======\n\nIt is old.\n\n# Another\n".to_string()).unwrap();
        assert_eq!(document.title(), Some("Harbour"));
        assert_eq!(
            document.blocks().iter().filter(|block| block.kind == BlockKind::Title).count(),
            1
        );
    }

    #[test]
    fn markup_that_nests_without_end_is_read_in_time() {
        for piece in ["> ", "- ", "[", "*a **b", "`", "![", "<", "|a\n|-\n"] {
            let text = piece.repeat(20_000);
            let started = std::time::Instant::now();
            let document = read(text.clone());
            assert!(started.elapsed().as_secs() < 10, "{piece:?} took {:?}", started.elapsed());
            assert!(
                document.is_err()
                    || document.is_ok_and(|document| document.rejoin(|_, _| None) == text)
            );
        }
    }

    proptest! {
        #[test]
        fn any_markdown_is_read_and_written_back(text in "([ \\r\\n가a.#>*_`\\[\\]()|!~<-]|---\\n|\\n\\n|\\| a \\||1\\. |```|<p>|\\[\\^a\\]:? ?|https://a\\.b){0,40}") {
            let document = read(text.clone()).unwrap();
            prop_assert_eq!(document.rejoin(|_, _| None), text);
        }
    }
}
