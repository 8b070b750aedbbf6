//! `malmoi glossary extract`: candidates of terms from texts and their translations.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use malmoi::formats::{self, PairLanguages};
use malmoi::{Error, Language, Term, extraction, glossary};

use crate::cli::task;
use crate::cli::task_args::EncodingArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::output;

/// Propose terms from a text and its translation, or from a file of pairs
#[derive(Args)]
#[command(
    after_help = "Examples:\n  malmoi glossary extract story.en.txt story.ko.txt -o terms.tsv\n  \
    malmoi glossary extract memory.tmx -o terms.tsv\n\n\
    Candidates come with their evidence in the column `note`. Edit the file, then use it with\n\
    --glossary, or add it with `malmoi glossary import`. Terms that the desk has are left out."
)]
pub(crate) struct Extract {
    /// The text; or pairs, as for `malmoi check --pairs`
    source: PathBuf,
    /// Its translation
    target: Option<PathBuf>,
    /// File for the candidates: .tsv, .csv or .tbx [default: TSV on standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    encoding: EncodingArgs,
}

/// Texts in English and in Korean.
type Texts = (String, String);

impl Extract {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let read: Vec<&Path> =
            std::iter::once(&self.source).chain(&self.target).map(PathBuf::as_path).collect();
        output::check(self.output.as_deref(), &read, false)?;
        let (texts, skipped) = match &self.target {
            Some(target) => (vec![self.texts(target, context)?], 0),
            None => self.pairs()?,
        };
        if skipped > 0 {
            let skipped = counted(skipped, "pair");
            context.ui.note(format!("left out {skipped} without text in English and Korean"));
        }
        let pairs: Vec<(&str, &str)> = match (&self.target, &texts[..]) {
            (Some(_), [(english, korean)]) => extraction::aligned(english, korean),
            _ => texts.iter().map(|(english, korean)| (&**english, &**korean)).collect(),
        };
        let known = match context.existing_desk() {
            Some(desk) => desk.terms()?,
            None => Vec::new(),
        };
        let is_new = |term: &Term| {
            let lower = term.source.to_lowercase();
            !known.iter().any(|other| {
                other.source.to_lowercase() == lower || other.target.to_lowercase() == lower
            })
        };
        let candidates = extraction::candidates(&pairs);
        let terms: Vec<Term> =
            candidates.iter().map(extraction::Candidate::term).filter(is_new).collect();
        let name = self.output.as_deref().unwrap_or(Path::new("terms.tsv"));
        let text = glossary::written(&terms, &name.display().to_string())?;
        output::write(self.output.as_deref(), &text)?;
        let (found, read) = (counted(terms.len(), "candidate"), counted(pairs.len(), "pair"));
        context.ui.note(format!("{found} from {read}"));
        Ok(Exit::Done)
    }

    /// A text and its translation.
    fn texts(&self, target: &Path, context: &Context) -> Result<Texts> {
        let pipe = Path::new("-");
        if self.source == pipe && target == pipe {
            bail!("standard input can be read only once, but is named twice");
        }
        let read = |path: &Path| -> Result<String> {
            Ok(task::read(Some(path), self.encoding, context)?.article())
        };
        let (source, translation) = (read(&self.source)?, read(target)?);
        match (Language::detect(&source), Language::detect(&translation)) {
            (Some(Language::English), Some(Language::Korean)) => Ok((source, translation)),
            (Some(Language::Korean), Some(Language::English)) => Ok((translation, source)),
            (Some(language), Some(_)) => {
                let name = language.name();
                bail!("both files are in {name}; give a text and its translation")
            }
            _ => bail!("one of the files has no words in English or Korean"),
        }
    }

    /// The pairs of a file that are in English and Korean, and how many could not be read.
    fn pairs(&self) -> Result<(Vec<Texts>, usize)> {
        let name = self.source.display().to_string();
        let source: Box<dyn std::io::Read + Send> = if self.source == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            let file = std::fs::File::open(&self.source);
            Box::new(file.map_err(|e| Error::io("read", &self.source, e))?)
        };
        let source =
            self.encoding.decoded(source).map_err(|e| Error::io("read", &self.source, e))?;
        let (mut texts, mut skipped) = (Vec::new(), 0);
        for pair in formats::pairs(source, &name, PairLanguages::default())? {
            let Ok(pair) = pair else {
                skipped += 1;
                continue;
            };
            match pair.from.or_else(|| Language::detect(&pair.source)) {
                Some(Language::English) => texts.push((pair.source, pair.output)),
                Some(Language::Korean) => texts.push((pair.output, pair.source)),
                None => skipped += 1,
            }
        }
        if texts.is_empty() {
            bail!("{name} holds no pairs; give a text and its translation, or a file of pairs");
        }
        Ok((texts, skipped))
    }
}

/// A number with its noun: "1 pair", "2 pairs".
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
