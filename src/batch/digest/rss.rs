//! The items as RSS 2.0, in the language of the results.
//!
//! Format: <https://www.rssboard.org/rss-specification>.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::html::sanitized;
use super::text::{attribute, heading, is_web, models, xml};
use super::words::words;
use crate::batch::result::{Line, PairedTranslation};
use crate::document::escape;
use crate::formats::{self, Form};
use crate::language::Language;

/// Category of items to check. The domain marks it as malmoi's.
const DOUBTFUL: &str = "<category domain=\"malmoi\">doubtful</category>";

/// The feed, latest item first. The channel names the sources, the language and the models.
pub(in crate::batch) fn rss(lines: &[Line], to: Language) -> String {
    let sources: BTreeSet<&str> = lines.iter().map(|line| line.input.as_str()).collect();
    let sources: Vec<&str> = sources.into_iter().collect();
    let used: BTreeSet<&str> = lines.iter().flat_map(models).collect();
    let used: Vec<&str> = used.into_iter().collect();
    let say = words(to);
    let home =
        sources.iter().find(|source| is_web(source)).map_or("http://localhost/", |source| source);
    let about = format!("{} {} {}", say.notice, say.models, used.join(", "));
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n\
         <channel>\n<title>{}</title>\n<link>{}</link>\n<description>{}</description>\n\
         <language>{to}</language>\n<generator>malmoi {}</generator>\n",
        xml(&format!("malmoi: {}", sources.join(", "))),
        xml(home),
        xml(about.trim()),
        env!("CARGO_PKG_VERSION"),
    );
    for line in lines.iter().rev() {
        item(&mut feed, line);
    }
    feed += "</channel>\n</rss>\n";
    feed
}

fn item(feed: &mut String, line: &Line) {
    let heading = heading(line);
    let summary = line.summary.as_ref().map_or(heading.as_str(), |summary| summary.text.as_str());
    let _ = write!(feed, "<item>\n<title>{}</title>\n", xml(&heading));
    if let Some(link) = line.link.as_deref().filter(|link| is_web(link)) {
        let _ = writeln!(feed, "<link>{}</link>", xml(link));
    }
    let _ = writeln!(feed, "<guid isPermaLink=\"{}\">{}</guid>", is_web(&line.id), xml(&line.id));
    if let Some(date) = line.published.as_deref().and_then(formats::date) {
        let _ = writeln!(feed, "<pubDate>{}</pubDate>", date.rfc2822());
    }
    if is_web(&line.input) {
        let _ = writeln!(
            feed,
            "<source url=\"{}\">{}</source>",
            attribute(&line.input),
            xml(&line.input)
        );
    }
    let doubts: BTreeSet<&str> = line.doubts().map(|doubt| doubt.check.as_str()).collect();
    if !doubts.is_empty() {
        let _ = writeln!(feed, "{DOUBTFUL}");
    }
    for check in doubts {
        let _ = writeln!(feed, "<category domain=\"malmoi:check\">{}</category>", xml(check));
    }
    let _ = writeln!(feed, "<description>{}</description>", xml(&escape(summary)));
    let _ = write!(
        feed,
        "<content:encoded>{}</content:encoded>\n</item>\n",
        xml(&content(line, &heading))
    );
}

/// The text of an item as HTML without its headline, followed by its findings.
fn content(line: &Line, heading: &str) -> String {
    let body = match (&line.form, &line.translation) {
        (Form::Html, Some(translation)) => sanitized(formats::without_title(&translation.text)),
        (_, Some(translation)) => paragraphs(&translated_text(translation), heading),
        (_, None) => paragraphs(&line.source, heading),
    };
    let doubts: String = line
        .doubts()
        .map(|doubt| format!("<li>{}</li>", escape(doubt.message_in(line.language()))))
        .collect();
    if doubts.is_empty() { body } else { format!("{body}<ul>{doubts}</ul>") }
}

fn translated_text(translation: &PairedTranslation) -> String {
    translation.pairs.iter().map(|pair| pair.text.trim()).collect::<Vec<_>>().join("\n\n")
}

/// Paragraphs as HTML, without the first if it is the heading.
fn paragraphs(text: &str, heading: &str) -> String {
    let mut paragraphs =
        text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()).peekable();
    paragraphs.next_if(|first| *first == heading);
    paragraphs.map(|paragraph| format!("<p>{}</p>", escape(paragraph))).collect()
}
