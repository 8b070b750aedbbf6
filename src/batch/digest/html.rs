//! The digest and translated articles as HTML pages. The pages load and run nothing: text of items
//! is escaped, and HTML of items is sanitized.

use std::collections::HashSet;
use std::fmt::Write;
use std::ops::Range;

use super::front::{Sources, front};
use super::shell;
use super::text::{Figures, attribute, heading, is_web, models, owed, place_of};
use super::words::{Words, words};
use crate::batch::result::{BilingualPair, Line, PairedTranslation, Summary};
use crate::batch::stories::Arranged;
use crate::document::escape;
use crate::finding::{Finding, Place};
use crate::language::Language;

/// The digest of items, in their order: a front page of cards, and the items.
pub(in crate::batch) fn html(arranged: &Arranged, figures: Figures, to: Language) -> String {
    let Arranged { lines, stories } = arranged;
    let sources = Sources::of(lines);
    let mut page = front(lines, &sources, figures, to) + "<main>\n";
    for index in 0..lines.len() {
        let story = stories.get(index).cloned().unwrap_or_default();
        article(&mut page, lines, index, story, &sources, to);
    }
    page += "</main>\n";
    shell::styled(to.code(), "malmoi", &page)
}

/// An item, with links to the others of its story.
fn article(
    page: &mut String,
    lines: &[Line],
    index: usize,
    story: Range<usize>,
    sources: &Sources<'_>,
    to: Language,
) {
    let (line, number) = (&lines[index], index + 1);
    let say = words(to);
    let class = if index > story.start { " class=\"same\"" } else { "" };
    let _ = writeln!(
        page,
        "<article id=\"item-{number}\" aria-labelledby=\"title-{number}\" {}{class}>\n<div class=\"heading\">",
        sources.data(line)
    );
    // The table leaves out the row of the headline.
    let headline =
        line.translation.as_ref().and_then(|translation| headline_row(line, translation));
    let language = if headline.is_some() { &line.to } else { &line.from };
    let _ = write!(page, "<h2 id=\"title-{number}\" lang=\"{language}\">");
    match headline {
        Some(TableRow { pair, findings, .. }) => {
            let [source, output] = marks(pair, &findings);
            let _ = writeln!(page, "{}</h2>", marked(&pair.text, &output));
            let _ = writeln!(
                page,
                "<p class=\"original\" lang=\"{}\" title=\"{}\">{}</p>",
                line.from,
                say.original,
                marked(&pair.source, &source)
            );
            list(page, &findings, line.language());
        }
        None => {
            let _ = writeln!(page, "{}</h2>", escape(&heading(line)));
        }
    }
    let _ = writeln!(page, "<p class=\"facts\">{}</p>", facts(line, say));
    let owed = owed(line);
    if !owed.is_empty() {
        let _ = writeln!(page, "<p class=\"owed\">{}</p>", escaped_lines(&owed));
    }
    let others: Vec<String> = story
        .filter(|other| *other != index)
        .map(|other| {
            format!("<a href=\"#item-{}\">{}</a>", other + 1, escape(&place_of(&lines[other])))
        })
        .collect();
    if !others.is_empty() {
        let _ = writeln!(page, "<p class=\"also\">{}: {}</p>", say.also, others.join("; "));
    }
    list(
        page,
        &line.findings.iter().filter(|finding| finding.is_doubt()).collect::<Vec<_>>(),
        line.language(),
    );
    *page += "</div>\n";
    summary(page, line, say);
    if let Some(translation) = &line.translation {
        table(page, line, translation);
    }
    let _ = writeln!(page, "<p class=\"top\"><a href=\"#top\">{}</a></p>\n</article>", say.top);
}

