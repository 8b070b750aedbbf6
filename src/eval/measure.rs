//! Measurement: recall by kind of error and direction, and false alarms on correct pairs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde::Serialize;

use super::bank::Bank;
use super::cases::{self, Direction, Seeded};
use super::dice::Dice;
use super::parallel::Parallel;
use super::remembering::Remembering;
use super::seeds::{self, Unit};
use crate::checks::{self, CheckOptions, OutputKind, Pair};
use crate::finding::Finding;

/// Options of an evaluation.
#[derive(Debug, Clone)]
pub struct EvalOptions {
    /// Seed of the random choices.
    pub seed: u64,
    /// Most errors of a kind in a direction.
    pub most: usize,
    /// Kinds of errors by name; all if there is none.
    pub kinds: Vec<String>,
    /// Options of the checks.
    pub checks: CheckOptions,
}

impl Default for EvalOptions {
    fn default() -> Self {
        Self { seed: 1, most: 300, kinds: Vec::new(), checks: CheckOptions::default() }
    }
}

impl EvalOptions {
    fn measures(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|name| name == kind)
    }

    /// The same sentences stand in many cases: an encoder reads each once.
    fn with_remembered_vectors(&self) -> Self {
        let mut options = self.clone();
        let encoder = options.checks.encoder.take();
        options.checks.encoder = encoder.map(Remembering::over);
        options
    }
}

/// A share of a count, with the bounds of its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// All.
    pub of: usize,
    /// Those that are counted.
    pub count: usize,
    /// Their share, from 0 to 1; 0 of none.
    pub share: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Share {
    /// The share of a count, with its interval.
    ///
    /// ```
    /// let share = malmoi::eval::Share::new(9, 10);
    /// assert_eq!(share.share, 0.9);
    /// assert!(share.low > 0.59 && share.low < 0.6 && share.high > 0.98 && share.high < 0.983);
    /// ```
    pub fn new(count: usize, of: usize) -> Self {
        const Z: f64 = 1.96;
        if of == 0 {
            return Self { of, count, share: 0.0, low: 0.0, high: 1.0 };
        }
        let (n, share) = (of as f64, count as f64 / of as f64);
        let scale = 1.0 + Z * Z / n;
        let center = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
        Self { of, count, share, low: (center - half).max(0.0), high: (center + half).min(1.0) }
    }
}

/// What was found of a kind of error in a direction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindRow {
    /// Name of the kind.
    pub kind: &'static str,
    /// Name of its family.
    pub family: &'static str,
    /// True for an error of a summary.
    pub is_summary: bool,
    /// Such as `en-ko`.
    pub direction: String,
    /// Errors that a check found.
    pub found: Share,
    /// Errors by the check that found them; several may find one.
    pub by_check: BTreeMap<String, usize>,
}

/// What the checks say of correct pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlarmRow {
    /// The pairs: lines, passages of some length, summaries.
    pub set: String,
    /// Such as `en-ko`.
    pub direction: String,
    /// Pairs with a doubt.
    pub alarms: Share,
    /// Pairs by the check that doubts them.
    pub by_check: BTreeMap<String, usize>,
}

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// Seed of the random choices.
    pub seed: u64,
    /// Correct lines that were given.
    pub lines: usize,
    /// Recall, by kind and direction.
    pub kinds: Vec<KindRow>,
    /// False alarms, by set and direction.
    pub alarms: Vec<AlarmRow>,
}

