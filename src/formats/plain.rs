//! Plain text: paragraphs separated by blank lines or one per line, hard-wrapped or not.

use super::{Format, Item, Reader, article, boilerplate};
use crate::document::{Block, Document, Span};
use crate::segment::lines;

pub(super) const FORMAT: Format = Format {
    name: "plain",
    describe: "plain text, one paragraph per line or separated by blank lines",
    extensions: &["txt", "text"],
    title: "Plain text",
    written: "plain text",
    kept: "paragraphs and the blank lines between them",
    sniff: |_| true,
    read: Reader::Article(|text| read(text).map(Item::from)),
};

/// Line limit of an article, against memory use: a book has fewer.
const MAX_LINES: usize = 200_000;

/// Reads a text known to be plain, from any source.
pub(super) fn read(text: String) -> Result<Document, String> {
    let lines = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
    if lines.take(MAX_LINES + 1).count() > MAX_LINES {
        return Err(format!("has more than the {MAX_LINES} lines an article may have"));
    }
    let spans = blocks(&text);
    let texts: Vec<&str> = spans.iter().map(|span| &text[span.clone()]).collect();
    let kinds = article::kinds(&texts);
    let blocks = spans.into_iter().zip(kinds).map(|(span, kind)| Block::new(span, kind)).collect();
    Ok(Document::new(text, blocks))
}

/// Spans of the paragraphs, with hard-wrapped lines joined; a boilerplate line is a block of its
/// own.
pub(super) fn blocks(text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let paragraphs = lines::paragraphs(text);
    let wrapping = lines::Wrapping::of(text, &paragraphs);
    for paragraph in &paragraphs {
        let joined = wrapping.continues(text, paragraph);
        let mut open = false;
        for (index, line) in paragraph.iter().enumerate() {
            for piece in lines::pieces(text, line.clone()) {
                let alone = boilerplate::recognize(&text[piece.clone()]).is_some();
                match spans.last_mut() {
                    Some(last) if open && !alone && piece.start == line.start => {
                        last.end = piece.end
                    }
                    _ => spans.push(piece.clone()),
                }
                open =
                    !alone && piece.end == line.end && joined.get(index).copied().unwrap_or(false);
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use crate::document::{BlockKind, Document};

    fn read(text: &str) -> Document {
        super::super::read(text.as_bytes(), "a.txt").unwrap()
    }

    fn content(document: &Document) -> Vec<&str> {
        document.content().map(|block| document.block_text(block)).collect()
    }

    const ARTICLE: &str = "Back To Top\n\nU.S. assures 'ironclad' commitment\n\nThe minister said on Thursday that the allies will respond together to any threat, whatever may come.\n\nBoth agreed, said the release, which was read by the minister, flanked by the commander and the chairman on each side. (Yonhap)\nMOST POPULAR\nLATEST NEWS\nsubscribe\n소아쌤";

    #[test]
    fn the_article_is_found_among_its_boilerplate_and_the_text_is_untouched() {
        let document = read(ARTICLE);
        assert_eq!(document.title(), Some("U.S. assures 'ironclad' commitment"));
        assert_eq!(content(&document).len(), 3);
        assert!(content(&document)[2].ends_with("on each side. (Yonhap)"));
        let boilerplate: Vec<&str> = document.boilerplate().map(|(_, text)| text).collect();
        assert_eq!(
            boilerplate,
            ["Back To Top", "MOST POPULAR", "LATEST NEWS", "subscribe", "소아쌤"]
        );
        assert_eq!(document.rejoin(|_, _| None), ARTICLE);
    }

    #[test]
    fn a_korean_agency_story_keeps_its_byline_and_loses_what_surrounds_it() {
        let text = "정부, 최저임금 3.5% 인상\r\n송고시간 2026-01-07 10:30\r\n\r\n(서울=연합뉴스) 한서진 기자 = 정부가 내년 최저임금을 3.5% 올리기로 했다고 7일 밝혔다.\r\n노동계는 반발했다.\r\nhong@example.com\r\n\r\n<저작권자(c) 연합뉴스, 무단 전재-재배포, AI 학습 및 활용 금지>\r\n제보는 카카오톡 okjebo\r\n많이 본 뉴스\r\n강민호 두 골, 전주 승리\r\n";
        let document = read(text);
        assert_eq!(document.title(), Some("정부, 최저임금 3.5% 인상"));
        assert_eq!(
            content(&document)[1..],
            [
                "(서울=연합뉴스) 한서진 기자 = 정부가 내년 최저임금을 3.5% 올리기로 했다고 7일 밝혔다.",
                "노동계는 반발했다."
            ]
        );
        assert_eq!(document.boilerplate().count(), 6);
        assert_eq!(document.rejoin(|_, _| None), text);
    }

    #[test]
    fn wrapped_lines_are_one_block() {
        let text = "The two defense chiefs discussed on the phone on\nWednesday how to tighten their collaboration\nafter the North conducted another nuclear test.\n\nThey agreed, as all the newspapers had foreseen\nlong before.\n";
        let document = read(text);
        assert_eq!(content(&document).len(), 2, "{:?}", document.blocks());
    }

    #[test]
    fn joined_boilerplate_lines_are_split() {
        let text = "옛 항구에 붙은 안내문. 2026.1.7▶해민일보 채널 구독하기▶[팩트체크] 요금 오르나▶제보하기저작권자(c) 해민일보(https://haemin.example/), 무단 전재-재배포 금지 (해민=해민일보) 한서진 기자 = 해민시는 7일 여객선 운항을 멈춘다고 밝혔다.";
        let document = read(text);
        assert_eq!(
            document.article(),
            "(해민=해민일보) 한서진 기자 = 해민시는 7일 여객선 운항을 멈춘다고 밝혔다."
        );
        assert_eq!(document.boilerplate().count(), 5);
        assert_eq!(document.rejoin(|_, _| None), text);
    }

    #[test]
    fn too_many_lines_are_refused() {
        let error =
            super::super::read("a\n".repeat(super::MAX_LINES + 1).as_bytes(), "a.txt").unwrap_err();
        assert_eq!(error.to_string(), "a.txt has more than the 200000 lines an article may have");
    }

    #[test]
    fn a_text_of_nothing_but_boilerplate_is_kept_whole() {
        let document = read("Back To Top\nsubscribe\n");
        assert_eq!(document.content().count(), 2);
        assert!(document.blocks().iter().all(|block| block.kind == BlockKind::Paragraph));
    }

    #[test]
    fn a_text_without_a_headline_has_no_title() {
        assert_eq!(read("The ministers met on Thursday.\n\nThey agreed.\n").title(), None);
        assert_eq!(read("One line").title(), None);
    }
}
