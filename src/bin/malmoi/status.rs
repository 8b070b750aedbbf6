//! One line that says what is under way. On a terminal it moves several times a second, whatever
//! happens; elsewhere it is a plain line after a second and every ten seconds, so that a log shows
//! a long job is alive and a short one says nothing.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use malmoi::Event;

use crate::output;

/// Where there is no terminal: a job shorter than this is not spoken of …
const FIRST: Duration = Duration::from_millis(900);
/// … and a longer one is this often.
const EVERY: Duration = Duration::from_secs(10);

/// What is under way; gone from the terminal when it is dropped.
pub(crate) struct Status {
    bar: ProgressBar,
    log: Option<Log>,
}

/// The thread that writes plain lines.
struct Log {
    shared: Arc<(Mutex<Said>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    text: String,
    ended: bool,
}

impl Status {
    /// Shows a text in a bar, or with `log` in plain lines.
    pub fn new(bar: ProgressBar, log: bool, text: &str) -> Self {
        bar.set_message(text.to_string());
        Self { bar, log: log.then(|| Log::start(text)) }
    }

    /// Says something else from now on.
    pub fn say(&self, text: &str) {
        self.bar.set_message(text.to_string());
        if let Some(log) = &self.log {
            log.lock().text = text.to_string();
        }
    }

    /// Clears the line while something else is written, which ends with a line's end.
    pub fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Nothing more is said: what is under way can be seen by other signs.
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
        let shared =
            Arc::new((Mutex::new(Said { text: text.to_string(), ended: false }), Condvar::new()));
        let theirs = shared.clone();
        let write = move || {
            let (said, changed) = &*theirs;
            let began = Instant::now();
            let (mut due, mut said) = (FIRST, said.lock().unwrap_or_else(PoisonError::into_inner));
            while !said.ended {
                let now = began.elapsed();
                if now >= due {
                    eprintln!("{} s: {}", now.as_secs().max(1), output::harmless(&said.text));
                    due = now + EVERY;
                }
                let wait = due.saturating_sub(began.elapsed());
                said = changed.wait_timeout(said, wait).unwrap_or_else(PoisonError::into_inner).0;
            }
        };
        // Without the thread nothing is lost but the lines.
        let thread = std::thread::Builder::new().name("malmoi-status".into()).spawn(write).ok();
        Self { shared, thread }
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
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

/// Makes sentences of a request's events.
pub(crate) struct Course {
    began: Instant,
    stage: &'static str,
}

impl Default for Course {
    fn default() -> Self {
        Self { began: Instant::now(), stage: "" }
    }
}

impl Course {
    /// What an event says about how far the work is.
    pub fn hear(&mut self, event: &Event) -> Option<String> {
        let Event::Progress { stage, done, segments, read, tokens, written } = *event else {
            return None;
        };
        if stage != self.stage {
            *self = Self { began: Instant::now(), stage };
        }
        let mut said = match stage {
            "summarize" => "summarizing".to_string(),
            "combine" => "putting the summaries of parts together".to_string(),
            "translate" => "translating".to_string(),
            other => other.to_string(),
        };
        if segments > 1 {
            said += &format!(", part {} of {segments}", segments.min(done + 1));
        }
        said += &match read < tokens {
            true => format!(": read {} of {} tokens", grouped(read), grouped(tokens)),
            false => format!(": read all {} tokens", grouped(tokens)),
        };
        if written > 0 {
            said += &format!(", wrote {}", grouped(written));
        }
        if let Some(left) = left(self.began.elapsed(), (done, segments), (read, tokens)) {
            said += &format!(", about {left} left");
        }
        Some(said)
    }
}

/// Seconds that remain, once a part is done: reading runs ahead of the work, finished parts lag
/// behind it.
fn left(
    took: Duration,
    (done, segments): (usize, usize),
    (read, tokens): (usize, usize),
) -> Option<String> {
    if done == 0 || done == segments || tokens == 0 {
        return None;
    }
    let share = f64::midpoint(done as f64 / segments as f64, read as f64 / tokens as f64);
    Some(lasting(took.as_secs_f64() * (1.0 - share) / share))
}

/// `40 s`, `4 min`, `3 h`: rounded up, as no estimate is better than that.
pub(crate) fn lasting(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 90.0 => format!("{:.0} s", (seconds / 5.0).ceil() * 5.0),
        seconds if seconds < 90.0 * 60.0 => format!("{:.0} min", (seconds / 60.0).ceil()),
        seconds => format!("{:.0} h", (seconds / 3600.0).ceil()),
    }
}

/// `12,400`.
fn grouped(number: usize) -> String {
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
        let mut course = Course::default();
        let mut said = |stage, done, segments, read, tokens, written| {
            course.hear(&Event::Progress { stage, done, segments, read, tokens, written }).unwrap()
        };
        assert_eq!(
            said("summarize", 0, 1, 3120, 7000, 0),
            "summarizing: read 3,120 of 7,000 tokens"
        );
        assert_eq!(
            said("summarize", 0, 1, 7000, 7000, 45),
            "summarizing: read all 7,000 tokens, wrote 45"
        );
        let third = said("translate", 2, 9, 12_400, 32_000, 310);
        assert!(
            third.starts_with(
                "translating, part 3 of 9: read 12,400 of 32,000 tokens, wrote 310, about "
            ),
            "{third}"
        );
        let last = said("translate", 9, 9, 32_000, 32_000, 999);
        assert_eq!(last, "translating, part 9 of 9: read all 32,000 tokens, wrote 999");
        assert_eq!(course.hear(&Event::Stage { stage: "translate", segments: 1 }), None);
    }

    #[test]
    fn what_is_left_is_rounded_up() {
        assert_eq!(left(Duration::from_secs(60), (1, 4), (50, 100)), Some("2 min".into()));
        assert_eq!(left(Duration::from_secs(60), (0, 4), (50, 100)), None);
        assert_eq!([4.0, 61.0, 91.0, 7000.0].map(lasting), ["5 s", "65 s", "2 min", "2 h"]);
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
