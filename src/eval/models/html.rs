//! The comparison as one HTML page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::report::{ModelReport, ModelResult, Texts};
use crate::document::escape;
use crate::eval::bootstrap::Difference;
use crate::eval::charts::{self, Chart, Mark, Point, Row};
use crate::language::Language;

/// Number of lines that are shown.
const MAX_LINES: usize = 20;

impl ModelReport {
    /// One HTML page: scores, findings, and the lines on which the models differ most. The
    /// findings of lines are in the language `messages`.
    pub fn html(&self, messages: Language) -> String {
        let shown = self.telling_lines();
        let mut body = self.head();
        body += &self.summary();
        let _ = writeln!(
            body,
            "<h2>Scores</h2>\n<p class=\"quiet\">With 95 % intervals, by bootstrap resampling. Higher is better, but for TER.</p>"
        );
        body += &self.legend();
        body += &self.scores();
        if self.models.len() > 1 {
            body += &self.differences();
        }
        body += &self.findings();
        body += &self.distribution(&shown);
        body += &self.lines_shown(&shown, messages);
        charts::page("Translation models compared", &body)
    }

    fn head(&self) -> String {
        let (from, to) =
            (self.texts.lines.languages.from.name(), self.texts.lines.languages.to.name());
        let mut head = format!("<p class=\"quiet\">{} lines, {from} to {to}</p>\n", self.lines);
        for verdict in self.verdicts() {
            let _ = writeln!(head, "<p class=\"verdict\">{}</p>", escape(&verdict));
        }
        if self.models.len() > 1 {
            head += "<p class=\"quiet\">Better, worse, fewer and more: p &lt; 0.05 by paired bootstrap resampling.</p>\n";
        }
        head
    }

    fn legend(&self) -> String {
        match self.models.len() {
            0 | 1 => String::new(),
            _ => charts::legend(0, self.models.iter().map(|model| model.name.as_str())),
        }
    }

    /// A row for each model.
    fn summary(&self) -> String {
        let mut table = "<div class=\"scroll\"><table>\n<tr><th>model</th>".to_string();
        for score in self.models.iter().take(1).flat_map(|model| &model.scores) {
            let _ = write!(table, "<th class=\"n\">{}</th>", escape(&score.metric));
        }
        table += "<th class=\"n\">findings<br>per 100 lines</th><th class=\"n\">failed lines</th><th class=\"n\">time, s</th>\
                  <th class=\"n\">source words<br>per second</th></tr>\n";
        for model in &self.models {
            let short: String = model.fingerprint.chars().take(12).collect();
            let _ = write!(
                table,
                "<tr><td>{}<br><small class=\"quiet\">{}</small></td>",
                escape(&model.name),
                escape(&short)
            );
            for score in &model.scores {
                let _ = write!(table, "<td class=\"n\">{:.1}</td>", score.score);
            }
            let speed = &model.speed;
            let _ = writeln!(
                table,
                "<td class=\"n\">{:.1}</td><td class=\"n\">{}</td><td class=\"n\">{:.0}</td><td class=\"n\">{:.1}</td></tr>",
                model.findings.per_100_lines,
                model.failed.len(),
                speed.seconds,
                speed.source_words_per_second
            );
        }
        table += "</table></div>\n";
        if self.models.iter().any(|model| !model.failed.is_empty()) {
            table += "<p class=\"quiet\">Failed lines count as empty translations.</p>\n";
        }
        table
    }

    fn scores(&self) -> String {
        let metrics = self.models.first().map_or(0, |model| model.scores.len());
        let row = |metric: usize| {
            let marks = self.models.iter().enumerate().filter_map(|(series, model)| {
                let score = model.scores.get(metric)?;
                let interval = score.interval?;
                let mark =
                    Mark::Interval { low: interval.low, value: score.score, high: interval.high };
                let words =
                    format!("{:.1} [{:.1}, {:.1}]", score.score, interval.low, interval.high);
                Some((series, mark, words))
            });
            let label = self.models[0].scores[metric].metric.clone();
            Row { label, marks: marks.collect() }
        };
        let rows = (0..metrics).map(row).collect();
        Chart { title: "Scores with 95 % intervals", rows, ends: None, unit: "" }.html()
    }