impl Table {
    /// The kinds with their recall over all directions: of translations, or of summaries.
    pub fn recalls(&self, of_summaries: bool) -> Vec<(&'static str, Share)> {
        let mut kinds: Vec<(&'static str, usize, usize)> = Vec::new();
        for row in self.kinds.iter().filter(|row| row.is_summary == of_summaries) {
            match kinds.iter_mut().find(|(kind, ..)| *kind == row.kind) {
                Some((_, count, of)) => {
                    (*count, *of) = (*count + row.found.count, *of + row.found.of)
                }
                None => kinds.push((row.kind, row.found.count, row.found.of)),
            }
        }
        kinds.retain(|(.., of)| *of > 0);
        kinds.into_iter().map(|(kind, count, of)| (kind, Share::new(count, of))).collect()
    }

    /// Mean recall over the kinds, and how many of them have at least nine of ten.
    pub fn mean(&self, of_summaries: bool) -> (f64, usize) {
        const HIGH: f64 = 0.9;
        let recalls = self.recalls(of_summaries);
        let sum: f64 = recalls.iter().map(|(_, share)| share.share).sum();
        let high = recalls.iter().filter(|(_, share)| share.share >= HIGH).count();
        (sum / recalls.len().max(1) as f64, high)
    }
}

/// Sets of correct pairs.
const CLEAN: &[(&str, Unit)] = &[
    ("lines", Unit::Line),
    ("passages of 3", Unit::Passage(3)),
    ("passages of 5", Unit::Passage(5)),
    ("passages of 10", Unit::Passage(10)),
    ("summaries", Unit::Summary),
];
/// Errors of summaries are seeded in twice the directions.
const SUMMARY_SHARE: usize = 2;

/// Measures the checks over the lines of some files. Lines that follow each other in a file form
/// passages.
pub fn evaluate(files: &[Vec<Parallel>], options: &EvalOptions) -> Table {
    let options = &options.with_remembered_vectors();
    let bank = Bank::new(files);
    let mut kinds = Vec::new();
    for (family, family_seeds) in seeds::families() {
        for seed in family_seeds.iter().filter(|seed| options.measures(seed.name)) {
            let task = cases::task(seed.unit);
            let is_summary = task == OutputKind::Summary;
            let most = if is_summary { options.most.div_ceil(SUMMARY_SHARE) } else { options.most };
            for direction in Direction::of(seed.unit) {
                let dice = &mut dice(options, seed.name, direction);
                let cases = cases::seeded(files, seed, direction, &bank, dice, most);
                let (found, by_check) = recall(&cases, task, direction, &options.checks);
                kinds.push(KindRow {
                    kind: seed.name,
                    family,
                    is_summary,
                    direction: direction.name(),
                    found: Share::new(found, cases.len()),
                    by_check,
                });
            }
        }
    }
    let mut alarms = Vec::new();
    for (set, unit) in CLEAN {
        for direction in Direction::of(*unit) {
            let pairs = cases::clean(files, *unit, direction, &mut dice(options, set, direction));
            let said: Vec<BTreeSet<String>> = pairs
                .par_iter()
                .map(|pair| {
                    let task = cases::task(*unit);
                    let found =
                        doubts(&pair.source, &pair.output, task, direction, &options.checks);
                    found.into_iter().map(|finding| finding.check).collect()
                })
                .collect();
            let alarmed = said.iter().filter(|checks| !checks.is_empty()).count();
            alarms.push(AlarmRow {
                set: (*set).to_string(),
                direction: direction.name(),
                alarms: Share::new(alarmed, said.len()),
                by_check: counted(said),
            });
        }
    }
    let lines = files.iter().map(Vec::len).sum();
    Table { seed: options.seed, lines, kinds, alarms }
}

/// Random choices of their own for each kind and direction, so that a new kind changes no other.
fn dice(options: &EvalOptions, name: &str, direction: Direction) -> Dice {
    // FNV-1a, which is the same on every machine.
    let named = format!("{name} {}", direction.name());
    let hash = named.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Dice::new(options.seed ^ hash)
}

fn doubts(
    source: &str,
    output: &str,
    kind: OutputKind,
    direction: Direction,
    options: &CheckOptions,
) -> Vec<Finding> {
    let Direction { from, to } = direction;
    let mut found = checks::check(&Pair { source, output, from, to, kind }, options);
    found.retain(Finding::is_doubt);
    found
}

/// How many errors were found, and how many by each check.
fn recall(
    cases: &[Seeded],
    task: OutputKind,
    direction: Direction,
    options: &CheckOptions,
) -> (usize, BTreeMap<String, usize>) {
    let bases: BTreeSet<(&str, &str)> =
        cases.iter().map(|case| (case.source.as_str(), case.output.as_str())).collect();
    let said: HashMap<(&str, &str), Vec<Finding>> = bases
        .into_par_iter()
        .map(|(source, output)| {
            ((source, output), doubts(source, output, task, direction, options))
        })
        .collect();
    let found: Vec<BTreeSet<String>> = cases
        .par_iter()
        .map(|case| {
            let source = case.changed_source.as_deref().unwrap_or(&case.source);
            let found = doubts(source, &case.changed_output, task, direction, options);
            let before = said.get(&(case.source.as_str(), case.output.as_str()));
            new_findings(found, before.map_or(&[], Vec::as_slice))
        })
        .collect();
    (found.iter().filter(|checks| !checks.is_empty()).count(), counted(found))
}

/// The checks with a finding that the correct pair did not have. The ratio in the message of a
/// length changes with any error, so that a length counts once.
fn new_findings(found: Vec<Finding>, before: &[Finding]) -> BTreeSet<String> {
    let is_known = |finding: &Finding| {
        before.iter().any(|known| {
            known.kind == finding.kind
                && (known.message == finding.message || finding.check == "length")
        })
    };
    found.into_iter().filter(|finding| !is_known(finding)).map(|finding| finding.check).collect()
}

fn counted(checks: Vec<BTreeSet<String>>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for check in checks.into_iter().flatten() {
        *counts.entry(check).or_default() += 1;
    }
    counts
}
