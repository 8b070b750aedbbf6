//! The digest: headline, summary, and the translation beside its source, paragraph by paragraph, with doubts where they are. As a
//! page, as Markdown, as a feed, and each item by itself.
//!
//! The page needs nothing but itself: no script, no font, no picture from elsewhere. Everything in it that came from an item is text.

use std::fmt::Write;

use super::result::{Doubt, Line, Translation};
use crate::document::escape;
use crate::formats::{self, Form};
use crate::language::Language;

/// What a run's folder holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub count: usize,
    pub doubtful: usize,
    pub failed: usize,
}

const STYLE: &str = "
:root{color-scheme:light dark;--edge:#8884;--doubt:#b45309;--mark:#f59e0b22}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem;line-height:1.65;word-break:keep-all;overflow-wrap:anywhere;
font-family:'Apple SD Gothic Neo','Malgun Gothic','Noto Sans CJK KR','Noto Sans KR','Nanum Gothic',system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:0 0 .25rem}
nav ol{columns:2;column-gap:3.5rem;padding-left:2rem}nav li{break-inside:avoid}
article{border-top:2px solid var(--edge);padding:1.5rem 0}
.facts,.figures{color:GrayText;font-size:.9rem;margin:0 0 1rem}
.summary{font-size:1.05rem;white-space:pre-line}
.original{color:GrayText}
table{width:100%;border-collapse:collapse;table-layout:fixed}
th{text-align:left;font-size:.85rem;color:GrayText}
th,td{vertical-align:top;padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--edge);white-space:pre-line}
.doubted>td,.summary.doubted{background:var(--mark)}
ul.doubts{margin:.35rem 0 0;padding:0;list-style:none;color:var(--doubt);font-size:.9rem;white-space:normal}
ul.doubts li:focus{outline:2px solid currentColor;outline-offset:2px}
@media(max-width:45rem){table,tbody,tr,td{display:block}thead{display:none}td{border:0}tr{border-bottom:1px solid var(--edge)}nav ol{columns:1}}
@media print{body{max-width:none;padding:0;font-size:10pt}nav{display:none}article{break-before:page;border:0}article:first-of-type{break-before:auto}tr{break-inside:avoid}}
";

/// The page.
pub(super) fn html(lines: &[Line], figures: Figures, to: Language) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>malmoi digest</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>malmoi digest</h1>\n<p class=\"figures\">{}</p>\n",
        to.code(),
        escape(&headline(lines, figures)),
    );
    page += "<nav aria-label=\"Items\"><ol>\n";
    for (index, line) in lines.iter().enumerate() {
        let doubts = line.doubts().count();
        let mark =
            if doubts > 0 { format!(" <small>({})</small>", plural(doubts, "doubt")) } else { String::new() };
        let _ =
            writeln!(page, "<li><a href=\"#item-{}\">{}</a>{mark}</li>", index + 1, escape(&heading(line)));
    }
    page += "</ol></nav>\n</header>\n<main>\n";
    for (index, line) in lines.iter().enumerate() {
        article(&mut page, line, index + 1);
    }
    page += "</main>\n</body>\n</html>\n";
    page
}

fn article(page: &mut String, line: &Line, number: usize) {
    let translated = line.translation.as_ref().and_then(|one| one.title.as_deref());
    let _ = writeln!(page, "<article id=\"item-{number}\" aria-labelledby=\"title-{number}\">");
    let heading_language = if translated.is_some() { &line.to } else { &line.from };
    let _ = writeln!(
        page,
        "<h2 id=\"title-{number}\" lang=\"{heading_language}\">{}</h2>",
        escape(&heading(line))
    );
    if translated.is_some() {
        let _ = writeln!(page, "<p class=\"original\" lang=\"{}\">{}</p>", line.from, escape(title(line)));
    }
    let _ = writeln!(page, "<p class=\"facts\">{}</p>", facts(line));
    list(page, &line.findings.iter().filter(|one| one.is_doubt()).collect::<Vec<_>>());
    if let Some(summary) = &line.summary {
        let doubts: Vec<&Doubt> = summary.findings.iter().filter(|one| one.is_doubt()).collect();
        let class = if doubts.is_empty() { "summary" } else { "summary doubted" };
        let _ = writeln!(page, "<div class=\"{class}\" lang=\"{}\">{}", line.to, escape(&summary.text));
        list(page, &doubts);
        *page += "</div>\n";
    }
    if let Some(translation) = &line.translation {
        table(page, line, translation);
    }
    *page += "</article>\n";
}

