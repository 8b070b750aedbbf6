//! `malmoi glossary`: the desk's terms.

mod extract;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use malmoi::desk::Desk;
use malmoi::glossary::{self, GLOSSARY_FORMATS};
use malmoi::{Error, Term};

use crate::context::Context;
use crate::exit::Exit;
use crate::output;

/// Keep the desk's terms
#[derive(Args)]
#[command(after_help = format!("Examples:\n  malmoi glossary add harbour 항만 --forbid 포트\n  \
    malmoi glossary import terms.tbx\n  malmoi glossary list\n\nFormats: {}.", formats()))]
pub(crate) struct GlossaryCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a term, or change it
    Add {
        /// The term
        term: String,
        /// Its translation; without one the term stays as it is
        translation: Option<String>,
        /// A translation that is allowed as well
        #[arg(long, value_name = "WORD")]
        or: Vec<String>,
        /// A translation that is not allowed
        #[arg(long, value_name = "WORD")]
        forbid: Vec<String>,
        /// A note
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Show the terms
    List {
        /// Only terms with these letters
        words: Option<String>,
    },
    /// Add the terms of a file
    Import {
        /// The file: TSV, CSV or TBX
        file: PathBuf,
    },
    /// Write all terms to a file
    Export {
        /// The file: .tsv, .csv or .tbx
        file: PathBuf,
    },
    Extract(extract::Extract),
    /// Remove the terms with a source or a translation
    Remove {
        /// The word
        word: String,
    },
}

fn formats() -> String {
    let known: Vec<&str> = GLOSSARY_FORMATS.iter().map(|format| format.describe).collect();
    known.join("; ")
}

impl GlossaryCommand {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let desk = || match context.settings.desk() {
            Some(path) => Ok(Desk::open(path)?),
            None => bail!("the desk's glossary is switched off: the setting `desk` is `off`"),
        };
        match self.action {
            Action::Extract(command) => return command.run(context),
            Action::Add { term, translation, or, forbid, note } => {
                let keep = translation.is_none();
                let target = translation.unwrap_or_else(|| term.clone());
                let term = Term { alternatives: or, forbid, keep, note, ..Term::new(term, target) };
                report(desk()?.add_terms(&[term])?, context);
            }
            Action::List { words } => {
                let mut terms = desk()?.terms()?;
                let words = words.unwrap_or_default().to_lowercase();
                let has = |text: &str| text.to_lowercase().contains(&words);
                terms.retain(|term| has(&term.source) || term.renderings().any(has));
                terms.iter().try_for_each(|term| show(term, context))?;
                if terms.is_empty() {
                    context.ui.note("no such terms");
                }
            }
            Action::Import { file } => {
                let bytes = std::fs::read(&file).map_err(|e| Error::io("read", &file, e))?;
                let terms = Term::read(&bytes, &file.display().to_string())?;
                report(desk()?.add_terms(&terms)?, context);
            }
            Action::Export { file } => {
                let terms = desk()?.terms()?;
                let text = glossary::written(&terms, &file.display().to_string())?;
                output::write(Some(&file), &text)?;
                context.ui.note(format!("wrote {} terms to {}", terms.len(), file.display()));
            }
            Action::Remove { word } => {
                let removed = desk()?.remove_terms(&word)?;
                context.ui.note(format!(
                    "removed {removed} {}",
                    if removed == 1 { "term" } else { "terms" }
                ));
            }
        }
        Ok(Exit::Done)
    }
}

fn report(added: u64, context: &Context) {
    context.ui.note(format!("{added} new {}", if added == 1 { "term" } else { "terms" }));
}

fn show(term: &Term, context: &Context) -> Result<()> {
    if context.json {
        return output::print(&format!("{}\n", serde_json::to_string(term)?));
    }
    let targets: Vec<&str> = term.renderings().collect();
    let mut line = match term.keep {
        true => format!("{} (stays as it is)", term.source),
        false => format!("{} = {}", term.source, targets.join(" | ")),
    };
    if !term.forbid.is_empty() {
        line += &format!(", not {}", term.forbid.join(", "));
    }
    if let Some(note) = &term.note {
        line += &format!("  ({note})");
    }
    output::print(&format!("{line}\n"))
}
