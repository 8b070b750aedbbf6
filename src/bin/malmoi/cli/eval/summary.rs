//! `malmoi eval summary`.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use malmoi::Language;
use malmoi::eval::Metric;
use malmoi::eval::rouge::{Rouge, Unit};
use malmoi::segment;

use super::lines;
use super::scores::ScoreArgs;
use crate::context::Context;
use crate::exit::Exit;

/// Score summaries against references: ROUGE-1, -2, -L and -Lsum
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    malmoi eval summary --reference news.en --output ours.en --stemmer\n  \
    malmoi eval summary --reference news.ko --output ours.ko --unit syllable\n\n\
    English has the numbers of rouge-score, which finds no word at all in Korean: Korean is counted \
    by syllable, by word and by subword (pairs of syllables within a word).")]
pub(super) struct Summary {
    #[command(flatten)]
    scores: ScoreArgs,
    /// What is counted [default: rouge-score for English, the other three for Korean]
    #[arg(long, value_enum, value_delimiter = ',')]
    unit: Vec<UnitName>,
    /// Compare stems of English words
    #[arg(long)]
    stemmer: bool,
    /// ROUGE-Lsum by sentence: texts in one line are split, as rouge-score does only if asked
    #[arg(long)]
    split_sentences: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum UnitName {
    RougeScore,
    Syllable,
    Word,
    Subword,
}

impl Summary {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let unit = |name: &UnitName| match name {
            UnitName::RougeScore => Unit::English { stemmer: self.stemmer },
            UnitName::Syllable => Unit::Syllable,
            UnitName::Word => Unit::Word,
            UnitName::Subword => Unit::Subword,
        };
        let mut units: Vec<Unit> = self.unit.iter().map(unit).collect();
        if units.is_empty() {
            let Some(first) = self.scores.outputs().first() else { bail!("name an --output") };
            let text = lines::read(first, lines::Side::Output)?.join("\n");
            units = Unit::of(Language::detect(&text).unwrap_or(Language::English), self.stemmer);
        }
        let metrics: Vec<Box<dyn Metric>> = units
            .into_iter()
            .flat_map(Rouge::all)
            .map(|rouge| Box::new(rouge) as Box<dyn Metric>)
            .collect();
        let prepare = |text: &str| match self.split_sentences {
            true => segment::sentences(text).join("\n"),
            false => text.to_string(),
        };
        self.scores.run(&metrics, prepare, context)?;
        Ok(Exit::Done)
    }
}