/// Source and translation, a row a part.
fn table(page: &mut String, line: &Line, translation: &Translation) {
    let _ = writeln!(
        page,
        "<table>\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>",
        name(&line.from),
        name(&line.to)
    );
    for (index, pair) in translation.pairs.iter().enumerate() {
        let doubts: Vec<&Doubt> =
            translation.findings.iter().filter(|one| one.is_doubt() && one.segment == Some(index)).collect();
        let class = if doubts.is_empty() { "" } else { " class=\"doubted\"" };
        let _ = write!(
            page,
            "<tr{class}><td lang=\"{}\">{}</td><td lang=\"{}\">{}",
            line.from,
            escape(&pair.source),
            line.to,
            escape(&pair.text)
        );
        list(page, &doubts);
        *page += "</td></tr>\n";
    }
    *page += "</tbody>\n</table>\n";
    let whole: Vec<&Doubt> =
        translation.findings.iter().filter(|one| one.is_doubt() && one.segment.is_none()).collect();
    list(page, &whole);
}

/// Doubts, each within reach of the keyboard.
fn list(page: &mut String, doubts: &[&Doubt]) {
    if doubts.is_empty() {
        return;
    }
    // No line break around it: those of a text are shown.
    *page += "<ul class=\"doubts\" lang=\"en\">";
    for doubt in doubts {
        let _ = write!(
            page,
            "<li tabindex=\"0\"><strong>{}</strong>: {}</li>",
            escape(&doubt.check),
            escape(&doubt.message)
        );
    }
    *page += "</ul>";
}

fn facts(line: &Line) -> String {
    let mut facts = vec![escape(&line.input)];
    facts.extend(line.published.as_deref().map(escape));
    // Nothing but the web is linked to: a feed may say `javascript:`.
    if let Some(link) = line.link.as_deref().filter(|link| is_web(link)) {
        facts.push(format!("<a rel=\"noreferrer\" href=\"{}\">{}</a>", quoted(link), escape(link)));
    }
    facts.join(" · ")
}

fn is_web(link: &str) -> bool {
    let known = link.starts_with("https://") || link.starts_with("http://");
    known && !link.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'))
}

pub(super) fn quoted(text: &str) -> String {
    xml(text).replace('"', "&quot;").replace('\'', "&#39;")
}

fn headline(lines: &[Line], figures: Figures) -> String {
    let mut said = plural(figures.count, "item");
    if figures.doubtful > 0 {
        said += &format!(", {} with doubts", figures.doubtful);
    }
    if figures.failed > 0 {
        said += &format!(", {} failed (failed.jsonl says why)", figures.failed);
    }
    if lines.len() < figures.count {
        said += &format!("; the last {} are shown, all are in items.jsonl", lines.len());
    }
    said
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// The headline in the language of the digest, where it was translated; of a text without one, its beginning.
fn heading(line: &Line) -> String {
    const LONGEST: usize = 90;
    let heading = line.translation.as_ref().and_then(|one| one.title.as_deref());
    let heading = heading.unwrap_or_else(|| title(line));
    match heading.char_indices().nth(LONGEST).filter(|_| line.title.is_none()) {
        Some((end, _)) => format!("{}…", heading[..end].trim_end()),
        None => heading.to_string(),
    }
}

fn title(line: &Line) -> &str {
    let first = || line.source.lines().next().unwrap_or(&line.id);
    line.title.as_deref().unwrap_or_else(first)
}

fn name(code: &str) -> &'static str {
    Language::parse(code).map_or("", Language::native_name)
}

/// All items as Markdown.
pub(super) fn markdown(lines: &[Line], figures: Figures) -> String {
    let mut text = format!("# malmoi digest\n\n{}\n", headline(lines, figures));
    for line in lines {
        text += "\n";
        text += &page(line);
    }
    text
}

