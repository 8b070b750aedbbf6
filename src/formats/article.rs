//! Classifies the blocks of a page: headline, paragraphs, boilerplate.
//!
//! [`boilerplate`] recognizes single lines by their words. This module adds what only the position
//! tells: a stray line after the last sentence is boilerplate if "MOST POPULAR" stands before it. A
//! block that ends like a sentence is never left out because of its position.

use super::boilerplate;
use crate::document::BlockKind;

/// Longest headline or stray line, in characters.
const MAX_HEADLINE_CHARS: usize = 150;
/// Longest section name or menu entry above the headline, in words.
const MAX_LABEL_WORDS: usize = 2;

/// The kind of each block, in order.
pub(super) fn kinds(blocks: &[&str]) -> Vec<BlockKind> {
    let mut labels: Vec<Option<&'static str>> =
        blocks.iter().map(|block| boilerplate::recognize(block)).collect();
    mark_tail(blocks, &mut labels);
    mark_head(blocks, &mut labels);
    if labels.iter().all(Option::is_some) {
        // The rules are wrong about a text that they would leave out completely.
        labels.fill(None);
        return vec![BlockKind::Paragraph; blocks.len()];
    }
    keep_picture_story(blocks, &mut labels);
    let title = title(blocks, &labels);
    let kind = |(index, what): (usize, Option<&'static str>)| match what {
        Some(what) => BlockKind::boilerplate(what),
        None if title == Some(index) => BlockKind::Title,
        None => BlockKind::Paragraph,
    };
    labels.into_iter().enumerate().map(kind).collect()
}

