//! What a user may ask of the checks, and the models that some of them use where one is installed.

use std::fmt;
use std::sync::Arc;

use super::dismissals::Dismissals;
use super::encoder::{Background, SentenceEncoder};
use super::pair::{OutputKind, Pair};
use super::patterns::file::Patterns;
use crate::error::Result;
use crate::glossary::Glossary;
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
    /// Source of the estimate of a translation's quality.
    pub estimation: Estimation,
    /// Findings that are marked as dismissed and are no doubts.
    pub dismissed: Dismissals,
    /// The user's own rules.
    pub patterns: Option<Arc<Patterns>>,
    /// Prescribed translations.
    pub glossary: Glossary,
    /// Means of the languages for the encoder, computed once for all pairs.
    pub(super) background: Background,
}

impl CheckOptions {
    /// The mean of the encoder's vectors of general sentences in a language; `None` without an
    /// encoder.
    pub(crate) fn general_mean(&self, language: Language) -> Option<Vec<f32>> {
        let means = self.background.means(self.encoder.as_deref()?)?;
        Some(means.of(language).to_vec())
    }
}

impl fmt::Debug for CheckOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckOptions")
            .field("register", &self.register)
            .field("encoder", &self.encoder.is_some())
            .field("judge", &self.judge.is_some())
            .field("estimation", &self.estimation.name())
            .field("glossary", &self.glossary)
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

/// The source of the estimate of a translation's quality.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Estimation {
    /// The vectors of the encoder and the findings; none without an encoder.
    #[default]
    Auto,
    /// None.
    Off,
    /// A model.
    Model {
        /// The model.
        model: Arc<dyn Estimator>,
        /// Estimate below which a translation is a finding.
        least: f32,
    },
}

impl Estimation {
    /// A name: `auto`, `off`, or that of the model.
    pub fn name(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
            Self::Model { model, .. } => model.name(),
        }
    }

    /// The estimate of a translation by the model, or why there is none; `None` without a model.
    pub(super) fn by_model(&self, pair: &Pair<'_>) -> Option<std::result::Result<f32, String>> {
        let Self::Model { model, .. } = self else { return None };
        if pair.kind != OutputKind::Translation {
            return None;
        }
        Some(match model.estimate(pair.source, pair.output) {
            Ok(estimate) if estimate.is_finite() => Ok(estimate),
            Ok(_) => Err("it is not a number".to_string()),
            Err(error) => Err(error.to_string()),
        })
    }
}

/// A model that estimates the quality of a translation without a reference.
pub trait Estimator: Send + Sync {
    /// Name of the model.
    fn name(&self) -> &str;

    /// The estimate, on a scale of the model's own: higher is better.
    ///
    /// # Errors
    ///
    /// Fails if the model fails.
    fn estimate(&self, source: &str, translation: &str) -> Result<f32>;
}