/// One item as Markdown.
pub(super) fn page(line: &Line) -> String {
    let translated = line.translation.as_ref().and_then(|one| one.title.as_deref());
    let mut text = format!("## {}\n\n", plain(&heading(line)));
    if translated.is_some() {
        text += &format!("*{}*\n\n", plain(title(line)));
    }
    let link = line.link.as_deref().filter(|link| is_web(link)).map(|link| format!("<{link}>"));
    let facts = [Some(plain(&line.input)), line.published.as_deref().map(plain), link];
    text += &format!("{}\n", facts.into_iter().flatten().collect::<Vec<_>>().join(" · "));
    if let Some(summary) = &line.summary {
        text += &format!("\n{}\n", quoted_lines(&lines(&summary.text)));
    }
    if let Some(translation) = &line.translation {
        text += &format!("\n{}\n", lines(&words(line, translation)));
    }
    let doubts: Vec<String> = line
        .doubts()
        .map(|doubt| format!("- **{}**: {}", plain(&doubt.check), plain(&doubt.message)))
        .collect();
    if !doubts.is_empty() {
        text += &format!("\n{}\n", doubts.join("\n"));
    }
    text
}

/// A translation as words alone: in other forms than these its text holds tags.
fn words(line: &Line, translation: &Translation) -> String {
    match &line.form {
        Form::Words => translation.text.trim().to_string(),
        Form::File(ending) if matches!(&**ending, "txt" | "md") => translation.text.trim().to_string(),
        _ => translation.pairs.iter().map(|pair| pair.text.trim()).collect::<Vec<_>>().join("\n\n"),
    }
}

/// On one line, as a heading must be.
fn plain(text: &str) -> String {
    text.split_whitespace().map(tagless).collect::<Vec<_>>().join(" ")
}

/// Words that Markdown takes for no tag.
fn tagless(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Lines that Markdown takes for no heading and no tag.
fn lines(text: &str) -> String {
    let line = |line: &str| match line.trim_start().starts_with('#') {
        true => format!("\\{}", tagless(line.trim_start())),
        false => tagless(line),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn quoted_lines(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

/// The items as RSS 2.0 in the language they were brought into.
///
/// Format: <https://www.rssboard.org/rss-specification>.
pub(super) fn rss(lines: &[Line], to: Language) -> String {
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n\
         <channel>\n<title>malmoi digest</title>\n<link>http://localhost/</link>\n<description>Summaries and translations made by malmoi</description>\n\
         <language>{}</language>\n",
        to.code()
    );
    for line in lines.iter().rev() {
        let heading = heading(line);
        let summary = line.summary.as_ref().map_or(heading.as_str(), |one| one.text.as_str());
        let permanent = is_web(&line.id);
        let _ = write!(feed, "<item>\n<title>{}</title>\n", xml(&heading));
        if let Some(link) = line.link.as_deref().filter(|link| is_web(link)) {
            let _ = writeln!(feed, "<link>{}</link>", xml(link));
        }
        let _ = writeln!(feed, "<guid isPermaLink=\"{permanent}\">{}</guid>", xml(&line.id));
        if let Some(date) = line.published.as_deref().and_then(formats::date) {
            let _ = writeln!(feed, "<pubDate>{}</pubDate>", date.rfc2822());
        }
        let _ = writeln!(feed, "<description>{}</description>", xml(summary));
        let _ =
            write!(feed, "<content:encoded>{}</content:encoded>\n</item>\n", xml(&content(line, &heading)));
    }
    feed += "</channel>\n</rss>\n";
    feed
}

/// The text of an item as HTML, without its headline.
fn content(line: &Line, heading: &str) -> String {
    if let (Form::Html, Some(translation)) = (&line.form, &line.translation) {
        return formats::without_title(&translation.text).to_string();
    }
    let body = line.translation.as_ref().map_or_else(|| line.source.clone(), |one| words(line, one));
    let paragraphs = body.split("\n\n").map(str::trim).filter(|one| !one.is_empty());
    let first = |(number, one): &(usize, &str)| *number > 0 || *one != heading;
    paragraphs.enumerate().filter(first).map(|(_, one)| format!("<p>{}</p>", escape(one))).collect()
}

/// Text that XML 1.0 allows: control characters have no place in it, not even escaped.
pub(super) fn xml(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    escape(
        &text.chars().filter(allowed).filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}')).collect::<String>(),
    )
}
