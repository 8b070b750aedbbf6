//! The front page of the digest: what it holds, filters that need no script, and a card for each
//! item.

use std::fmt::Write;

use super::shell::MAX_SOURCES;
use super::text::{Figures, attribute, heading};
use super::words::{Words, words};
use crate::batch::result::Line;
use crate::document::escape;
use crate::language::Language;

/// Characters of a card's text; the style cuts it at four lines.
const TEASER: usize = 280;

/// The inputs of items, each once, if a digest can be filtered by them.
pub(super) struct Sources<'l>(Vec<&'l str>);

impl<'l> Sources<'l> {
    pub fn of(lines: &'l [Line]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for line in lines {
            if names.len() <= MAX_SOURCES && !names.contains(&line.input.as_str()) {
                names.push(&line.input);
            }
        }
        if !(2..=MAX_SOURCES).contains(&names.len()) {
            names.clear();
        }
        Self(names)
    }

    /// What filters look at in an item: its doubts, its language and its source.
    pub fn data(&self, line: &Line) -> String {
        let mut data =
            format!("data-doubts=\"{}\" data-from=\"{}\"", line.doubts().count(), line.from);
        if let Some(index) = self.0.iter().position(|name| *name == line.input) {
            let _ = write!(data, " data-source=\"{}\"", index + 1);
        }
        data
    }
}

/// The front page.
pub(super) fn front(
    lines: &[Line],
    sources: &Sources<'_>,
    figures: Figures,
    to: Language,
) -> String {
    let say = words(to);
    let counts: Vec<String> =
        figures.lines(to, lines.len()).iter().map(|line| escape(line).to_string()).collect();
    let mut page = format!(
        "<header id=\"top\">\n<div class=\"masthead\">\n<h1>{}</h1>\n<p class=\"figures\">{}</p>\n\
         <p class=\"notice\">{}</p>\n</div>\n",
        say.title,
        counts.join("<br>"),
        say.notice
    );
    filters(&mut page, lines, sources, say);
    let _ = writeln!(page, "</header>\n<nav aria-label=\"{}\">\n<ol class=\"cards\">", say.items);
    for (index, line) in lines.iter().enumerate() {
        card(&mut page, line, index + 1, sources, to);
    }
    page + "</ol>\n</nav>\n"
}

/// The filters that tell items apart.
fn filters(page: &mut String, lines: &[Line], sources: &Sources<'_>, say: &Words) {
    let is_doubtful = |line: &Line| line.doubts().next().is_some();
    let tells = |is: &dyn Fn(&Line) -> bool| lines.iter().any(is) && !lines.iter().all(is);
    let mut filters = String::new();
    if tells(&is_doubtful) {
        let _ = writeln!(
            filters,
            "<div class=\"choice\"><label><input type=\"checkbox\" id=\"only\"><span>{}</span></label></div>",
            say.filter
        );
    }
    if tells(&|line: &Line| line.from == "ko") {
        let _ = write!(
            filters,
            "<fieldset class=\"choice\"><legend class=\"unseen\">{}</legend>\
             <label><input type=\"radio\" name=\"from\" checked><span>{}</span></label>",
            say.language, say.all
        );
        for language in Language::all() {
            let (code, name) = (language.code(), language.native_name());
            let _ = write!(
                filters,
                "<label><input type=\"radio\" name=\"from\" id=\"from-{code}\"><span lang=\"{code}\">{name}</span></label>"
            );
        }
        filters += "</fieldset>\n";
    }
    if !sources.0.is_empty() {
        let _ = write!(
            filters,
            "<label class=\"field\">{} <select><option>{}</option>",
            say.source, say.all
        );
        for (index, name) in sources.0.iter().enumerate() {
            let _ =
                write!(filters, "<option id=\"source-{}\">{}</option>", index + 1, attribute(name));
        }
        filters += "</select></label>\n";
    }
    if !filters.is_empty() {
        let _ = writeln!(
            page,
            "<div class=\"filters\" role=\"group\" aria-label=\"{}\">\n{filters}</div>",
            say.filters
        );
    }
}

fn card(page: &mut String, line: &Line, number: usize, sources: &Sources<'_>, to: Language) {
    let doubts = line.doubts().count();
    let class = if doubts > 0 { "card doubtful" } else { "card" };
    let is_translated = line.translation.as_ref().is_some_and(|one| one.title.is_some());
    let language = if is_translated { &line.to } else { &line.from };
    let _ = writeln!(
        page,
        "<li class=\"{class}\" {}>\n<a href=\"#item-{number}\" lang=\"{language}\">{}</a>",
        sources.data(line),
        escape(&heading(line))
    );
    if let Some(text) = teaser(line) {
        let _ = writeln!(page, "<p class=\"teaser\" lang=\"{}\">{}</p>", line.to, escape(&text));
    }
    let mut facts = format!("<span>{}</span>", escape(&line.input));
    if let Some(date) = &line.published {
        let _ = write!(facts, "<span>{}</span>", escape(date));
    }
    if doubts > 0 {
        let _ = write!(facts, "<span class=\"badge\">{}</span>", Words::doubts(to, doubts));
    }
    let _ = writeln!(page, "<p class=\"facts\">{facts}</p>\n</li>");
}

/// The beginning of the summary, or of the translation after its headline.
fn teaser(line: &Line) -> Option<String> {
    let summary = line.summary.as_ref().map(|summary| summary.text.as_str());
    let translation = || {
        let title = line.title.as_deref().map(str::trim);
        let mut pairs = line.translation.iter().flat_map(|translation| &translation.pairs);
        pairs.find(|pair| Some(pair.source.as_str()) != title).map(|pair| pair.text.as_str())
    };
    let text = summary.or_else(translation)?.trim();
    let text = match text.char_indices().nth(TEASER) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_string(),
    };
    (!text.is_empty()).then_some(text)
}