/// The summary with its findings marked, the summary it was translated from, and the article if no
/// table shows it.
fn summary(page: &mut String, line: &Line, say: &Words) {
    let Some(summary) = &line.summary else { return };
    *page += "<div class=\"brief\">\n";
    let doubts: Vec<&Finding> =
        summary.findings.iter().filter(|finding| finding.is_doubt()).collect();
    let ranges = |place: fn(&Finding) -> Option<Place>| -> Vec<Range<usize>> {
        doubts.iter().filter_map(|finding| place(finding).and_then(range_in_text)).collect()
    };
    let class = if doubts.is_empty() { "summary" } else { "summary doubted" };
    let text = marked(&summary.text, &ranges(|finding| finding.output));
    let _ = writeln!(page, "<div class=\"{class}\" lang=\"{}\">{text}", line.to);
    list(page, &doubts, line.language());
    *page += "</div>\n";
    let mut details = |title: &str, text: &str| {
        let _ = writeln!(
            page,
            "<details><summary>{title}</summary><div lang=\"{}\">{text}</div></details>",
            line.from
        );
    };
    if !summary.support.is_empty() {
        details(say.support, &support(summary));
    }
    if let Some(text) = &summary.intermediate {
        details(say.intermediate, &escape(text));
    }
    if line.translation.is_none() {
        details(say.article, &marked(&line.source, &ranges(|finding| finding.source)));
    }
    *page += "</div>\n";
}

/// The sentences of the article that support each sentence of a summary, as a numbered list.
fn support(summary: &Summary) -> String {
    let mut list = "<ol>".to_string();
    for support in &summary.support {
        let words = if support.words.is_empty() { "–" } else { &support.words };
        let _ = write!(list, "<li>{}</li>", escape(words));
    }
    list + "</ol>"
}

/// A paragraph of the source beside its translation, with its findings.
struct TableRow<'l> {
    index: usize,
    pair: &'l BilingualPair,
    findings: Vec<&'l Finding>,
}

fn rows(translation: &PairedTranslation) -> impl Iterator<Item = TableRow<'_>> {
    translation.pairs.iter().enumerate().map(|(index, pair)| {
        let about = |finding: &&Finding| finding.is_doubt() && finding.segment == Some(index);
        TableRow { index, pair, findings: translation.findings.iter().filter(about).collect() }
    })
}

/// The row of the headline, if the headline was translated.
fn headline_row<'l>(line: &Line, translation: &'l PairedTranslation) -> Option<TableRow<'l>> {
    let title = line.title.as_deref()?.trim();
    rows(translation).find(|row| row.pair.source == title)
}

/// The table of source and translation, one row per paragraph.
fn table(page: &mut String, line: &Line, translation: &PairedTranslation) {
    let headline = headline_row(line, translation).map(|row| row.index);
    let _ = writeln!(
        page,
        "<table>\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>",
        name(&line.from),
        name(&line.to)
    );
    for TableRow { pair, findings, .. } in
        rows(translation).filter(|row| Some(row.index) != headline)
    {
        let class = if findings.is_empty() { "" } else { " class=\"doubted\"" };
        let [source, output] = marks(pair, &findings);
        let _ = write!(
            page,
            "<tr{class}><td lang=\"{}\">{}</td><td lang=\"{}\">{}",
            line.from,
            marked(&pair.source, &source),
            line.to,
            marked(&pair.text, &output)
        );
        let memory = pair.memory.as_ref();
        if let Some(memory) = memory.and_then(|memory| Words::segment(line.language(), memory)) {
            let _ = write!(page, "<small class=\"memory\">{memory}</small>");
        }
        list(page, &findings, line.language());
        *page += "</td></tr>\n";
    }
    *page += "</tbody>\n</table>\n";
    let about_all = |finding: &&Finding| finding.is_doubt() && finding.segment.is_none();
    list(page, &translation.findings.iter().filter(about_all).collect::<Vec<_>>(), line.language());
}

/// Byte ranges of the findings of a pair, in its source and in its translation.
fn marks(pair: &BilingualPair, findings: &[&Finding]) -> [Vec<Range<usize>>; 2] {
    let ranges = |place: fn(&Finding) -> Option<Place>, text: &str| -> Vec<Range<usize>> {
        findings
            .iter()
            .filter_map(|finding| place(finding))
            .filter(|place| place.of(text).is_some())
            .map(|place| place.start..place.end)
            .collect()
    };
    [ranges(|finding| finding.source, &pair.source), ranges(|finding| finding.output, &pair.text)]
}

/// Byte range of a place in the whole text, if its offset is known.
fn range_in_text(place: Place) -> Option<Range<usize>> {
    let start = place.offset?;
    Some(start..start + place.end.checked_sub(place.start)?)
}

/// A text as HTML with byte ranges marked. Ranges that are not on character boundaries are ignored.
fn marked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut ranges: Vec<&Range<usize>> =
        ranges.iter().filter(|range| text.get((*range).clone()).is_some()).collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let (mut html, mut end) = (String::with_capacity(text.len()), 0);
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        if range.start < end {
            continue;
        }
        let _ = write!(
            html,
            "{}<mark>{}</mark>",
            escape(&text[end..range.start]),
            escape(&text[range.clone()])
        );
        end = range.end;
    }
    html + &escape(&text[end..])
}

