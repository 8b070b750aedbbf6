//! The digest and single items as Markdown. Text of items is escaped, so that nothing in it becomes
//! a heading, link, image, code block, list or tag.

use super::text::{Figures, heading, is_web, models, owed, place_of, title};
use super::words::words;
use crate::batch::result::{Line, PairedTranslation};
use crate::batch::stories::Arranged;
use crate::language::Language;

/// The digest.
pub(in crate::batch) fn markdown(arranged: &Arranged, figures: Figures, to: Language) -> String {
    let Arranged { lines, stories } = arranged;
    let figures = figures.lines(to, lines.len()).join("  \n");
    let mut text = format!("# malmoi\n\n{figures}\n\n{}\n", words(to).notice);
    for (index, (line, story)) in lines.iter().zip(stories).enumerate() {
        let others = story.clone().filter(|other| *other != index).map(|other| &lines[other]);
        text += "\n";
        text += &item(line, &others.collect::<Vec<_>>(), to);
    }
    text
}

/// The page of an item.
pub(in crate::batch) fn page(line: &Line, to: Language) -> String {
    item(line, &[], to)
}

/// An item, with the others of its story.
fn item(line: &Line, others: &[&Line], to: Language) -> String {
    let say = words(to);
    let mut text = format!("## {}\n\n", inline(&heading(line)));
    if line.translation.as_ref().is_some_and(|result| result.title.is_some()) {
        text += &format!("*{}*\n\n", inline(title(line)));
    }
    let link = line.link.as_deref().filter(|link| is_web(link)).map(|link| format!("<{link}>"));
    let models = models(line);
    let models =
        (!models.is_empty()).then(|| format!("{} {}", say.models, inline(&models.join(", "))));
    let facts = [Some(inline(&line.input)), line.published.as_deref().map(inline), link, models];
    text += &format!("{}\n", facts.into_iter().flatten().collect::<Vec<_>>().join(" · "));
    for sentence in owed(line) {
        text += &format!("\n{}\n", inline(&sentence));
    }
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|other| inline(&place_of(other))).collect();
        text += &format!("\n{}: {}\n", say.also, others.join("; "));
    }
    if let Some(summary) = &line.summary {
        let quoted: String =
            paragraphs(&summary.text).lines().map(|line| format!("\n> {line}")).collect();
        text += &format!("{quoted}\n");
        if let Some(intermediate) = &summary.intermediate {
            text += &format!("\n{}:\n\n{}\n", say.intermediate, paragraphs(intermediate));
        }
    }
    if let Some(translation) = &line.translation {
        text += &format!("\n{}\n", paragraphs(&body(line, translation)));
    }
    let doubts: Vec<String> = line
        .doubts()
        .map(|doubt| {
            format!("- **{}**: {}", inline(&doubt.check), inline(doubt.message_in(line.language())))
        })
        .collect();
    if !doubts.is_empty() {
        text += &format!("\n{}\n", doubts.join("\n"));
    }
    text
}

/// The text of a translation without its headline.
fn body(line: &Line, translation: &PairedTranslation) -> String {
    let title = line.title.as_deref().map(str::trim);
    let pairs = translation.pairs.iter().filter(|pair| Some(pair.source.as_str()) != title);
    pairs.map(|pair| pair.text.trim()).collect::<Vec<_>>().join("\n\n")
}

/// A text as one line, escaped.
fn inline(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    escaped(&line)
}

/// A text line by line, escaped; blank lines are kept.
fn paragraphs(text: &str) -> String {
    text.trim().lines().map(|line| escaped(line.trim())).collect::<Vec<_>>().join("\n")
}

/// A line escaped so that Markdown renders it as plain text. Any ASCII punctuation may be escaped
/// (CommonMark 2.4).
fn escaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in line.char_indices() {
        let special = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '|' | '&' => true,
            // Headings, lists, rules and setext underlines begin a line; a list also begins with a
            // number.
            '#' | '+' | '-' | '=' => at == 0,
            ')' => digits > 0 && at == digits,
            '.' => digits > 0 && at == digits || line[..at].ends_with("www"),
            // GitHub's Markdown makes links of bare addresses.
            ':' => line[at..].starts_with("://"),
            _ => false,
        };
        if c.is_control() {
            continue;
        }
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    /// The plain text that Markdown renders, and `true` if it renders anything else.
    fn read(markdown: &str) -> (String, bool) {
        let (mut words, mut other) = (String::new(), false);
        // Smart punctuation replaces quotes and dashes.
        for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Text(text) => words += &text,
                Event::SoftBreak => words.push('\n'),
                Event::Start(Tag::Paragraph) | Event::End(_) => {}
                _ => other = true,
            }
        }
        (words, other)
    }

    #[test]
    fn nothing_of_an_article_becomes_markup() {
        for text in [
            "# heading",
            "[a](javascript:alert(1))",
            "![x](https://x.example/p.gif)",
            "```",
            "~~~",
            "- item",
            "1. one",
            "2026) year",
            "<script>alert(1)</script>",
            "a | b",
            "--- ",
            "===",
            "> quote",
            "**won**",
            "[1]: https://x.example",
            "&lt;b&gt;",
            "a\\*b*",
            "<https://x.example>",
            "| a |\n|---|",
            "    indented",
        ] {
            let (words, other) = read(&paragraphs(text));
            assert!(!other, "{text}: {}", paragraphs(text));
            let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(plain(&words), plain(text));
        }
    }

    proptest! {
        #[test]
        fn a_line_of_any_text_is_words(text in "[#*_`~\\[\\]()<>!|&;:\\\\.0-9a-z가-힣 +=\"'-]{0,40}") {
            let (_, other) = read(&inline(&text));
            prop_assert!(!other, "{}", inline(&text));
        }
    }
}
