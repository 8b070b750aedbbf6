//! A pair as the checks see it: both texts with what several checks read of them, computed once.

use std::cell::OnceCell;

use super::alignment::Alignment;
use super::options::CheckOptions;
use super::pair::Pair;
use super::support::matched::Matching;
pub(super) use super::text::Text;
use super::vectors::Vectors;
use crate::document::Span;
use crate::language::Language;

/// A pair, the options, and both texts as they have been read so far.
pub(super) struct Comparison<'p> {
    pub pair: &'p Pair<'p>,
    pub options: &'p CheckOptions,
    pub source: Text<'p>,
    pub output: Text<'p>,
    /// True for a sentence of a summary with the article sentences that support it.
    is_part: bool,
    /// True for a paragraph or sentence of a longer text, of which many are compared: a finding
    /// needs more evidence than in a text that stands alone.
    pub is_passage: bool,
    matching: OnceCell<Matching>,
    alignment: OnceCell<Alignment>,
    vectors: OnceCell<Option<Vectors>>,
    model_estimate: OnceCell<Option<Result<f32, String>>>,
}

impl<'p> Comparison<'p> {
    pub fn new(pair: &'p Pair<'p>, options: &'p CheckOptions) -> Self {
        let source = Text::new(pair.source, pair.from);
        let output = Text::new(pair.output, pair.to);
        Self {
            pair,
            options,
            source,
            output,
            is_part: false,
            is_passage: false,
            matching: OnceCell::new(),
            alignment: OnceCell::new(),
            vectors: OnceCell::new(),
            model_estimate: OnceCell::new(),
        }
    }

    /// A sentence of the summary with the article sentences that support it.
    pub fn part<'q>(&self, pair: &'q Pair<'q>) -> Comparison<'q>
    where
        'p: 'q,
    {
        Comparison { is_part: true, ..Comparison::new(pair, self.options) }
    }

    /// A paragraph or sentence of the source with its translation.
    pub fn passage<'q>(&self, pair: &'q Pair<'q>) -> Comparison<'q>
    where
        'p: 'q,
    {
        Comparison { is_passage: true, ..Comparison::new(pair, self.options) }
    }

    /// The article sentences that support each sentence of a summary, as `match_sentences` finds
    /// them when they are first asked for.
    pub fn matching(&self, match_sentences: fn(&Self) -> Matching) -> &Matching {
        self.matching.get_or_init(|| match_sentences(self))
    }

    /// The sentences of the source with those of the output that translate them.
    pub fn alignment(&self) -> &Alignment {
        self.alignment.get_or_init(|| Alignment::new(&self.source, &self.output))
    }

    /// The sentences with their vectors; `None` without an encoder.
    pub fn vectors(&self) -> Option<&Vectors> {
        let new = || Vectors::new(self.options, self.source.read(), self.output.read());
        self.vectors.get_or_init(new).as_ref()
    }

    /// The estimate of the translation by a model; `None` without one, the reason if it fails.
    pub fn model_estimate(&self) -> Option<&Result<f32, String>> {
        self.model_estimate.get_or_init(|| self.options.estimation.by_model(self.pair)).as_ref()
    }

    /// The words for source and output in English messages.
    pub fn words(&self) -> (&'static str, &'static str) {
        let (source, output) = self.pair.kind.words();
        (if self.is_part { "supporting sentence" } else { source }, output)
    }

    /// The words for source and output in Korean messages.
    pub fn korean_words(&self) -> (&'static str, &'static str) {
        let (source, output) = self.pair.kind.korean_words();
        (if self.is_part { "근거 문장" } else { source }, output)
    }

    /// Pairs of sentences that say the same: those of equal position if both texts have as many,
    /// else the whole texts.
    pub fn equal_sentences(&self) -> Vec<(Span, Span)> {
        let (from, to) = (self.source.sentences(), self.output.sentences());
        if from.len() == to.len() {
            return from.iter().cloned().zip(to.iter().cloned()).collect();
        }
        vec![(0..self.pair.source.len(), 0..self.pair.output.len())]
    }

    /// True if texts of different languages are about as long as translations of each other.
    pub fn is_whole(&self) -> bool {
        let Some((english, korean)) = self.english_and_korean() else { return false };
        let ratio = english.text.chars().count() as f64 / korean.text.chars().count().max(1) as f64;
        (1.5..3.0).contains(&ratio)
    }

    /// The English and the Korean text; `None` if both are in one language.
    pub fn english_and_korean(&self) -> Option<(&Text<'p>, &Text<'p>)> {
        match (self.pair.from, self.pair.to) {
            (Language::English, Language::Korean) => Some((&self.source, &self.output)),
            (Language::Korean, Language::English) => Some((&self.output, &self.source)),
            _ => None,
        }
    }
}