    /// What the other models gain over the first one; gains are at the right for each score.
    fn differences(&self) -> String {
        let first = escape(&self.models[0].name);
        let others: Vec<&str> = self.models[1..].iter().map(|model| model.name.as_str()).collect();
        let title = match others[..] {
            [only] => format!("{} against {first}", escape(only)),
            _ => format!("Difference from {first}"),
        };
        let mut html = format!(
            "<h2>{title}</h2>\n<p class=\"quiet\">Differences with 95 % intervals. Better is at the right, also where a lower number is better.</p>\n"
        );
        if others.len() > 1 {
            html += &charts::legend(1, others);
        }
        let names: Vec<(String, bool)> = self.models[0]
            .scores
            .iter()
            .map(|score| (score.metric.clone(), score.higher_is_better))
            .chain([("findings per 100 lines".to_string(), false)])
            .collect();
        let row = |index: usize| {
            let (label, higher_is_better) = &names[index];
            let marks = self.models.iter().enumerate().filter_map(|(series, model)| {
                let difference = difference(model, index)?;
                Some((series, gain(difference, *higher_is_better), in_words(difference)))
            });
            Row { label: label.clone(), marks: marks.collect() }
        };
        // Findings, the last row, have another unit.
        let last = names.len() - 1;
        for rows in [(0..last).map(row).collect::<Vec<_>>(), vec![row(last)]] {
            let ends = Some(["worse", "better"]);
            html +=
                &Chart { title: "Differences with 95 % intervals", rows, ends, unit: "" }.html();
        }
        html
    }

    fn findings(&self) -> String {
        let mut html = "<h2>Findings per 100 lines</h2>\n".to_string();
        let all: BTreeMap<&String, f64> = self
            .models
            .iter()
            .flat_map(|model| &model.findings.by_check)
            .fold(BTreeMap::new(), |mut sums, (check, count)| {
                *sums.entry(check).or_insert(0.0) += count;
                sums
            });
        if all.is_empty() {
            return html + "<p>The checks found nothing.</p>\n";
        }
        html += &self.legend();
        let severities: Vec<Row> = ["critical", "major", "minor"]
            .into_iter()
            .map(|name| self.bars(name, |model| model.findings.by_severity.get(name).copied()))
            .collect();
        html += "<h3>By severity</h3>\n";
        html +=
            &Chart { title: "Findings by severity", rows: severities, ends: None, unit: "" }.html();
        let mut checks: Vec<(&String, f64)> = all.into_iter().collect();
        checks.sort_by(|a, b| b.1.total_cmp(&a.1));
        let checks = checks.into_iter().map(|(check, _)| {
            self.bars(check, |model| model.findings.by_check.get(check).copied())
        });
        html += "<h3>By check</h3>\n";
        let rows = checks.collect();
        html + &Chart { title: "Findings by check", rows, ends: None, unit: "" }.html()
    }

    fn bars(&self, label: &str, value: impl Fn(&ModelResult) -> Option<f64>) -> Row {
        let marks = self.models.iter().enumerate().map(|(series, model)| {
            let value = value(model).unwrap_or_default();
            (series, Mark::Bar(value), format!("{value:.1}"))
        });
        Row { label: label.to_string(), marks: marks.collect() }
    }

    fn distribution(&self, shown: &[usize]) -> String {
        let chrf = &self.texts.chrf;
        let mut html = "<h2>chrF2 of each line</h2>\n".to_string();
        for (series, (model, scores)) in self.models.iter().zip(chrf).enumerate() {
            html += &charts::histogram(&model.name, series, scores);
        }
        if self.models.len() < 2 {
            return html;
        }
        html += "<p class=\"quiet\">Above the diagonal the model at the left is better. Points of lines that are shown below lead to them.</p>\n<div class=\"squares\">\n";
        let shown: BTreeSet<usize> = shown.iter().copied().collect();
        for (series, model) in self.models.iter().enumerate().skip(1) {
            let points =
                chrf[0].iter().zip(&chrf[series]).enumerate().map(|(line, (x, y))| Point {
                    x: *x,
                    y: *y,
                    name: format!("line {}", line + 1),
                    anchor: shown.contains(&line).then(|| anchor(line)),
                });
            let points: Vec<Point> = points.collect();
            html += &charts::scatter(&self.models[0].name, &model.name, series, &points);
        }
        html + "</div>\n"
    }

