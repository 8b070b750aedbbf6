//! `malmoi check`: the checks over texts that any program or person has written.

mod checked;
mod inputs;
mod report;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use malmoi::checks::{
    self, Assessment, CHECKS, CheckOptions, Consistency, Dismissal, Dismissals, OutputKind, Pair,
};
use malmoi::formats::{PAIR_FORMATS, PairLanguages, TextPair, Unreadable};
use malmoi::{Error, Finding, Language};
use rayon::prelude::*;
use serde_json::json;

use super::check_args::CheckArgs;
use super::task_args::{self, EncodingArgs};
use crate::audit::Asker;
use crate::context::Context;
use crate::encoder;
use crate::exit::Exit;
use crate::output;
use checked::Checked;
use report::Counts;

/// Pairs that are checked at a time, in parallel; they and their findings are held in memory.
const MAX_PAIRS_AT_ONCE: usize = 512;
/// Bytes of text after which no more pairs are taken at a time.
const MAX_BYTES_AT_ONCE: usize = 4 << 20;

/// Check a translation or a summary that any program or person has written
#[derive(Args)]
#[command(after_help = format!("Examples:\n  malmoi check article.txt article.ko.txt\n  \
    malmoi check article.ko.txt summary.txt --task summary\n  \
    malmoi check --pairs memory.tmx --json > findings.jsonl\n  malmoi check --list\n\n\
    Files of pairs: {}.", formats()))]
pub(crate) struct Check {
    /// The source: a text file in any format that malmoi reads, or `-` for standard input
    source: Option<PathBuf>,
    /// The translation or summary of it, in the same way
    output: Option<PathBuf>,
    /// A file of pairs instead, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "output", "lines"])]
    pairs: Option<PathBuf>,
    /// Compare two text files line by line, not as a whole
    #[arg(long)]
    lines: bool,
    /// What the outputs are, where the file does not say
    #[arg(long, value_enum, default_value_t = CheckedTask::Translation)]
    task: CheckedTask,
    /// Language of the sources, where the file does not say: auto, en or ko
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    from: String,
    /// Language of the outputs, where the file does not say: en or ko [default: the other one; for
    /// summaries, the one they are written in]
    #[arg(long, value_name = "LANGUAGE")]
    to: Option<String>,
    /// Only these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',', conflicts_with = "skip")]
    only: Vec<String>,
    /// All checks but these
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    skip: Vec<String>,
    /// Print the checks, with what they look for and with examples
    #[arg(long)]
    list: bool,
    /// Show the article sentences that support each sentence of a summary
    #[arg(long)]
    support: bool,
    /// Exit with 1 if there are findings
    #[arg(long)]
    strict: bool,
    /// Mark a finding as no error, by its hash: it is not reported again for the same words
    #[arg(long, value_name = "HASH")]
    dismiss: Vec<String>,
    /// Why it is no error
    #[arg(long, value_name = "TEXT", requires = "dismiss")]
    reason: Option<String>,
    #[command(flatten)]
    checks: CheckArgs,
    #[command(flatten)]
    encoding: EncodingArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum CheckedTask {
    Translation,
    Summary,
}

impl From<CheckedTask> for OutputKind {
    fn from(task: CheckedTask) -> Self {
        match task {
            CheckedTask::Translation => Self::Translation,
            CheckedTask::Summary => Self::Summary,
        }
    }
}

fn formats() -> String {
    let known: Vec<&str> = PAIR_FORMATS.iter().map(|format| format.describe).collect();
    known.join("; ")
}

impl Check {
    pub fn run(self, context: &Context) -> Result<Exit> {
        self.check_names()?;
        if self.list {
            return output::print(&report::list(context.json)).map(|()| Exit::Done);
        }
        if !self.dismiss.is_empty() {
            let path = self.checks.dismissals(context);
            for hash in &self.dismiss {
                let (hash, reason) = (hash.clone(), self.reason.clone());
                Dismissals::add(&path, Dismissal { hash, reason, ..Dismissal::default() })?;
            }
            if self.pairs.is_none() && self.source.is_none() {
                context.ui.note(format!("dismissed in {}", path.display()));
                return Ok(Exit::Done);
            }
        }
        let languages = PairLanguages {
            from: task_args::source_language(&self.from)?,
            to: self.to.as_deref().map(task_args::language).transpose()?,
        };
        let options = self.checks.options(context)?;
        if options.encoder.is_none() {
            encoder::note_absence(context);
        }
        let (name, mut stream) = self.inputs(languages, context)?;
        let mut counts = Counts::default();
        let mut consistency = Consistency::default();
        loop {
            let (mut taken, mut bytes) = (Vec::new(), 0);
            while taken.len() < MAX_PAIRS_AT_ONCE && bytes < MAX_BYTES_AT_ONCE {
                let Some(next) = stream.next() else { break };
                bytes += next.as_ref().map_or(0, |pair| pair.source.len() + pair.output.len());
                taken.push(next);
            }
            if taken.is_empty() {
                break;
            }
            let mut checked: Vec<Checked> =
                taken.into_par_iter().map(|one| self.checked(one, languages, &options)).collect();
            let mut text = String::new();
            for one in &mut checked {
                self.compare(one, &mut consistency, &options);
            }
            for one in &checked {
                let index = counts.pairs;
                counts.add(one);
                if let Err(reason) = &one.texts {
                    context.ui.error(format!("{name} {} {reason}", one.pair.place));
                }
                if context.json {
                    text += &format!("{}\n", json_line(one, index));
                } else {
                    report::pair(&mut text, one, context.ui.messages);
                }
            }
            if let Some(audit) = &context.audit {
                let whole = checked.iter().filter(|one| one.texts.is_ok());
                let records: Vec<_> = whole
                    .map(|Checked { pair, findings, .. }| {
                        audit.checked(&Asker::default(), &pair.source, &pair.output, findings)
                    })
                    .collect();
                audit.append(&records)?;
            }
            output::print(&text)?;
        }
        context.ui.note(counts.line(context.ui.messages));
        match counts.unreadable {
            0 => {}
            1 => bail!("1 pair of {name} could not be read; the others were checked"),
            count => bail!("{count} pairs of {name} could not be read; the others were checked"),
        }
        Ok(if self.strict && counts.doubtful > 0 { Exit::Doubtful } else { Exit::Done })
    }

