//! The table as one HTML page with a chart, without scripts and without other files.

use std::fmt::Write as _;

use super::charts::{self, Chart, Mark, Row};
use super::measure::{KindRow, Table};
use super::report::{named, percent};
use crate::document::escape;

impl Table {
    /// One HTML page that shows the table.
    pub fn html(&self) -> String {
        let mut page =
            format!("<p class=\"quiet\">{} correct lines, seed {}.</p>\n", self.lines, self.seed);
        for (of_summaries, what) in [(false, "Translations"), (true, "Summaries")] {
            let kinds = self.kinds_of(of_summaries);
            if kinds.is_empty() {
                continue;
            }
            let (mean, high) = self.mean(of_summaries);
            let _ = writeln!(
                page,
                "<h2>{what}</h2>\n<p>Mean over {} kinds: {}; {high} kinds with 90 % or more.</p>",
                kinds.len(),
                percent(mean)
            );
            page += &charts::legend(0, ["into English", "into Korean"]);
            page += &chart(what, &kinds);
            page += &rows(&kinds);
        }
        page += "<h2>Correct pairs with a finding</h2>\n<div class=\"scroll\"><table>\n<tr><th>pairs</th><th>direction</th><th class=\"n\">share</th><th class=\"n\">95 %</th><th class=\"n\">of</th><th>checks</th></tr>\n";
        for row in &self.alarms {
            let share = row.alarms;
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}–{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
                escape(&row.set),
                escape(&row.direction),
                percent(share.share),
                percent(share.low),
                percent(share.high),
                share.of,
                escape(&named(&row.by_check, usize::MAX))
            );
        }
        page += "</table></div>\n";
        charts::page("Checks: errors found and false alarms", &page)
    }
}

/// Bars by kind, one for each language of the output.
fn chart(title: &str, kinds: &[Vec<&KindRow>]) -> String {
    let row = |rows: &Vec<&KindRow>| {
        let marks = ["en", "ko"].iter().enumerate().filter_map(|(series, language)| {
            let of = rows.iter().filter(|row| row.direction.ends_with(language));
            let (count, all) =
                of.fold((0, 0), |(count, all), row| (count + row.found.count, all + row.found.of));
            let share = count as f64 / all as f64;
            (all > 0).then(|| (series, Mark::Bar(100.0 * share), percent(share)))
        });
        Row { label: rows[0].kind.to_string(), marks: marks.collect() }
    };
    let rows = kinds.iter().map(row).collect();
    let title = format!("{title}: share of errors found, by kind");
    Chart { title: &title, rows, ends: None, unit: " %" }.html()
}

fn rows(kinds: &[Vec<&KindRow>]) -> String {
    let mut table = "<div class=\"scroll\"><table>\n<tr><th>kind</th><th>direction</th><th class=\"n\">found</th><th class=\"n\">95 %</th><th class=\"n\">of</th><th>checks</th></tr>\n".to_string();
    for row in kinds.iter().flatten().filter(|row| row.found.of > 0) {
        let share = row.found;
        let _ = writeln!(
            table,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}–{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            escape(row.kind),
            escape(&row.direction),
            percent(share.share),
            percent(share.low),
            percent(share.high),
            share.of,
            escape(&named(&row.by_check, usize::MAX))
        );
    }
    table + "</table></div>\n"
}