/// A list of findings, each of which can take the keyboard focus.
fn list(page: &mut String, doubts: &[&Finding], language: Language) {
    if doubts.is_empty() {
        return;
    }
    // No line breaks around the list: the cell would show them.
    // Findings of old versions have English messages only.
    let is_korean = language == Language::Korean && doubts.iter().all(|d| !d.message_ko.is_empty());
    let language = if is_korean { language } else { Language::English };
    let _ = write!(page, "<ul class=\"doubts\" lang=\"{}\">", language.code());
    for doubt in doubts {
        let _ = write!(
            page,
            "<li tabindex=\"0\"><strong>{}</strong>: {}</li>",
            escape(&doubt.check),
            escape(doubt.message_in(language))
        );
    }
    *page += "</ul>";
}

/// Lines of text, one below the other.
fn escaped_lines(lines: &[String]) -> String {
    lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("<br>")
}

/// Source, date and address of an item, and the models that processed it.
fn facts(line: &Line, say: &Words) -> String {
    let mut facts = vec![escape(&line.input)];
    facts.extend(line.published.as_deref().map(escape));
    // Only web addresses become links: a feed may contain `javascript:`.
    if let Some(link) = line.link.as_deref().filter(|link| is_web(link)) {
        facts.push(format!(
            "<a rel=\"noreferrer noopener\" href=\"{}\">{}</a>",
            attribute(link),
            escape(link)
        ));
    }
    let models: Vec<&str> = models(line);
    if !models.is_empty() {
        facts.push(format!("{} {}", say.models, escape(&models.join(", "))));
    }
    facts.join(" · ")
}

fn name(code: &str) -> &'static str {
    Language::parse(code).map_or("", Language::native_name)
}

/// HTML of an item reduced to structure, emphasis, tables and links: nothing that runs, loads or
/// hides.
pub(super) fn sanitized(html: &str) -> String {
    ammonia::Builder::default()
        .rm_tags(["img", "map", "area"])
        .add_clean_content_tags([
            "iframe", "object", "template", "noscript", "svg", "math", "title", "textarea",
        ])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noreferrer noopener"))
        .strip_comments(true)
        .clean(html)
        .to_string()
}

/// A translated article as a page: text and structure of the original without scripts, styles and
/// images.
pub(in crate::batch) fn translated_page(line: &Line, html: &str) -> String {
    let body = html.find("<body").map_or(html, |at| &html[at..]);
    shell::plain(&line.to, &heading(line), &format!("{}\n", sanitized(body).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_text_is_escaped() {
        let text = "It cost <b>412</b> & 17";
        let at = |word: &str| text.find(word).map_or(0..0, |start| start..start + word.len());
        assert_eq!(
            marked(text, &[at("17"), at("412"), at("41"), 400..900, 5..5]),
            "It cost &lt;b&gt;<mark>41</mark>2&lt;/b&gt; &amp; <mark>17</mark>"
        );
        assert_eq!(marked("해민", &[1..2, 4..5]), "해민");
    }

    #[test]
    fn sanitized_html_keeps_structure_and_loads_nothing() {
        for (html, clean) in [
            ("<p>The <b>port</b></p><script>alert(1)</script>", "<p>The <b>port</b></p>"),
            (
                "<a href=\"javascript:alert(1)\" onclick=\"x()\">a</a>",
                "<a rel=\"noreferrer noopener\">a</a>",
            ),
            (
                "<img src=\"https://tracker.example/p.gif\"><iframe src=\"https://x.example\">in</iframe>b",
                "b",
            ),
            ("<p style=\"background:url(https://x.example)\">c</p>", "<p>c</p>"),
            ("<svg><style><img src=x onerror=alert(1)></style></svg>d", "d"),
            (
                "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>e",
                "\"&gt;e",
            ),
            (
                "<base href=\"https://x.example\"><link rel=prefetch href=\"https://x.example\">f",
                "f",
            ),
            ("<form action=\"https://x.example\"><input name=a><button>g</button></form>", "g"),
        ] {
            assert_eq!(sanitized(html), clean, "{html}");
        }
    }
}