    /// Fails with the names that are known if a name of a check is not one.
    fn check_names(&self) -> Result<()> {
        let known: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        if let Some(name) =
            self.only.iter().chain(&self.skip).find(|name| !known.contains(&name.as_str()))
        {
            bail!("`{name}` is not a check; known: {}", known.join(", "));
        }
        Ok(())
    }

    fn checked(
        &self,
        read: Result<TextPair, Unreadable>,
        languages: PairLanguages,
        options: &CheckOptions,
    ) -> Checked {
        let pair = match read {
            Ok(pair) => pair,
            Err(Unreadable { place, reason, .. }) => {
                let pair = TextPair { place, ..TextPair::default() };
                let texts = Err(reason);
                return Checked {
                    pair,
                    texts,
                    findings: Vec::new(),
                    support: None,
                    estimate: None,
                };
            }
        };
        let texts = self.texts(&pair, languages);
        let (mut assessment, mut support) = (Assessment::default(), None);
        if let Ok((from, to, kind)) = texts {
            let (source, output) = (&pair.source, &pair.output);
            let pair = Pair { source, output, from, to, kind };
            assessment = checks::assess(&pair, options);
            if self.support && kind == OutputKind::Summary {
                support = Some(checks::supports(&pair, options));
            }
        }
        let Assessment { mut findings, estimate } = assessment;
        findings.retain(|finding| self.is_wanted(&finding.check));
        Finding::arrange(&mut findings);
        Checked { pair, texts, findings, support, estimate }
    }

    /// Adds a finding if the pair's source had another translation before.
    fn compare(&self, one: &mut Checked, run: &mut Consistency, options: &CheckOptions) {
        const NAME: &str = "consistency";
        let Ok((from, to, kind)) = one.texts else { return };
        let TextPair { source, output, place, .. } = &one.pair;
        let pair = Pair { source, output, from, to, kind };
        let found = run.compare(&pair, place, &options.dismissed);
        one.findings.extend(found.filter(|_| self.is_wanted(NAME)));
    }

    /// True for a check that was not excluded.
    fn is_wanted(&self, check: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == check);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }

    /// Languages and task of a pair: from the file, as requested, or as the texts are written.
    fn texts(
        &self,
        pair: &TextPair,
        languages: PairLanguages,
    ) -> Result<(Language, Language, OutputKind), String> {
        let kind = match &pair.task {
            None => self.task.into(),
            Some(task) => OutputKind::parse(task).ok_or_else(|| {
                format!("has the task `{task}`; it must be `translation` or `summary`")
            })?,
        };
        let given = pair.from.or(languages.from);
        let other = || pair.to.or(languages.to).or(Language::detect(&pair.output));
        let from = match given {
            Some(from) => from,
            None => match Language::recognize(&pair.source) {
                Ok(Some(from)) => from,
                Ok(None) => other().map_or(Language::English, Language::other),
                Err(Error::ForeignText { seems }) => {
                    return Err(format!(
                        "has a source that seems to be in {seems}; if it is English or Korean, say so with --from"
                    ));
                }
                Err(error) => return Err(format!("cannot be checked: {error}")),
            },
        };
        let to = pair.to.or(languages.to).unwrap_or_else(|| match kind {
            OutputKind::Translation => from.other(),
            OutputKind::Summary => Language::detect(&pair.output).unwrap_or(from),
        });
        if from == to && kind == OutputKind::Translation {
            return Err(format!(
                "is a translation from {0} into {0}; correct it with --from and --to, or is it a summary (--task summary)?",
                from.name()
            ));
        }
        Ok((from, to, kind))
    }
}

/// A pair as one JSON object: `index` counts from 0, and `score` is 0 without doubts.
fn json_line(checked: &Checked, index: usize) -> serde_json::Value {
    let Checked { pair, texts, findings, support, estimate } = checked;
    let mut line = json!({"index": index, "place": pair.place});
    if let Some(id) = &pair.id {
        line["id"] = json!(id);
    }
    match texts {
        Err(reason) => line["error"] = json!(reason),
        Ok((from, to, kind)) => {
            line["source"] = json!(pair.source);
            line["output"] = json!(pair.output);
            line["from"] = json!(from);
            line["to"] = json!(to);
            line["task"] = json!(kind.as_str());
            let doubts = findings.iter().filter(|finding| finding.is_doubt());
            line["score"] = json!(doubts.map(|finding| finding.severity.weight()).sum::<u32>());
            if let Some(estimate) = estimate {
                line["estimate"] = json!(estimate);
            }
            line["findings"] = json!(findings);
            if let Some(support) = support {
                line["support"] = json!(support);
            }
        }
    }
    line
}
