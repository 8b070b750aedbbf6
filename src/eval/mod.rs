//! Evaluation, in two halves: scores of translations and summaries against references, and of the
//! checks: what they find of errors of known kinds, and what they say of correct texts.
//!
//! Scores are [`Metric`]s: [`bleu`], [`chrf`], [`ter`] and [`rouge`], with the numbers of the
//! programs that papers cite, and [`bootstrap`] for the difference between two systems. [`models`]
//! compares models on lines that they have translated.
//!
//! For the checks, correct pairs are given, or shipped: news of fictional places. `seeds` puts one
//! error into a pair; it is found if a check says of the changed pair what it does not say of the
//! correct one. Knows the checks and the seeds, and which of them belong together only by
//! counting.

mod bank;
pub mod bleu;
pub mod bootstrap;
mod cases;
mod charts;
pub mod chrf;
mod cost;
mod dice;
mod html;
mod measure;
pub mod mecab;
mod metric;
pub mod models;
mod parallel;
mod pcg;
mod remembering;
mod report;
pub mod rouge;
mod scores;
mod seeds;
mod shipped;
mod spots;
pub mod ter;
#[cfg(test)]
mod tests;
mod tokenizer;

pub use cost::{Cost, cost};
pub use measure::{AlarmRow, EvalOptions, KindRow, Share, Table, evaluate};
pub use metric::{Metric, statistics, sums};
pub use parallel::Parallel;
pub use scores::{Score, Scoring, scores};
pub use shipped::shipped;
pub use tokenizer::Tokenizer;

/// The names of all kinds of errors.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    seeds::families().flat_map(|(_, seeds)| seeds).map(|seed| seed.name)
}
