//! `malmoi memory`: inspect, search, exchange and purge the desk's translation memory.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use malmoi::checks::CheckOptions;
use malmoi::desk::{
    Change, Desk, Filter, Kept, LEAST_LIKENESS, Match, Origin, Unit, Written, difference,
};
use malmoi::formats::PairLanguages;
use malmoi::formats::pairs::{self, ExchangeFormat, UnitWriter};
use malmoi::semantic::{self, LEAST_MEANING};
use malmoi::{Error, Language, LanguagePair};
use serde_json::json;

use super::task_args;
use crate::context::Context;
use crate::encoder;
use crate::exit::Exit;
use crate::output;

/// Search, exchange and purge the translation memory
#[derive(Args)]
#[command(after_help = "Examples:\n  malmoi memory import archive.tmx\n  \
    malmoi memory similar \"The council approved the budget.\" --to ko\n  \
    malmoi memory add \"The port reopened.\" \"항구가 다시 열렸다.\"\n  \
    malmoi memory export memory.tmx --origin confirmed\n  malmoi memory purge --origin machine")]
pub(crate) struct Memory {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show the number of units, and the file
    Stats,
    /// Show units with words in source or translation, the latest first, then units that mean the
    /// same
    Search {
        /// The words
        words: Option<String>,
        #[command(flatten)]
        choice: Choice,
        /// Units to show
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
    },
    /// Show the units that are most like a text, and where they differ; then those that mean the
    /// same
    Similar {
        /// The text
        text: String,
        /// Language of the translation: en or ko [default: the other one]
        #[arg(long, value_name = "LANGUAGE")]
        to: Option<String>,
        /// Least likeness, in percent; 0 shows the nearest however far
        #[arg(long, value_name = "PERCENT", default_value_t = LEAST_LIKENESS, value_parser = clap::value_parser!(u8).range(0..=100))]
        least: u8,
        /// Units to show
        #[arg(long, value_name = "N", default_value_t = 5)]
        limit: usize,
    },
    /// Add a translation, confirmed by you
    Add {
        /// The source
        source: String,
        /// Its translation
        translation: String,
        /// A note
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Add the units of a file: TMX, XLIFF, TSV or JSON lines
    Import {
        /// The file
        file: PathBuf,
        /// Language of the sources, where the file does not say: en or ko
        #[arg(long, value_name = "LANGUAGE")]
        from: Option<String>,
        /// The translations were confirmed by a person
        #[arg(long)]
        confirmed: bool,
    },
    /// Write units to a file: .tmx, .xliff or .tsv
    Export {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        choice: Choice,
    },
    /// Remove units for good
    Purge {
        /// Only units with these words
        words: Option<String>,
        #[command(flatten)]
        choice: Choice,
        /// Remove everything
        #[arg(long)]
        all: bool,
    },
    /// Prepare the units for search by meaning, with an encoder of sentences
    Index,
    /// Add the units and terms of another memory
    Merge {
        /// Its file
        file: PathBuf,
    },
}

/// A choice of units.
#[derive(Args)]
struct Choice {
    /// Only units with sources in this language: en or ko
    #[arg(long, value_name = "LANGUAGE")]
    from: Option<String>,
    /// Only units of this origin: machine, imported or confirmed
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    origin: Option<Origin>,
    /// Only units by this model or person
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only units last changed more than this number of days ago
    #[arg(long, value_name = "DAYS")]
    older: Option<u32>,
}

fn origin(word: &str) -> Result<Origin, String> {
    Origin::parse(word).ok_or_else(|| "expected machine, imported or confirmed".to_string())
}

impl Choice {
    fn filter(&self, words: Option<&str>) -> Result<Filter> {
        const DAY: i64 = 24 * 60 * 60;
        let from = self.from.as_deref().map(task_args::language).transpose()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(Filter {
            languages: from.map(|from| LanguagePair { from, to: from.other() }),
            origin: self.origin,
            by: self.by.clone(),
            words: words.map(str::to_string),
            changed_before: self.older.map(|days| now as i64 - i64::from(days) * DAY),
        })
    }
}

impl Memory {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let Some(path) = context.settings.desk() else {
            bail!("the memory is switched off: the setting `desk` is `off`");
        };
        let desk = Desk::open(&path)?;
        match self.action {
            Action::Stats => stats(&desk, context)?,
            Action::Search { words, choice, limit } => {
                search(&desk, words.as_deref(), &choice, limit, context)?;
            }
            Action::Similar { text, to, least, limit } => {
                similar(&desk, &text, to.as_deref(), least, limit, context)?;
            }
            Action::Add { source, translation, note } => {
                add(&desk, &source, &translation, note, context)?;
            }
            Action::Import { file, from, confirmed } => {
                import(&desk, &file, from.as_deref(), confirmed, context)?;
            }
            Action::Export { file, choice } => {
                export(&desk, &file, &choice.filter(None)?, context)?
            }
            Action::Purge { words, choice, all } => {
                let filter = choice.filter(words.as_deref())?;
                if filter == Filter::default() && !all {
                    bail!("name the units to remove, or remove everything with --all");
                }
                let removed = desk.purge(&filter)?;
                context.ui.note(format!("removed {}", units(removed)));
            }
            Action::Index => index(&desk, context)?,
            Action::Merge { file } => {
                let kept = desk.merge(&file)?;
                let terms = desk.add_terms(&Desk::open(&file)?.terms()?)?;
                report(kept, context);
                context.ui.note(format!("{terms} new terms"));
            }
        }
        Ok(Exit::Done)
    }
}