    /// The lines on which chrF2 differs most between the models; of a single model those with the
    /// lowest.
    fn telling_lines(&self) -> Vec<usize> {
        let Texts { lines, chrf, .. } = &self.texts;
        let spread = |line: &usize| {
            let scores = chrf.iter().map(|scores| scores[*line]);
            let (low, high) = scores
                .fold((f64::MAX, f64::MIN), |(low, high), score| (low.min(score), high.max(score)));
            if chrf.len() > 1 { high - low } else { 100.0 - low }
        };
        let has_text = |line: &usize| !lines.sources[*line].trim().is_empty();
        let mut order: Vec<(usize, f64)> =
            (0..self.lines).filter(has_text).map(|line| (line, spread(&line))).collect();
        order.retain(|(_, spread)| *spread > 0.0);
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order.into_iter().take(MAX_LINES).map(|(line, _)| line).collect()
    }

    fn lines_shown(&self, shown: &[usize], messages: Language) -> String {
        let title = match (self.models.len(), shown.is_empty()) {
            (_, true) => return String::new(),
            (1, _) => "Lines with the lowest chrF2",
            _ => "Lines on which the models differ most",
        };
        let Texts { lines, runs, chrf } = &self.texts;
        let mut html = format!("<h2>{title}</h2>\n");
        let languages = lines.languages;
        for &line in shown {
            let _ = writeln!(
                html,
                "<article class=\"line\" id=\"{}\">\n<h3>Line {}</h3>\n<dl>",
                anchor(line),
                line + 1
            );
            for (name, language, text) in [
                ("Source", languages.from, &lines.sources[line]),
                ("Reference", languages.to, &lines.references[line]),
            ] {
                let _ =
                    writeln!(html, "<dt>{name}</dt><dd lang=\"{language}\">{}</dd>", escape(text));
            }
            for (series, run) in runs.iter().enumerate() {
                let failed = run.failed.iter().find(|failed| failed.line == line + 1);
                let text = match failed {
                    Some(failed) => {
                        format!("<em class=\"bad\">failed: {}</em>", escape(&failed.reason))
                    }
                    None => escape(&run.outputs[line]),
                };
                let _ = write!(
                    html,
                    "<dt><b>{}</b>chrF2 {:.1}</dt><dd lang=\"{}\">{text}",
                    escape(&run.name),
                    chrf[series][line],
                    languages.to
                );
                let doubts: Vec<String> = run
                    .doubts(line)
                    .map(|doubt| {
                        let (check, message) =
                            (escape(&doubt.check), escape(doubt.message_in(messages)));
                        format!("<li lang=\"{messages}\">{check}: {message}</li>")
                    })
                    .collect();
                if !doubts.is_empty() {
                    let _ = write!(html, "<ul class=\"doubts\">{}</ul>", doubts.concat());
                }
                html += "</dd>\n";
            }
            html += "</dl>\n</article>\n";
        }
        html
    }
}

fn anchor(line: usize) -> String {
    format!("line-{}", line + 1)
}

/// The difference of a score or, after the last one, of the findings.
fn difference(model: &ModelResult, index: usize) -> Option<&Difference> {
    match model.scores.get(index) {
        Some(score) => score.against_baseline.as_ref(),
        None => model.findings.against_baseline.as_ref(),
    }
}

/// The difference with a gain at the right.
fn gain(difference: &Difference, higher_is_better: bool) -> Mark {
    let Difference { difference, interval, .. } = difference;
    match higher_is_better {
        true => Mark::Interval { low: interval.low, value: *difference, high: interval.high },
        false => Mark::Interval { low: -interval.high, value: -difference, high: -interval.low },
    }
}

fn in_words(difference: &Difference) -> String {
    format!("{:+.2}, p = {:.3}", difference.difference, difference.p)
}
