//! Where results go: standard output, or a file that appears whole or not at all.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Marks that the other end of a pipe was closed, which is no failure.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the output went away")]
struct ReaderLeft;

pub(crate) fn reader_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ReaderLeft>().is_some()
}

/// A text without the characters a terminal obeys instead of showing: C0 and C1 controls but tab and line
/// feed, line separators, and the marks that change the direction of letters.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| match c {
        '\n' | '\t' => false,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        c => c.is_control(),
    };
    match text.contains(obeyed) {
        true => text.chars().filter(|c| !obeyed(*c)).collect::<String>().into(),
        false => text.into(),
    }
}

/// Writes a piece of the result to standard output at once; a terminal gets what is [`harmless`].
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let text = if out.is_terminal() { harmless(text) } else { text.into() };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ReaderLeft.into()),
        other => other.context("cannot write to standard output"),
    }
}

/// Writes a result to a file, or to standard output where none is named.
pub(crate) fn write(path: Option<&Path>, text: &str) -> Result<()> {
    let Some(path) = path else { return print(text) };
    malmoi::files::replace(path, |out| out.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_told_nothing_by_a_text() {
        for (text, shown) in [
            ("won\u{1b}[31m \u{9b}31m\u{90}q", "won[31m 31mq"),
            ("\u{1b}]52;c;cHduZWQ=\u{7} a\rb\u{8}", "]52;c;cHduZWQ= ab"),
            ("\u{202e}evil\u{2066} \u{200f}x\u{2028}y", "evil xy"),
        ] {
            assert_eq!(harmless(text), shown);
        }
        assert!(matches!(harmless("해민항 - the port\n\topened 👩\u{200d}🚒"), Cow::Borrowed(_)));
    }
}