fn units(count: u64) -> String {
    format!("{count} {}", if count == 1 { "unit" } else { "units" })
}

fn stats(desk: &Desk, context: &Context) -> Result<()> {
    let stats = desk.stats()?;
    let terms = desk.terms()?.len();
    if context.json {
        let line = json!({
            "file": desk.path(), "read_only": desk.is_read_only(), "bytes": stats.bytes,
            "units": stats.units, "terms": terms,
        });
        return output::print(&format!("{line}\n"));
    }
    let mut text = String::new();
    for (direction, origin, count) in &stats.units {
        text += &format!("{direction}  {origin:<9}  {count}\n");
    }
    text += &format!("{terms} terms\n");
    let access = if desk.is_read_only() { ", read only" } else { "" };
    text += &format!("{} ({} KB{access})\n", desk.path().display(), stats.bytes.div_ceil(1000));
    output::print(&text)
}

/// Shows a unit, and the cosine of one that was found by meaning.
fn show(unit: &Unit, meaning: Option<f32>, context: &Context) -> Result<()> {
    if context.json {
        let mut line = serde_json::to_value(unit)?;
        if let Some(cosine) = meaning {
            line["meaning"] = json!(cosine);
        }
        return output::print(&format!("{line}\n"));
    }
    let meaning = meaning.map(|cosine| format!("by meaning {cosine:.2}, ")).unwrap_or_default();
    let by = unit.by.as_ref().map(|by| format!(", {by}")).unwrap_or_default();
    let note = unit.note.as_ref().map(|note| format!("\n  ({note})")).unwrap_or_default();
    let (source, target) = (&unit.source, &unit.target);
    output::print(&format!("{meaning}{}{by}\n  {source}\n  {target}{note}\n", unit.origin.as_str()))
}

fn search(
    desk: &Desk,
    words: Option<&str>,
    choice: &Choice,
    limit: usize,
    context: &Context,
) -> Result<()> {
    let filter = choice.filter(words)?;
    let units = desk.search(&filter, limit)?;
    units.iter().try_for_each(|unit| show(unit, None, context))?;
    let mut is_empty = units.is_empty();
    if let Some(words) = words
        && let Some(from) = Language::detect(words)
    {
        let languages = LanguagePair { from, to: from.other() };
        let left = limit.saturating_sub(units.len());
        for one in by_meaning(desk, languages, words, limit, context)?.into_iter().take(left) {
            let unit = if one.reversed { one.unit.turned_around() } else { one.unit };
            if filter.admits(&unit) && !units.contains(&unit) {
                is_empty = false;
                show(&unit, one.meaning, context)?;
            }
        }
    }
    if is_empty {
        context.ui.note("no unit has these words");
    }
    Ok(())
}

