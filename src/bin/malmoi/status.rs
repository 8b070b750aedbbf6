//! The status line. A terminal shows a bar that moves several times per second; otherwise plain
//! lines are written after one second and then every ten seconds, so that a log shows that a long
//! job is alive and short jobs add nothing to it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use malmoi::Event;

use crate::output;

/// Time before the first plain line.
const FIRST_LINE: Duration = Duration::from_millis(900);
/// Interval between plain lines.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// A status line, cleared from the terminal on drop.
pub(crate) struct Status {
    bar: ProgressBar,
    log: Option<Log>,
}

/// The thread that writes plain lines.
struct Log {
    shared: Arc<(Mutex<StatusState>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct StatusState {
    text: String,
    ended: bool,
}

impl Status {
    /// Shows a text in a bar, or with `log` in plain lines.
    pub fn new(bar: ProgressBar, log: bool, text: &str) -> Self {
        bar.set_message(text.to_string());
        Self { bar, log: log.then(|| Log::start(text)) }
    }

    /// Changes the text.
    pub fn set(&self, text: &str) {
        self.bar.set_message(text.to_string());
        if let Some(log) = &self.log {
            log.lock().text = text.to_string();
        }
    }

    /// Clears the line while `write` prints something that ends with a newline.
    pub fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Ends the status line.
    pub fn end(&self) {
        self.bar.finish_and_clear();
        if let Some(log) = &self.log {
            log.end();
        }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.end();
    }
}

impl Log {
    fn start(text: &str) -> Self {
        let state = StatusState { text: text.to_string(), ended: false };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let thread_shared = shared.clone();
        let write_lines = move || {
            let (state, changed) = &*thread_shared;
            let began = Instant::now();
            let mut due = FIRST_LINE;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            while !state.ended {
                let now = began.elapsed();
                if now >= due {
                    eprintln!("{} s: {}", now.as_secs().max(1), output::harmless(&state.text));
                    due = now + LINE_INTERVAL;
                }
                let wait = due.saturating_sub(began.elapsed());
                state = changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
            }
        };
        // Without the thread only these lines are missing.
        let thread =
            std::thread::Builder::new().name("malmoi-status".into()).spawn(write_lines).ok();
        Self { shared, thread }
    }

    fn lock(&self) -> MutexGuard<'_, StatusState> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().ended = true;
        self.shared.1.notify_all();
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Describes the progress of a request in words.
pub(crate) struct ProgressText {
    began: Instant,
    stage: &'static str,
}

impl Default for ProgressText {
    fn default() -> Self {
        Self { began: Instant::now(), stage: "" }
    }
}

impl ProgressText {
    /// The text for an event; `None` for events other than [`Event::Progress`].
    pub fn update(&mut self, event: &Event) -> Option<String> {
        let Event::Progress { stage, done, segments, read, tokens, written } = *event else {
            return None;
        };
        if stage != self.stage {
            *self = Self { began: Instant::now(), stage };
        }
        let mut text = match stage {
            "summarize" => "summarizing".to_string(),
            "combine" => "combining the summaries of parts".to_string(),
            "translate" => "translating".to_string(),
            other => other.to_string(),
        };
        if segments > 1 {
            text += &format!(", part {} of {segments}", segments.min(done + 1));
        }
        text += &if read < tokens {
            format!(": read {} of {} tokens", grouped(read), grouped(tokens))
        } else {
            format!(": read all {} tokens", grouped(tokens))
        };
        if written > 0 {
            text += &format!(", wrote {}", grouped(written));
        }
        if let Some(left) = time_left(self.began.elapsed(), (done, segments), (read, tokens)) {
            text += &format!(", about {left} left");
        }
        Some(text)
    }
}

/// Estimated time left, once a part is done. The fraction done is the mean of the fractions of
/// parts and of tokens read, because reading runs ahead of the work and finished parts lag behind.
fn time_left(
    elapsed: Duration,
    (done, segments): (usize, usize),
    (read, tokens): (usize, usize),
) -> Option<String> {
    if done == 0 || done == segments || tokens == 0 {
        return None;
    }
    let fraction = f64::midpoint(done as f64 / segments as f64, read as f64 / tokens as f64);
    Some(rounded_duration(elapsed.as_secs_f64() * (1.0 - fraction) / fraction))
}

/// A duration rounded up to the precision of an estimate: `40 s`, `4 min`, `3 h`.
pub(crate) fn rounded_duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 90.0 => format!("{:.0} s", (seconds / 5.0).ceil() * 5.0),
        seconds if seconds < 90.0 * 60.0 => format!("{:.0} min", (seconds / 60.0).ceil()),
        seconds => format!("{:.0} h", (seconds / 3600.0).ceil()),
    }
}

/// A number with thousands separators: `12,400`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_sentence() {
        let mut progress = ProgressText::default();
        let mut text = |stage, done, segments, read, tokens, written| {
            progress
                .update(&Event::Progress { stage, done, segments, read, tokens, written })
                .unwrap()
        };
        assert_eq!(
            text("summarize", 0, 1, 3120, 7000, 0),
            "summarizing: read 3,120 of 7,000 tokens"
        );
        assert_eq!(
            text("summarize", 0, 1, 7000, 7000, 45),
            "summarizing: read all 7,000 tokens, wrote 45"
        );
        let third = text("translate", 2, 9, 12_400, 32_000, 310);
        assert!(
            third.starts_with(
                "translating, part 3 of 9: read 12,400 of 32,000 tokens, wrote 310, about "
            ),
            "{third}"
        );
        let last = text("translate", 9, 9, 32_000, 32_000, 999);
        assert_eq!(last, "translating, part 9 of 9: read all 32,000 tokens, wrote 999");
        assert_eq!(progress.update(&Event::Stage { stage: "translate", segments: 1 }), None);
    }

    #[test]
    fn the_time_left_is_rounded_up() {
        assert_eq!(time_left(Duration::from_secs(60), (1, 4), (50, 100)), Some("2 min".into()));
        assert_eq!(time_left(Duration::from_secs(60), (0, 4), (50, 100)), None);
        assert_eq!(
            [4.0, 61.0, 91.0, 7000.0].map(rounded_duration),
            ["5 s", "65 s", "2 min", "2 h"]
        );
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
