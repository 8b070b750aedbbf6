//! What goes to standard error: notes, progress, findings, complaints. Colour and bars only on a
//! terminal that wants them.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use malmoi::batch::Progress;
use malmoi::store::StoreEvent;
use malmoi::{Outcome, Severity};

use crate::status::{Status, rounded_duration};
use crate::{findings, hints, output};

/// How often a batch says how far it is where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// How talkative to be.
#[derive(Clone, Copy)]
pub(crate) struct Ui {
    quiet: bool,
}

impl Ui {
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// A line for the reader; silent with `--quiet`.
    pub fn note(self, text: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("{}", output::harmless(text.as_ref()));
        }
    }

    /// What there is to say about a result, doubts marked; with `--quiet` only how many doubts
    /// there are.
    pub fn findings(self, outcome: &Outcome, all: bool) {
        if self.quiet {
            match outcome.findings.iter().filter(|finding| finding.is_doubt()).count() {
                0 => {}
                1 => eprintln!("1 doubt; run without --quiet to read it"),
                count => eprintln!("{count} doubts; run without --quiet to read them"),
            }
            return;
        }
        for findings::Line { severity, text } in findings::lines(outcome, all) {
            let mark = match severity {
                Some(Severity::Critical) => mark("! ", RED),
                Some(Severity::Major | Severity::Minor) => mark("! ", YELLOW),
                None => String::new(),
            };
            eprintln!("{mark}{}", output::harmless(&text));
        }
    }

    fn draws(self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Whether plain lines say what a terminal would be shown.
    pub fn logs(self) -> bool {
        !self.quiet && !self.draws()
    }

    /// Says what is under way until it is dropped.
    pub fn status(self, text: &str) -> Status {
        Status::new(self.bar("{spinner} {elapsed} {wide_msg}"), self.logs(), text)
    }

    /// Watches a pull: a bar on a terminal, single lines elsewhere.
    pub fn pull(self) -> impl FnMut(StoreEvent) {
        let bar =
            self.bar("{spinner} {bytes} of {total_bytes} {bar:30} {bytes_per_sec}, {eta} left");
        move |event| match event {
            StoreEvent::Licence { model, licence } => {
                self.note(format!("{model}: licence {licence}"))
            }
            StoreEvent::Waiting { model } => {
                self.note(format!("{model} is being pulled by another process; waiting"))
            }
            StoreEvent::Unlocked { model, reason } => self.note(format!(
                "the cache cannot be locked ({reason}): do not pull {model} twice at the same time"
            )),
            StoreEvent::Damaged { path, reason } => {
                self.note(format!("{reason}; it is fetched again ({})", path.display()));
            }
            StoreEvent::Retry { reason, seconds } => {
                self.note(format!("{reason}; again in {seconds} s"))
            }
            StoreEvent::Source { source } => self.note(format!("asking {source}")),
            StoreEvent::SourceFailed { source, error } => {
                bar.finish_and_clear();
                self.note(format!("{source} did not give it: {error}"));
                if let Some(hint) = hints::of_store(&error) {
                    self.note(format!("hint: {hint}"));
                }
                bar.reset();
            }
            StoreEvent::Progress { done, total } => {
                bar.set_length(total.unwrap_or(0));
                bar.set_position(done);
            }
            StoreEvent::Installed { path, pinned } => {
                bar.finish_and_clear();
                let word = if pinned { "verified and installed" } else { "installed, unpinned" };
                self.note(format!("{word}: {}", path.display()));
            }
            _ => {}
        }
    }

    /// Watches a batch: a line that moves on a terminal, one every ten seconds elsewhere, for
    /// programs an object a second.
    pub fn progress(self, json: bool) -> impl FnMut(&Progress) {
        let bar = self.bar("{spinner} {elapsed} {wide_msg}");
        bar.set_message("reading the inputs");
        let every = if json { Duration::from_secs(1) } else { EVERY };
        let mut due = if json { Duration::ZERO } else { Duration::from_millis(900) };
        let began = Instant::now();
        move |progress| {
            if self.draws() {
                bar.set_message(how_far(progress));
            }
            let now = began.elapsed();
            if now < due {
                return;
            }
            due = now + every;
            if json {
                let line = serde_json::json!({"event": "progress", "progress": progress});
                // A reader that is gone changes nothing: the work goes on.
                let _ = output::print(&format!("{line}\n"));
            } else if self.logs() {
                self.note(format!("{} s: {}", now.as_secs().max(1), how_far(progress)));
            }
        }
    }

    pub fn bar(self, template: &str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(
            None,
            match self.draws() {
                true => ProgressDrawTarget::stderr(),
                false => ProgressDrawTarget::hidden(),
            },
        );
        if self.draws() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}

/// "12 done, 1 failed, 47 waiting; 3.1 articles a minute, 52 tokens a second, 15 min left".
fn how_far(progress: &Progress) -> String {
    let Progress { counts, waiting, left, complete, read, written, seconds } = progress;
    let settled = counts.done + counts.failed;
    let mut said = format!("{} done", counts.done);
    if counts.failed + counts.unreadable > 0 {
        said += &format!(", {} failed", counts.failed + counts.unreadable);
    }
    said += &format!(", {waiting}{} waiting", if *complete { "" } else { " or more" });
    if read + written > 0 {
        said += &format!(", {read} tokens read, {written} written");
    }
    if settled > 0 && *seconds > 0.0 {
        let rate = settled as f64 / seconds;
        said += &format!(
            "; {:.1} articles a minute, {:.0} tokens written a second",
            rate * 60.0,
            *written as f64 / seconds
        );
        if let Some(left) = left.filter(|_| *complete) {
            said += &format!(", about {} left", rounded_duration(left));
        }
    }
    said
}

/// Says what went wrong, why, and what to do.
pub(crate) fn report_error(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let mut said = String::new();
    for cause in causes {
        // Many errors name their cause already.
        if !said.contains(&cause) {
            said = if said.is_empty() { cause } else { format!("{said}: {cause}") };
        }
    }
    eprintln!("{} {}", mark("error:", RED), output::harmless(&said));
    if let Some(hint) = hints::hint(error) {
        eprintln!("{} {}", mark("hint:", GREEN), output::harmless(&hint));
    }
}

/// A panic is a bug of ours and says so; but for those of the `tokenizers` library over malformed
/// files, which are caught where they happen and become errors.
pub(crate) fn explain_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|place| place.file().contains("tokenizers")) {
            eprintln!(
                "{} this is a bug in malmoi, not in your input; please report what follows",
                mark("error:", RED)
            );
            usual(panic);
        }
    }));
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;

/// Colours a word for a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
fn mark(word: &str, colour: u8) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match std::io::stderr().is_terminal() && !plain {
        true => format!("\x1b[{colour};1m{word}\x1b[0m"),
        false => word.to_string(),
    }
}