/// Units that mean what a text means; none without an encoder. Says what is missing.
fn by_meaning(
    desk: &Desk,
    languages: LanguagePair,
    text: &str,
    limit: usize,
    context: &Context,
) -> Result<Vec<Match>> {
    let options = with_encoder(context)?;
    if options.encoder.is_none() {
        encoder::note_absence(context);
    } else if !semantic::is_indexed(desk, &options) {
        encoder::note_missing_index(context);
    }
    let (origin, least) = (Origin::Machine, LEAST_MEANING);
    Ok(semantic::similar(desk, &options, languages, text, origin, least, limit)?)
}

fn index(desk: &Desk, context: &Context) -> Result<()> {
    let options = with_encoder(context)?;
    let Some(encoder) = &options.encoder else {
        bail!(
            "no encoder of sentences is installed: `malmoi models pull e5-small` brings one, 72 MB"
        );
    };
    let status = context.ui.status("reading the memory");
    let added = semantic::index(desk, &options, &mut |count| {
        status.set(&format!("{count} texts prepared"));
    })?;
    drop(status);
    let all = desk.indexed(encoder.name())?;
    context.ui.note(format!("{added} texts prepared for search by meaning, {all} in all"));
    Ok(())
}

/// Options of the checks with the encoder of `--meaning`.
fn with_encoder(context: &Context) -> Result<CheckOptions> {
    let mut options = CheckOptions::default();
    options.encoder = encoder::encoder(context)?;
    Ok(options)
}

fn similar(
    desk: &Desk,
    text: &str,
    to: Option<&str>,
    least: u8,
    limit: usize,
    context: &Context,
) -> Result<()> {
    let from = match to.map(task_args::language).transpose()? {
        Some(to) => to.other(),
        None => Language::of_article(text)?,
    };
    let languages = LanguagePair { from, to: from.other() };
    let mut found = desk.similar(languages, text, Origin::Machine, least, limit)?;
    let by_meaning = by_meaning(desk, languages, text, limit, context)?;
    let is_new = |one: &Match| found.iter().all(|other| other.unit != one.unit);
    let by_meaning: Vec<Match> = by_meaning.into_iter().filter(is_new).collect();
    found.extend(by_meaning);
    for one in &found {
        let changes = difference(&one.unit.source, text);
        if context.json {
            let line = json!({"match": one, "difference": changes});
            output::print(&format!("{line}\n"))?;
            continue;
        }
        let (origin, target) = (one.unit.origin.as_str(), &one.unit.target);
        let reversed = if one.reversed { ", other direction" } else { "" };
        let (likeness, shown) = match one.meaning {
            Some(cosine) => (format!("by meaning {cosine:.2}"), one.unit.source.clone()),
            None => (format!("{} %", one.percent), marked(&changes)),
        };
        output::print(&format!("{likeness} ({origin}{reversed})\n  {shown}\n  {target}\n"))?;
    }
    if found.is_empty() {
        let none = match least {
            0 => "no unit shares a word with this text".to_string(),
            _ => format!("no unit is {least} % like this text"),
        };
        context.ui.note(none);
    }
    Ok(())
}

/// The difference in one line: words of the unit that the text lacks as [-words-], words of the
/// text that the unit lacks as {+words+}.
fn marked(changes: &[Change]) -> String {
    let mark = |change: &Change| match change.kind {
        "removed" => format!("[-{}-]", change.text),
        "added" => format!("{{+{}+}}", change.text),
        _ => change.text.clone(),
    };
    changes.iter().map(mark).collect()
}

