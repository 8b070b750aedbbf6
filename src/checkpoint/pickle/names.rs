//! Foreign names in messages, and the result type of the parsers here.

/// A parser's result; errors are reasons in words.
pub(super) type Parsed<T> = std::result::Result<T, String>;

/// A foreign name in printable form, cut after 100 characters.
pub(super) fn shown(name: &str) -> String {
    let ellipsis = if name.chars().nth(100).is_some() { "…" } else { "" };
    let beginning: String = name.chars().take(100).collect();
    format!("{}{ellipsis}", beginning.escape_debug())
}
