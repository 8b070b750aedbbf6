//! What a user may ask of the checks, and the models that some of them use where one is installed.

use std::fmt;
use std::sync::Arc;

use super::dismissals::Dismissals;
use super::encoder::{Background, SentenceEncoder};
use super::patterns::file::Patterns;
use crate::error::Result;
use crate::language::{Language, Register};

/// Options of the checks. The default needs no model and no file.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CheckOptions {
    /// Register that Korean outputs must have; without one, only a mixture is a finding.
    pub register: Option<Register>,
    /// Encoder of sentences; without one, meanings are not compared.
    pub encoder: Option<Arc<dyn SentenceEncoder>>,
    /// Learned judge; without one, only rules decide.
    pub judge: Option<Arc<dyn Judge>>,
    /// Findings that are marked as dismissed and are no doubts.
    pub dismissed: Dismissals,
    /// The user's own rules.
    pub patterns: Option<Arc<Patterns>>,
    /// Means of the languages for the encoder, computed once for all pairs.
    pub(super) background: Background,
}

impl fmt::Debug for CheckOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckOptions")
            .field("register", &self.register)
            .field("encoder", &self.encoder.is_some())
            .field("judge", &self.judge.is_some())
            .field("patterns", &self.patterns.as_ref().map_or(0, |patterns| patterns.len()))
            .finish()
    }
}

/// A model trained to judge summaries or translations.
pub trait Judge: Send + Sync {
    /// True if it judges summaries of articles in one language, written in another or the same.
    fn judges_support(&self, from: Language, to: Language) -> bool;

    /// True if it judges translations.
    fn judges_translations(&self) -> bool;

    /// Probability that an article supports a claim, 0 to 1.
    ///
    /// # Errors
    ///
    /// Fails if the model fails.
    fn support(&self, article: &str, claim: &str) -> Result<f32>;

    /// Error of a translation: 0 for a perfect one, 25 for the worst.
    ///
    /// # Errors
    ///
    /// Fails if the model fails.
    fn translation_error(&self, source: &str, translation: &str) -> Result<f32>;
}