fn add(
    desk: &Desk,
    source: &str,
    translation: &str,
    note: Option<String>,
    context: &Context,
) -> Result<()> {
    let from = Language::of_article(source)?;
    let to = Language::of_article(translation)?;
    if from == to {
        return Err(Error::SameLanguage { language: from.name() }.into());
    }
    let unit = Unit::new(LanguagePair { from, to }, source, translation, Origin::Confirmed);
    report(desk.keep([Unit { note, ..unit }.into()])?, context);
    Ok(())
}

fn import(
    desk: &Desk,
    path: &Path,
    from: Option<&str>,
    confirmed: bool,
    context: &Context,
) -> Result<()> {
    let from = from.map(task_args::language).transpose()?;
    let languages = PairLanguages { from, to: from.map(Language::other) };
    let file = std::fs::File::open(path).map_err(|error| Error::io("read", path, error))?;
    let name = path.display().to_string();
    let (mut unread, mut first) = (0, None);
    let units = pairs::units(file, &name, languages)?.filter_map(|unit| match unit {
        Ok(unit) => Unit::from_file(with_languages(unit), confirmed).map(Written::from),
        Err(unreadable) => {
            unread += 1;
            first.get_or_insert_with(|| format!("{} {}", unreadable.place, unreadable.reason));
            None
        }
    });
    let kept = desk.keep(units)?;
    report(kept, context);
    if let Some(first) = first {
        context.ui.note(format!("{unread} could not be read; the first: {first}"));
    }
    Ok(())
}

/// The unit with the language of its source, where the file does not say it.
fn with_languages(mut unit: pairs::Unit) -> pairs::Unit {
    if unit.source.language.is_empty() && unit.target.language.is_empty() {
        let language = Language::detect(&unit.source.text.text());
        unit.source.language = language.map(Language::code).unwrap_or_default().to_string();
    }
    unit
}

fn export(desk: &Desk, path: &Path, filter: &Filter, context: &Context) -> Result<()> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let extension = if extension == "xlf" { "xliff" } else { extension };
    let format = ExchangeFormat::named(extension);
    let from = filter.languages.map_or(Language::English, |languages| languages.from);
    let fail = |error| Error::io("write", path, error);
    if format.is_none() && extension != "tsv" {
        bail!("{} has none of the endings .tmx, .xliff, .tsv", path.display());
    }
    let mut out = BufWriter::new(std::fs::File::create(path).map_err(fail)?);
    let (mut count, mut left_out, mut without_words) = (0, 0, 0);
    match format {
        Some(format) => {
            let (from, to) = (from.code(), from.other().code());
            let mut writer = UnitWriter::new(out, format, from, to).map_err(fail)?;
            desk.for_each(filter, &mut |unit| writer.write(&unit.to_file()).map_err(fail))?;
            let written = writer.finish().map_err(fail)?;
            (count, left_out) = (written.units, written.left_out);
        }
        None => {
            // Tabs and line ends within a text become spaces. A text in quotation marks is quoted
            // again, or readers would take them for those of a spreadsheet.
            let cell = |text: &str| {
                let text = text.replace(['\t', '\n', '\r'], " ");
                let in_marks = text.starts_with('"') && text.ends_with('"');
                if in_marks { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
            };
            desk.for_each(filter, &mut |Unit { source, target, .. }| {
                if source.trim().is_empty() {
                    without_words += 1;
                    return Ok(());
                }
                count += 1;
                writeln!(out, "{}\t{}", cell(&source), cell(&target)).map_err(fail)
            })?;
            out.flush().map_err(fail)?;
        }
    }
    if left_out > 0 {
        let note = "the file holds one direction, chosen with --from";
        context.ui.note(format!("left out {} of the other direction: {note}", units(left_out)));
    }
    if without_words > 0 {
        let count = units(without_words);
        context.ui.note(format!("left out {count} of tags alone, which TMX and XLIFF keep"));
    }
    context.ui.note(format!("wrote {} to {}", units(count), path.display()));
    Ok(())
}

fn report(kept: Kept, context: &Context) {
    let Kept { added, changed, same } = kept;
    context.ui.note(format!("{} added, {changed} changed, {same} already there", units(added)));
}