/// Keeps the sentences of a picture story, whose only text looks like photo credits.
fn keep_picture_story(blocks: &[&str], labels: &mut [Option<&'static str>]) {
    let is_sentence = |at: &usize| !is_stray(blocks[*at]);
    if (0..blocks.len()).filter(is_sentence).any(|at| labels[at].is_none()) {
        return;
    }
    for at in (0..blocks.len()).filter(is_sentence) {
        labels[at] = labels[at].filter(|what| *what != "photo credit");
    }
}

/// Boilerplate that ends an article: only links to other articles follow it.
const ENDS_ARTICLE: &[&str] = &["other articles", "copyright", "end mark", "tip line", "imprint"];
/// Boilerplate that usually stands below an article; lists and figures of the article may follow
/// it.
const BELOW_ARTICLE: &[&str] = &["navigation", "subscription", "sharing"];

/// Marks stray lines after the last sentence, from boilerplate that ends articles onwards:
/// headlines of other articles, menu entries, names.
///
/// An e-mail address, a credit or a time stamp ends nothing: results, appointments and prices may
/// follow.
fn mark_tail(blocks: &[&str], labels: &mut [Option<&'static str>]) {
    let is_body = |index: usize| labels[index].is_none() && !is_stray(blocks[index]);
    let Some(last) = (0..blocks.len()).rev().find(|index| is_body(*index)) else { return };
    let (mut ended, mut below) = (false, false);
    for index in last + 1..blocks.len() {
        match labels[index] {
            Some(what) => {
                ended |= ENDS_ARTICLE.contains(&what);
                below |= BELOW_ARTICLE.contains(&what);
            }
            None if ended || (below && !is_entry(blocks[index])) => {
                labels[index] = Some("stray line")
            }
            None => {}
        }
    }
}

/// True for a line of a list or table: a bullet, or two numbers.
fn is_entry(block: &str) -> bool {
    let figures =
        block.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    figures > 1
        || block.starts_with([
            '▲', '△', '▶', '▷', '■', '□', '◆', '◇', '●', '○', '◎', '•', '·', '-', '*',
        ])
}

/// Marks lines before the headline: labels of one or two words above boilerplate, and a section
/// name.
fn mark_head(blocks: &[&str], labels: &mut [Option<&'static str>]) {
    let is_label = |index: &usize| {
        is_stray(blocks[*index]) && blocks[*index].split_whitespace().count() <= MAX_LABEL_WORDS
    };
    let head =
        (0..blocks.len()).take_while(|index| labels[*index].is_some() || is_label(index)).count();
    let Some(last) = (0..head).rev().find(|index| labels[*index].is_some()) else {
        return mark_section(blocks, labels, 0);
    };
    // The article begins below: a short headline is above the time of its publication.
    if labels[last] == Some("time stamp")
        && last > 0
        && labels[last - 1].is_none()
        && blocks.get(head).is_some_and(|next| !is_stray(next))
    {
        let headline = last - 1;
        let above = labels[..headline].iter().any(Option::is_some);
        let menu = labels[..headline].iter_mut().filter(|what| above && what.is_none());
        menu.for_each(|what| *what = Some("stray line"));
        return mark_section(blocks, labels, if above { headline } else { 0 });
    }
    labels[..last]
        .iter_mut()
        .filter(|what| what.is_none())
        .for_each(|what| *what = Some("stray line"));
    mark_section(blocks, labels, last + 1);
}

/// Marks a single word above a headline: "정치" above "정부, 최저임금 인상" above the
/// article.
fn mark_section(blocks: &[&str], labels: &mut [Option<&'static str>], at: usize) {
    let Some([word, headline, _, ..]) = blocks.get(at..) else { return };
    let unknown = labels[at..at + 2].iter().all(Option::is_none);
    if unknown
        && is_stray(word)
        && !word.contains(char::is_whitespace)
        && is_stray(headline)
        && headline.contains(' ')
    {
        labels[at] = Some("section");
    }
}

/// Index of the headline: the first remaining block, if it reads like one and is not the last.
fn title(blocks: &[&str], labels: &[Option<&'static str>]) -> Option<usize> {
    let mut rest = (0..blocks.len()).filter(|index| labels[*index].is_none());
    let first = rest.next()?;
    rest.next()?;
    let headline = blocks[first];
    let short = headline.chars().count() <= MAX_HEADLINE_CHARS;
    let full_stop = ends_like_sentence(headline)
        && !headline.trim_end().ends_with(['?', '!', '…', '\'', '’', '"', '”']);
    (short && !full_stop).then_some(first)
}

/// True for a short line without a sentence's full stop.
fn is_stray(block: &str) -> bool {
    block.chars().count() <= MAX_HEADLINE_CHARS
        && !ends_like_sentence(block)
        && !block.contains(". ")
}

/// True if a text ends like a sentence; closing quotation marks and brackets are ignored.
pub(super) fn ends_like_sentence(block: &str) -> bool {
    let block = block.trim_end();
    // "…each side. (Yonhap)"
    let block = match block.rfind('(') {
        Some(at) if block.ends_with(')') && at > 0 => block[..at].trim_end(),
        _ => block,
    };
    let block = block.trim_end_matches(['"', '\'', '”', '’', ')', ']', '」', '』']);
    block.ends_with(['.', '!', '?', '。', '…'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(blocks: &[&str]) -> String {
        let letter = |kind: BlockKind| match kind {
            BlockKind::Title => 'T',
            BlockKind::Paragraph => 'p',
            _ => '-',
        };
        kinds(blocks).into_iter().map(letter).collect()
    }

    #[test]
    fn a_headline_is_short_and_has_no_full_stop() {
        assert_eq!(shape(&["Ministers meet", "They met."]), "Tp");
        assert_eq!(shape(&["'누가 왔나?'", "그가 왔다."]), "Tp");
        assert_eq!(shape(&["They met.", "They agreed."]), "pp");
        // A picture story, and a caption in an article.
        assert_eq!(
            shape(&["[포토] 항구의 아침", "어민들이 그물을 손질하고 있다. (사진=해민시)"]),
            "Tp"
        );
        assert_eq!(
            shape(&[
                "항구의 아침",
                "어민이 늘었다.",
                "어민들이 그물을 손질하고 있다. (사진=해민시)"
            ]),
            "Tp-"
        );
        assert_eq!(shape(&["정치", "정부, 임금 인상", "정부가 밝혔다."]), "-Tp");
    }

    #[test]
    fn stray_lines_after_boilerplate_at_the_end_are_left_out_but_no_sentence() {
        assert_eq!(
            shape(&[
                "Ministers meet",
                "They met.",
                "LATEST NEWS",
                "Kang scores twice as Jeonju win",
                "소아쌤"
            ]),
            "Tp---"
        );
        assert_eq!(shape(&["Ministers meet", "They met.", "LATEST NEWS", "It rained."]), "Tp-p");
        assert_eq!(
            shape(&["Ministers meet", "They met.", "소아쌤"]),
            "Tpp",
            "nothing says that the last line is a stray one"
        );
    }

    #[test]
    fn lists_and_tables_after_a_credit_or_an_address_are_the_article() {
        assert_eq!(
            shape(&[
                "[인사] 해민시",
                "해민시는 7일 다음과 같이 인사를 발령했다.",
                "hsj@haemin.example",
                "◇ 국장 승진",
                "▲ 항만국장 김가온",
                "어촌정책과장 박다해",
            ]),
            "Tp-ppp"
        );
        assert_eq!(
            shape(&[
                "증시 마감",
                "코스피가 올랐다.",
                "(사진=해민시)",
                "코스피 2,600.12 ▲52.10",
                "코스닥 소폭 하락"
            ]),
            "Tp-pp"
        );
        assert_eq!(
            shape(&[
                "Results",
                "Haemin won.",
                "By Han Seo-jin (hsj@haemin.example)",
                "Haemin 3, Jeonju 1",
                "Somi 0"
            ]),
            "Tp-pp"
        );
        assert_eq!(
            shape(&[
                "증시 마감",
                "코스피가 올랐다.",
                "공유하기",
                "코스피 2,600.12 ▲52.10",
                "다른 소식",
                "많이 본 뉴스",
                "▲ 1위 2위"
            ]),
            "Tp-p---"
        );
    }

    #[test]
    fn a_short_headline_above_its_time_stamp_is_kept() {
        let (stamp, text) = ("입력 2026.01.07 10:30", "해민시는 항구를 닫았다고 밝혔다.");
        assert_eq!(shape(&["해민항 폐쇄", stamp, text]), "T-p");
        assert_eq!(shape(&["정치", "해민항 폐쇄", stamp, text]), "-T-p");
        assert_eq!(shape(&["Menu X", "Back To Top", "해민항 폐쇄", stamp, text]), "--T-p");
        assert_eq!(shape(&["해민항", stamp, "해민시, 항구 닫는다", text]), "--Tp");
    }

    #[test]
    fn stray_lines_above_boilerplate_at_the_top_are_left_out() {
        assert_eq!(
            shape(&["Menu X", "Back To Top", "Ministers meet in Seoul", "They met."]),
            "--Tp"
        );
        assert_eq!(shape(&["Ministers meet in Seoul", "Advertisement", "They met."]), "T-p");
    }
}
