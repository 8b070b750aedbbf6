//! `malmoi eval checks`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use malmoi::eval::{self, EvalOptions, Parallel};
use malmoi::formats::{self, PairLanguages, TextPair, Unreadable};
use malmoi::{Error, Language};

use crate::cli::check_args::CheckArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;

/// Put errors of known kinds into correct translations, and count those that the checks find
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi eval checks\n  \
    malmoi eval checks --pairs memory.tmx --html checks.html\n\n\
    Lines that follow each other in a file are taken for the sentences of a text. Meanings are \
    compared only with an encoder that --meaning names.")]
pub(super) struct Checks {
    /// Correct translations, as for `malmoi check --pairs` [default: 120 lines of fictional news]
    #[arg(long, value_name = "FILE")]
    pairs: Vec<PathBuf>,
    /// Correct translations that do not follow each other: they form no passages
    #[arg(long, value_name = "FILE")]
    lines: Vec<PathBuf>,
    /// Seed of the random choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Most errors of a kind in a direction
    #[arg(long, value_name = "N", default_value_t = 300)]
    most: usize,
    /// Only these kinds of errors
    #[arg(long, value_name = "KIND", value_delimiter = ',', conflicts_with = "cost")]
    kinds: Vec<String>,
    /// Write a page with a chart as well
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Measure the time that the checks take instead
    #[arg(long, conflicts_with = "html")]
    cost: bool,
    #[command(flatten)]
    checks: CheckArgs,
}

impl Checks {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let known = || eval::kinds().collect::<Vec<_>>();
        if let Some(kind) = self.kinds.iter().find(|kind| !known().contains(&kind.as_str())) {
            bail!("`{kind}` is no kind of error; known: {}", known().join(", "));
        }
        let read: Vec<&Path> = self.pairs.iter().chain(&self.lines).map(PathBuf::as_path).collect();
        output::check(self.html.as_deref(), &read, false)?;
        let mut files: Vec<Vec<Parallel>> =
            self.pairs.iter().map(|path| lines(path)).collect::<Result<_>>()?;
        for path in &self.lines {
            files.extend(lines(path)?.into_iter().map(|line| vec![line]));
        }
        if files.is_empty() {
            files = eval::shipped();
        }
        let mut checks = self.checks.options(context)?;
        // An encoder takes its time for thousands of texts; only one that is asked for is used.
        if context.settings.get("meaning") == Some("auto") {
            checks.encoder = None;
        }
        let text = if self.cost {
            let cost = eval::cost(&files, &checks);
            if context.json { serde_json::to_string(&cost)? + "\n" } else { cost.to_string() }
        } else {
            let options =
                EvalOptions { seed: self.seed, most: self.most, kinds: self.kinds, checks };
            let table = eval::evaluate(&files, &options);
            if let Some(path) = &self.html {
                output::write(Some(path), &table.html())?;
            }
            if context.json { serde_json::to_string(&table)? + "\n" } else { table.to_string() }
        };
        output::print(&text)?;
        Ok(Exit::Done)
    }
}

/// The pairs of a file in both languages.
fn lines(path: &Path) -> Result<Vec<Parallel>> {
    let (source, name): (Box<dyn std::io::Read + Send>, String) = if path == Path::new("-") {
        (Box::new(std::io::stdin()), "standard input".to_string())
    } else {
        let file = std::fs::File::open(path).map_err(|e| Error::io("read", path, e))?;
        (Box::new(file), path.display().to_string())
    };
    let mut found = Vec::new();
    for pair in formats::pairs(source, &name, PairLanguages::default())? {
        let TextPair { place, source, output, from, .. } = match pair {
            Ok(pair) => pair,
            Err(Unreadable { place, reason, .. }) => bail!("{name} {place} {reason}"),
        };
        let Some(from) = from.or_else(|| Language::detect(&source)) else {
            bail!("{name} {place} has no words in its source; leave the pair out");
        };
        found.push(match from {
            Language::English => Parallel { english: source, korean: output },
            Language::Korean => Parallel { english: output, korean: source },
        });
    }
    if found.is_empty() {
        bail!("{name} holds no pairs");
    }
    Ok(found)
}
