//! Learned judges of summaries and translations, on encoder–decoder models of the T5 family.
//!
//! MiniCheck (Flan-T5; Tang, Laban and Durrett, arXiv 2404.10774) gives the probability that an
//! English document supports an English claim; MetricX-24 (mT5; Juraska and others, 2024) without a
//! reference gives the error of a translation. Knows their inputs and the tokens whose logits they
//! answer with; knows nothing of findings.

use crate::checks::Judge;
use crate::error::{Error, Result};
use crate::language::Language;
use crate::model::Model;
use crate::segment::sentences;

/// Words of a document that MiniCheck reads at once; its training documents were about as long.
const DOCUMENT_WORDS: usize = 500;
/// Largest error of a translation that MetricX gives.
const MAX_ERROR: f32 = 25.0;
/// The token of mT5 whose logit is the error, and its id where the tokenizer does not name it.
const ERROR_TOKEN: (&str, u32) = ("<extra_id_10>", 250_089);

/// A judge with its model.
pub struct LearnedJudge {
    model: Model,
    kind: JudgeKind,
}

/// The family of a judge, with the tokens whose logits are its answer.
enum JudgeKind {
    MiniCheck { no: u32, yes: u32 },
    MetricX { error: u32 },
}

impl LearnedJudge {
    /// A judge on a loaded model: MiniCheck on T5, MetricX on mT5.
    ///
    /// # Errors
    ///
    /// Fails for other architectures, and for a vocabulary without the answer's tokens.
    pub fn new(model: Model) -> Result<Self> {
        let tokenizer = model.tokenizer();
        let kind = match model.architecture() {
            "t5" => {
                // "0" and "1" are answers: the first is read from its empty first piece.
                let ids = tokenizer.id_of("▁").zip(tokenizer.id_of("▁1"));
                ids.map(|(no, yes)| JudgeKind::MiniCheck { no, yes })
            }
            "mt5" => {
                let error = tokenizer.id_of(ERROR_TOKEN.0).unwrap_or(ERROR_TOKEN.1);
                Some(JudgeKind::MetricX { error })
            }
            _ => None,
        };
        match kind {
            Some(kind) => Ok(Self { model, kind }),
            None => Err(Error::Unsupported {
                what: format!("a judge of architecture {}", model.architecture()),
                file: model.path().to_path_buf(),
                supported: "MiniCheck on T5 and MetricX on mT5".into(),
            }),
        }
    }

    /// Probability that one passage supports a claim.
    fn support_of_passage(&self, passage: &str, claim: &str, [no, yes]: [u32; 2]) -> Result<f32> {
        let tokenizer = self.model.tokenizer();
        let end = self.model.eos_token();
        let mut input = tokenizer.encode(&format!("predict: {passage}"))?;
        input.extend(end);
        input.extend(tokenizer.encode(claim)?);
        input.extend(end);
        let logits = self.model.first_logits(&input)?;
        let logit = |id: u32| logits.get(id as usize).copied().unwrap_or(f32::NEG_INFINITY);
        Ok(1.0 / (1.0 + (logit(no) - logit(yes)).exp()))
    }
}

impl Judge for LearnedJudge {
    fn judges_support(&self, from: Language, to: Language) -> bool {
        matches!(self.kind, JudgeKind::MiniCheck { .. })
            && [from, to] == [Language::English, Language::English]
    }

    fn judges_translations(&self) -> bool {
        matches!(self.kind, JudgeKind::MetricX { .. })
    }

    fn support(&self, article: &str, claim: &str) -> Result<f32> {
        let JudgeKind::MiniCheck { no, yes } = self.kind else { return Ok(f32::NAN) };
        let mut best = 0.0f32;
        for passage in passages(article, DOCUMENT_WORDS) {
            best = best.max(self.support_of_passage(&passage, claim, [no, yes])?);
        }
        Ok(best)
    }

    fn translation_error(&self, source: &str, translation: &str) -> Result<f32> {
        let JudgeKind::MetricX { error } = self.kind else { return Ok(f32::NAN) };
        // MetricX was trained without the end-of-sequence token.
        let text = format!("source: {source} candidate: {translation}");
        let logits = self.model.first_logits(&self.model.tokenizer().encode(&text)?)?;
        Ok(logits.get(error as usize).map_or(f32::NAN, |logit| logit.clamp(0.0, MAX_ERROR)))
    }
}

/// Passages of whole sentences with at most `words` words each, or of one longer sentence.
fn passages(article: &str, words: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut count = 0;
    for sentence in sentences(article) {
        let more = sentence.split_whitespace().count();
        match found.last_mut() {
            Some(last) if count + more <= words => last.push_str(sentence),
            _ => {
                found.push(sentence.to_string());
                count = 0;
            }
        }
        count += more;
    }
    found.iter().map(|passage| passage.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_whole_sentences_within_the_limit() {
        let article = "One two three. Four five. Six seven eight nine ten. Eleven.";
        assert_eq!(
            passages(article, 5),
            ["One two three. Four five.", "Six seven eight nine ten.", "Eleven."]
        );
        assert_eq!(passages(article, 1).len(), 4);
        assert!(passages("", 5).is_empty());
    }
}
