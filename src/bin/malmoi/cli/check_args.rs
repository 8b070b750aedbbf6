//! Arguments of the checks, shared by all commands with results to check.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use malmoi::checks::{CheckOptions, Dismissals, Patterns};
use malmoi::{Error, Glossary, LearnedJudge, Register, Term};

use crate::context::Context;
use crate::encoder;

/// Options of the checks.
#[derive(Args)]
pub(super) struct CheckArgs {
    /// Style of Korean results, asked of the model and checked [default: the prompt's]
    #[arg(long, value_enum, value_name = "STYLE")]
    pub register: Option<KoreanRegister>,
    /// Model that judges results as well: MiniCheck for English summaries, MetricX for translations
    #[arg(long, value_name = "MODEL")]
    pub judge: Option<String>,
    /// Model that estimates the quality of translations without a reference: auto (the encoder of
    /// --meaning), off, or a COMET model
    #[arg(long, value_name = "MODEL", default_value = "auto")]
    pub estimate: String,
    /// Estimate below which a translation is a finding, on the scale of the COMET model
    #[arg(long, value_name = "NUMBER", default_value_t = -1.0, allow_negative_numbers = true)]
    pub estimate_below: f32,
    /// Findings that are no errors, as `malmoi check --dismiss` writes them [default:
    /// malmoi/dismissed.jsonl in the configuration folder]
    #[arg(long, value_name = "FILE")]
    pub dismissed: Option<PathBuf>,
    /// Glossary: terms with their required translations, in TSV, CSV or TBX (see docs/terms.md)
    #[arg(long, value_name = "FILE")]
    pub glossary: Option<PathBuf>,
    /// File of rules of your own: patterns, key terms, forbidden words (see docs/patterns.md)
    #[arg(long, value_name = "FILE")]
    pub checks: Option<PathBuf>,
}

impl CheckArgs {
    /// The file of dismissed findings, which may be absent.
    pub fn dismissals(&self, context: &Context) -> PathBuf {
        let usual = || context.settings.file().with_file_name("dismissed.jsonl");
        self.dismissed.clone().unwrap_or_else(usual)
    }

    /// The terms of `--glossary`.
    pub fn given_glossary(&self) -> Result<Glossary> {
        let Some(path) = &self.glossary else { return Ok(Glossary::default()) };
        let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
        Ok(Term::read(&bytes, &path.display().to_string())?.into())
    }

    /// Downloads the models that are named, if they are not there; returns all that the options
    /// are read from.
    pub fn prepare(&self, context: &Context) -> Result<Vec<PathBuf>> {
        let mut read = vec![self.dismissals(context)];
        read.extend(self.glossary.clone());
        read.extend(self.checks.clone());
        let is_model = |name: &&String| !["auto", "off", "false"].contains(&&***name);
        for name in self.judge.iter().chain(Some(&self.estimate).filter(is_model)) {
            read.push(context.resolver().prepare_named(name)?);
        }
        Ok(read)
    }

    /// The options, with the models they name opened.
    pub fn options(&self, context: &Context) -> Result<CheckOptions> {
        let mut options = CheckOptions::default();
        options.dismissed = Dismissals::read(&self.dismissals(context))?;
        options.register = self.register.map(Register::from);
        options.encoder = encoder::encoder(context)?;
        if let Some(name) = &self.judge {
            let model = context.resolver().judge(name)?;
            options.judge = Some(Arc::new(LearnedJudge::new(model)?));
        }
        options.estimation = encoder::estimation(context, &self.estimate, self.estimate_below)?;
        if let Some(path) = self.checks.clone().or_else(|| context.settings.checks()) {
            let bytes = std::fs::read(&path).map_err(|e| Error::io("read", &path, e))?;
            let patterns = Patterns::read(&bytes, &path.display().to_string())?;
            options.patterns = Some(Arc::new(patterns));
        }
        options.glossary = self.given_glossary()?;
        if let Some(desk) = context.existing_desk() {
            // Terms of the command come before those of the desk.
            options.glossary = options.glossary.with(&desk.terms()?);
        }
        Ok(options)
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum KoreanRegister {
    /// 한다체, as in newspapers: 밝혔다
    Handa,
    /// 합니다체, as newsreaders speak: 밝혔습니다
    Hamnida,
    /// 해요체, as in newsletters: 밝혔어요
    Haeyo,
}

impl From<KoreanRegister> for Register {
    fn from(register: KoreanRegister) -> Self {
        match register {
            KoreanRegister::Handa => Self::Handa,
            KoreanRegister::Hamnida => Self::Hamnida,
            KoreanRegister::Haeyo => Self::Haeyo,
        }
    }
}
