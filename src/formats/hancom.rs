//! What the formats of Hancom Office share: which paragraphs are headlines, and which numbers are
//! text.

use std::collections::HashMap;

use super::office::ParagraphRank;

/// Names of styles that mark a headline, without spaces. Desks and ministries make their own.
const TITLE_STYLES: &[&str] =
    &["제목", "문서제목", "큰제목", "주제목", "기사제목", "보도제목", "보도자료제목", "title"];

/// The ranks of paragraphs by the styles and shapes that they name by number.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    styles: HashMap<u32, ParagraphRank>,
    shapes: HashMap<u32, ParagraphRank>,
}

impl Ranks {
    /// Adds a style by its Korean and English names.
    pub(super) fn add_style(&mut self, number: u32, name: &str, english: &str) {
        let is_title = |name: &str| {
            let name: String = name.split_whitespace().collect();
            TITLE_STYLES.contains(&name.to_lowercase().as_str())
        };
        if is_title(name) || is_title(english) {
            self.styles.insert(number, ParagraphRank::Title);
        }
    }

    /// Adds the shape of a paragraph in an outline, whose first level is 0.
    pub(super) fn add_outline(&mut self, number: u32, level: u32) {
        if level == 0 {
            self.shapes.insert(number, ParagraphRank::Outline);
        }
    }

    /// The rank of a paragraph with this style and this shape.
    pub(super) fn of(&self, style: Option<u32>, shape: Option<u32>) -> Option<ParagraphRank> {
        let named = style.and_then(|number| self.styles.get(&number));
        named.or_else(|| shape.and_then(|number| self.shapes.get(&number))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_styles_for_the_title_of_a_document_mark_a_headline() {
        let rank = |name, english| {
            let mut ranks = Ranks::default();
            ranks.add_style(7, name, english);
            assert_eq!(ranks.of(Some(8), Some(7)), None);
            ranks.of(Some(7), None)
        };
        for (name, english) in
            [("제목", ""), ("문서 제목", ""), ("기사제목", ""), ("머리", "Title")]
        {
            assert_eq!(rank(name, english), Some(ParagraphRank::Title), "{name}");
        }
        for (name, english) in [("바탕글", "Normal"), ("차례 제목", "TOC Heading"), ("소제목", "")]
        {
            assert_eq!(rank(name, english), None, "{name}");
        }
    }

    #[test]
    fn a_style_comes_before_a_shape_and_only_the_first_level_counts() {
        let mut ranks = Ranks::default();
        ranks.add_style(1, "제목", "");
        ranks.add_outline(2, 0);
        ranks.add_outline(3, 1);
        assert_eq!(ranks.of(Some(1), Some(2)), Some(ParagraphRank::Title));
        assert_eq!(ranks.of(Some(0), Some(2)), Some(ParagraphRank::Outline));
        assert_eq!(ranks.of(Some(0), Some(3)), None);
    }
}
