//! Standard error: notes, progress, findings and errors. Colors and progress bars only appear on a
//! terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use malmoi::batch::BatchProgress;
use malmoi::store::StoreEvent;
use malmoi::{Language, Outcome, Severity};

use crate::status::{Status, rounded_duration};
use crate::{findings, hints, output};

/// Interval between lines about a batch's progress without a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Standard error, silent with `--quiet`.
#[derive(Clone, Copy)]
pub(crate) struct Ui {
    quiet: bool,
    /// Language of findings.
    pub messages: Language,
}

impl Ui {
    pub fn new(quiet: bool, messages: Language) -> Self {
        Self { quiet, messages }
    }

    /// The same, silent.
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Prints a line, unless `--quiet`.
    pub fn note(self, text: impl AsRef<str>) {
        if !self.quiet {
            eprintln!("{}", output::harmless(text.as_ref()));
        }
    }

    /// Prints a line about something that failed, even with `--quiet`.
    pub fn error(self, text: impl AsRef<str>) {
        eprintln!("{}", output::harmless(text.as_ref()));
    }

    /// Prints the findings of an outcome, or with `--quiet` their number.
    pub fn findings(self, outcome: &Outcome, all: bool) {
        if self.quiet {
            match outcome.findings.iter().filter(|finding| finding.is_doubt()).count() {
                0 => {}
                1 => eprintln!("1 point to check; run without --quiet to read it"),
                count => eprintln!("{count} points to check; run without --quiet to read them"),
            }
            return;
        }
        for findings::FindingLine { severity, text } in findings::lines(outcome, all, self.messages)
        {
            let mark = match severity {
                Some(Severity::Critical) => colored("! ", RED),
                Some(Severity::Major | Severity::Minor) => colored("! ", YELLOW),
                None => String::new(),
            };
            eprintln!("{mark}{}", output::harmless(&text));
        }
    }

    /// True if progress bars are drawn.
    fn draws(self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// True if plain lines take the place of progress bars.
    pub fn logs(self) -> bool {
        !self.quiet && !self.draws()
    }

    /// Shows a status line until it is dropped.
    pub fn status(self, text: &str) -> Status {
        Status::new(self.bar("{spinner} {elapsed} {wide_msg}"), self.logs(), text)
    }

    /// A callback that shows a download: a bar on a terminal, plain lines otherwise.
    pub fn pull(self) -> impl FnMut(StoreEvent) {
        let bar =
            self.bar("{spinner} {bytes} of {total_bytes} {bar:30} {bytes_per_sec}, {eta} left");
        move |event| {
            match event {
            StoreEvent::License { model, license } => {
                self.note(format!("{model}: license {license}"))
            }
            StoreEvent::Waiting { model } => {
                self.note(format!("waiting for another process that is downloading {model}"))
            }
            StoreEvent::Unlocked { model, reason } => self.note(format!(
                "the cache cannot be locked ({reason}): do not download {model} twice at the same time"
            )),
            StoreEvent::Damaged { path, reason } => {
                self.note(format!("{reason}; it will be fetched again ({})", path.display()));
            }
            StoreEvent::Retry { reason, seconds } => {
                self.note(format!("{reason}; trying again in {seconds} s"))
            }
            StoreEvent::Source { source } => self.note(format!("asking {source}")),
            StoreEvent::SourceFailed { source, error } => {
                bar.finish_and_clear();
                self.note(format!("{source} failed: {error}"));
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
                let state = if pinned { "verified and installed" } else { "installed, unpinned" };
                self.note(format!("{state}: {}", path.display()));
            }
            _ => {}
        }
        }
    }

    /// A callback that shows a batch: a status line on a terminal, a plain line every ten seconds
    /// otherwise, and with `json` an object per second.
    pub fn progress(self, json: bool) -> impl FnMut(&BatchProgress) {
        let bar = self.bar("{spinner} {elapsed} {wide_msg}");
        bar.set_message("reading the inputs");
        let interval = if json { Duration::from_secs(1) } else { LINE_INTERVAL };
        let mut due = if json { Duration::ZERO } else { Duration::from_millis(900) };
        let began = Instant::now();
        move |progress| {
            if self.draws() {
                bar.set_message(progress_line(progress));
            }
            let now = began.elapsed();
            if now < due {
                return;
            }
            due = now + interval;
            if json {
                let line = serde_json::json!({"event": "progress", "progress": progress});
                // The work continues even if the pipe is closed.
                let _ = output::print(&format!("{line}\n"));
            } else if self.logs() {
                self.note(format!("{} s: {}", now.as_secs().max(1), progress_line(progress)));
            }
        }
    }

    /// A progress bar, hidden without a terminal.
    pub fn bar(self, template: &str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(
            None,
            if self.draws() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
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

/// Progress in a line: "12 done, 1 failed, 47 waiting; 3.1 articles/min, 52 tokens/s, about 15 min
/// left".
fn progress_line(progress: &BatchProgress) -> String {
    let BatchProgress { counts, waiting, left, complete, read, written, seconds } = progress;
    let settled = counts.done + counts.failed;
    let mut line = format!("{} done", counts.done);
    if counts.failed + counts.unreadable > 0 {
        line += &format!(", {} failed", counts.failed + counts.unreadable);
    }
    line += &format!(", {waiting}{} waiting", if *complete { "" } else { " or more" });
    if read + written > 0 {
        line += &format!(", {read} tokens read, {written} written");
    }
    if settled > 0 && *seconds > 0.0 {
        let rate = settled as f64 / seconds;
        line += &format!(
            "; {:.1} articles/min, {:.0} tokens/s",
            rate * 60.0,
            *written as f64 / seconds
        );
        if let Some(left) = left.filter(|_| *complete) {
            line += &format!(", about {} left", rounded_duration(left));
        }
    }
    line
}

/// Prints an error, its causes and a hint.
pub(crate) fn report_error(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let mut message = String::new();
    for cause in causes {
        // Many errors include their cause.
        if !message.contains(&cause) {
            message = if message.is_empty() { cause } else { format!("{message}: {cause}") };
        }
    }
    eprintln!("{} {}", colored("error:", RED), output::harmless(&message));
    if let Some(hint) = hints::hint(error) {
        eprintln!("{} {}", colored("hint:", GREEN), output::harmless(&hint));
    }
}

/// Sets the size of rayon's pool, in which the library computes.
pub(crate) fn start_threads(requested: usize, ui: Ui) -> anyhow::Result<()> {
    // More threads than processors would only wait for each other.
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    if requested > available {
        ui.note(format!("{requested} threads requested; using {available}, one per processor"));
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(requested.min(available))
        .build_global()
        .context("cannot start threads")
}

/// Makes a panic say that it is a bug of malmoi. Panics of the `tokenizers` library on malformed
/// files stay silent: they are caught and become errors.
pub(crate) fn explain_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|place| place.file().contains("tokenizers")) {
            eprintln!(
                "{} this is a bug in malmoi, not in your input; please report the following",
                colored("error:", RED)
            );
            usual(panic);
        }
    }));
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;

/// A word in color on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
fn colored(word: &str, color: u8) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stderr().is_terminal() && !plain {
        format!("\x1b[{color};1m{word}\x1b[0m")
    } else {
        word.to_string()
    }
}
