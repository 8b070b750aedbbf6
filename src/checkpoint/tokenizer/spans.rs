//! Which bytes of a text its tokens stand for.

use std::ops::Range;

use super::codec::Tokenizer;

impl Tokenizer {
    /// The span in a text of each of its tokens. Texts are matched word by word: the tokens of a
    /// word that they do not spell, as after a normalization, all have the whole word. `None` if
    /// tokens and text have not as many words.
    pub(crate) fn spans(&self, ids: &[u32], text: &str) -> Option<Vec<Range<usize>>> {
        let tokens: Vec<Vec<u8>> = ids.iter().map(|id| self.token_bytes(*id)).collect();
        spans(&tokens, text)
    }
}

/// A part of a token within one word.
struct Part<'t> {
    token: usize,
    bytes: &'t [u8],
}

/// See [`Tokenizer::spans`]; tokens are given as bytes, with a blank before each word.
fn spans(tokens: &[Vec<u8>], text: &str) -> Option<Vec<Range<usize>>> {
    let mut words: Vec<Vec<Part<'_>>> = Vec::new();
    let mut is_inside = false;
    for (token, bytes) in tokens.iter().enumerate() {
        let mut parts = bytes.split(|byte| *byte == b' ').peekable();
        while let Some(bytes) = parts.next() {
            // A token without bytes, such as an unknown one, belongs to the word it is in.
            if !bytes.is_empty() || tokens[token].is_empty() {
                if !is_inside {
                    words.push(Vec::new());
                }
                is_inside = true;
                words.last_mut()?.push(Part { token, bytes });
            }
            is_inside &= parts.peek().is_none();
        }
    }
    let mut text_words = text.split_whitespace();
    let mut spans: Vec<Option<Range<usize>>> = vec![None; tokens.len()];
    for parts in words {
        let word = text_words.next()?;
        // Both are parts of one text.
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let is_spelled = parts.iter().flat_map(|part| part.bytes).eq(word.as_bytes());
        let mut at = 0;
        for Part { token, bytes } in parts {
            let own = if is_spelled {
                let end = at + bytes.len();
                let from = text.floor_char_boundary(start + std::mem::replace(&mut at, end));
                from..text.ceil_char_boundary(start + end)
            } else {
                start..start + word.len()
            };
            let first = spans[token].as_ref().map_or(own.start, |span| span.start);
            spans[token] = Some(first..own.end);
        }
    }
    if text_words.next().is_some() {
        return None;
    }
    // A blank alone has no letter.
    let mut end = 0;
    let filled = spans.into_iter().map(|span| {
        let span = span.unwrap_or(end..end);
        end = span.end;
        span
    });
    Some(filled.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(tokens: &[&str], text: &'t str) -> Option<Vec<&'t str>> {
        let tokens: Vec<Vec<u8>> = tokens.iter().map(|token| token.as_bytes().to_vec()).collect();
        Some(spans(&tokens, text)?.into_iter().map(|span| &text[span]).collect())
    }

    #[test]
    fn tokens_have_the_letters_that_they_spell() {
        let tokens = [" The", " fer", "ry", " ", "left", "."];
        assert_eq!(found(&tokens, "The ferry left.").unwrap(), tokens.map(str::trim));
        assert_eq!(found(&[" 여객", "선", "이"], "여객선이").unwrap(), ["여객", "선", "이"]);
        assert_eq!(found(&["a b", "c d"], "a bc d").unwrap(), ["a b", "c d"]);
    }

    #[test]
    fn tokens_of_a_word_that_they_do_not_spell_have_all_of_it() {
        let text = "costs\u{a0}½ of … it";
        let found = found(&[" costs", " 1", "/2", " of", " ...", " it"], text).unwrap();
        assert_eq!(found, ["costs", "½", "½", "of", "…", "it"]);
        assert_eq!(super::spans(&[vec![b' '], vec![]], "鱻").unwrap(), [0..0, 0..3]);
    }

    #[test]
    fn bytes_of_one_character_have_it_whole_and_other_texts_have_no_spans() {
        let bytes: Vec<Vec<u8>> = " 가나".bytes().map(|byte| vec![byte]).collect();
        let spans = super::spans(&bytes, "가나").unwrap();
        assert_eq!(spans[1..], [0..3, 0..3, 0..3, 3..6, 3..6, 3..6]);
        assert_eq!(found(&[" a", " b"], "a"), None);
        assert_eq!(found(&[" a"], "a b"), None);
        assert_eq!(found(&[], ""), Some(vec![]));
    }
}
