//! The table as one HTML page with a chart, without scripts and without other files.

use std::fmt::Write as _;

use super::measure::{KindRow, Table};
use super::report::{named, percent};
use crate::document::escape;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
    table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}\
    td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}svg{width:100%;height:auto}.en{fill:#2f6fb0}.ko{fill:#c8742b}text{font:11px system-ui,sans-serif;fill:#1b1b1b}\
    @media(prefers-color-scheme:dark){body{color:#eee;background:#181818}th,td{border-color:#444}text{fill:#eee}}";

/// Shape of the chart, in units of its view box.
const NAME_WIDTH: usize = 250;
const BAR_WIDTH: usize = 500;
const BAR_HEIGHT: usize = 7;
const ROW_HEIGHT: usize = 20;

impl Table {
    /// One HTML page that shows the table.
    pub fn html(&self) -> String {
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>Checks</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <h1>Checks: errors found and false alarms</h1>\n<p>{} correct lines, seed {}.</p>\n",
            self.lines, self.seed
        );
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
            page += &chart(what, &kinds);
            page += &rows(&kinds);
        }
        page += "<h2>Correct pairs with a finding</h2>\n<table>\n<tr><th>pairs</th><th>direction</th><th>share</th><th>95 %</th><th>of</th><th>checks</th></tr>\n";
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
        page + "</table>\n</body>\n</html>\n"
    }
}

/// Bars by kind, one for each language of the output.
fn chart(title: &str, kinds: &[Vec<&KindRow>]) -> String {
    let height = kinds.len() * ROW_HEIGHT + ROW_HEIGHT;
    let width = NAME_WIDTH + BAR_WIDTH + 60;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}: share of errors found, by kind\">\n\
         <text x=\"{NAME_WIDTH}\" y=\"12\">into English</text><rect class=\"en\" x=\"{}\" y=\"5\" width=\"10\" height=\"8\"/>\
         <text x=\"{}\" y=\"12\">into Korean</text><rect class=\"ko\" x=\"{}\" y=\"5\" width=\"10\" height=\"8\"/>\n",
        escape(title),
        NAME_WIDTH + 70,
        NAME_WIDTH + 110,
        NAME_WIDTH + 180
    );
    for (index, rows) in kinds.iter().enumerate() {
        let top = (index + 1) * ROW_HEIGHT;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            NAME_WIDTH - 8,
            top + 11,
            escape(rows[0].kind)
        );
        for (place, language) in ["en", "ko"].iter().enumerate() {
            let of = rows.iter().filter(|row| row.direction.ends_with(language));
            let (count, all) =
                of.fold((0, 0), |(count, all), row| (count + row.found.count, all + row.found.of));
            if all == 0 {
                continue;
            }
            let share = count as f64 / all as f64;
            let (y, length) = (top + 1 + place * (BAR_HEIGHT + 1), share * BAR_WIDTH as f64);
            let _ = writeln!(
                svg,
                "<rect class=\"{language}\" x=\"{NAME_WIDTH}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR_HEIGHT}\"><title>{}: {}</title></rect>",
                escape(rows[0].kind),
                percent(share)
            );
        }
    }
    svg + "</svg>\n"
}

fn rows(kinds: &[Vec<&KindRow>]) -> String {
    let mut table = "<table>\n<tr><th>kind</th><th>direction</th><th>found</th><th>95 %</th><th>of</th><th>checks</th></tr>\n".to_string();
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
    table + "</table>\n"
}
