//! Parts of a text with their positions, and excerpts of it for messages.

/// The parts of a text with the byte offset of each. The parts must be the whole text in order.
pub(super) fn with_offsets(parts: Vec<&str>) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    parts.into_iter().map(move |part| {
        end += part.len();
        (end - part.len(), part)
    })
}

/// A quotation for a message: at most the first 60 characters, on one line.
pub(super) fn excerpt(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
