//! Segments of a document put back into it: a translation that an editor has changed, with
//! segments split and joined, takes the places of the words it translates.

use super::{BlockKind, Document};

impl Document {
    /// The text with segments replaced: pairs of a source, in the order of the blocks, and the new
    /// words for it. A block may have several segments; the white space between them is kept, and
    /// within them it does not count. A block that no segment begins is kept. `None` if the
    /// segments are not those of this document.
    ///
    /// ```
    /// use malmoi::Document;
    /// let document = Document::from_lines("One. Two.\n\nThree.\n".into());
    /// let segments = [("One.", "하나."), ("Two.", "둘."), ("Three.", "셋.")];
    /// assert_eq!(document.with_segments(&segments).unwrap(), "하나. 둘.\n\n셋.\n");
    /// assert_eq!(document.with_segments(&[("Two.", "둘.")]), None);
    /// ```
    pub fn with_segments(&self, segments: &[(&str, &str)]) -> Option<String> {
        let mut words = self.words_of_segments(segments)?;
        Some(self.rejoin(|index, _| words[index].take()))
    }

    /// The same as the new words of each block, for [`formats::write`](crate::formats::write).
    pub fn words_of_segments(&self, segments: &[(&str, &str)]) -> Option<Vec<Option<String>>> {
        let mut rest = segments.iter().filter(|(source, _)| !source.trim().is_empty()).peekable();
        let mut words = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let text = self.block_text(block).trim();
            let mut new = String::new();
            let mut end = 0;
            let is_foreign = matches!(
                block.kind,
                BlockKind::Outside | BlockKind::Language | BlockKind::Stage(_)
            );
            while !is_foreign && let Some((source, target)) = rest.peek() {
                let Some(length) = length_of(source, &text[end..]) else { break };
                let gap = text[end..].len() - text[end..].trim_start().len();
                new.push_str(&text[end..end + gap]);
                new.push_str(target.trim());
                end += length;
                rest.next();
            }
            if end > 0 && end < text.len() {
                return None;
            }
            words.push((end > 0).then_some(new));
        }
        rest.next().is_none().then_some(words)
    }
}

/// The bytes at the start of a text that are the words of a segment, whatever the white space;
/// `None` if the text begins with others.
fn length_of(segment: &str, text: &str) -> Option<usize> {
    let mut rest = text;
    for word in segment.split_whitespace() {
        let mut word = word;
        // Where an editor has joined two segments, the text may have white space within the word.
        while !word.is_empty() {
            rest = rest.trim_start();
            let same = common(word, rest);
            if same == 0 {
                return None;
            }
            (word, rest) = (&word[same..], &rest[same..]);
        }
    }
    Some(text.len() - rest.len())
}

/// The bytes of the common beginning of a word and a text.
fn common(word: &str, text: &str) -> usize {
    word.chars()
        .zip(text.chars())
        .take_while(|(a, b)| a == b)
        .map(|(char, _)| char.len_utf8())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Block;

    fn page(text: &str, spans: &[(std::ops::Range<usize>, BlockKind)]) -> Document {
        let blocks =
            spans.iter().map(|(span, kind)| Block::from_markup(text, span.clone(), kind.clone()));
        let blocks = blocks.collect();
        Document::new(text.to_string(), blocks)
    }

    #[test]
    fn segments_take_the_places_of_their_words_and_tags_stay() {
        let text = "<h1>Rain</h1><p>It hurt <b>17</b>. It stopped.</p>";
        let document = page(text, &[(4..8, BlockKind::Title), (16..46, BlockKind::Paragraph)]);
        assert_eq!(document.block_text(&document.blocks()[1]), "It hurt 17. It stopped.");
        let new = document.with_segments(&[
            ("Rain", "비"),
            ("It hurt 17.", "17명이 다쳤다."),
            ("It stopped.", "그쳤다 & 끝."),
        ]);
        assert_eq!(new.unwrap(), "<h1>비</h1><p><b>17</b>명이 다쳤다. 그쳤다 &amp; 끝.</p>");
    }

    #[test]
    fn segments_that_were_split_or_joined_fit_as_well() {
        let document = Document::from_lines("One and two. Three.\n".into());
        for segments in [
            vec![("One and", "하나와"), ("two.", "둘."), ("Three.", "셋.")],
            vec![("One and two.  Three.", "하나와 둘. 셋.")],
            vec![("One and two.Three.", "하나와 둘. 셋.")],
        ] {
            assert_eq!(document.with_segments(&segments).unwrap(), "하나와 둘. 셋.\n");
        }
    }

    #[test]
    fn what_is_no_part_of_the_document_is_refused() {
        let document = Document::from_lines("One. Two.\n\nThree.\n".into());
        for segments in [
            vec![("Four.", "넷.")],
            vec![("One.", "하나.")],
            vec![("Three.", "셋."), ("One. Two.", "하나. 둘.")],
            vec![("One. Two. Three.", "하나. 둘. 셋.")],
        ] {
            assert_eq!(document.with_segments(&segments), None, "{segments:?}");
        }
        assert_eq!(document.with_segments(&[("Three.", "셋.")]).unwrap(), "One. Two.\n\n셋.\n");
    }

    #[test]
    fn a_text_without_spaces_is_read_once_for_all_its_segments() {
        let text = "가".repeat(300_000);
        let spaced = "가 ".repeat(300_000);
        let document = Document::from_lines(text);
        assert_eq!(document.with_segments(&[(&spaced, "a")]).unwrap(), "a");
        let all = vec![("가", "a"); 300_000];
        assert_eq!(document.with_segments(&all).unwrap().len(), 300_000);
    }

    #[test]
    fn text_outside_the_article_keeps_its_words() {
        let text = "<nav>Rain</nav><p>Rain</p>";
        let document = page(text, &[(5..9, BlockKind::Outside), (18..22, BlockKind::Paragraph)]);
        let new = document.with_segments(&[("Rain", "비")]).unwrap();
        assert_eq!(new, "<nav>Rain</nav><p>비</p>");
    }
}
