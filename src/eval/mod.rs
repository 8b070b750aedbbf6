//! Evaluation of the checks: what they find of errors of known kinds, and what they say of correct
//! texts.
//!
//! Correct pairs are given, or shipped: news of fictional places. `seeds` puts one error into a
//! pair; it is found if a check says of the changed pair what it does not say of the correct one.
//! Knows the checks and the seeds, and which of them belong together only by counting.

mod bank;
mod cases;
mod cost;
mod dice;
mod html;
mod measure;
mod parallel;
mod remembering;
mod report;
mod seeds;
mod shipped;
mod spots;
#[cfg(test)]
mod tests;

pub use cost::{Cost, cost};
pub use measure::{AlarmRow, EvalOptions, KindRow, Share, Table, evaluate};
pub use parallel::Parallel;
pub use shipped::shipped;

/// The names of all kinds of errors.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    seeds::families().flat_map(|(_, seeds)| seeds).map(|seed| seed.name)
}
