//! RSS, Atom and JSON Feed.

use malmoi::formats::{Fields, Item, ItemResult, date, items};

/// The items of a case's file.
fn found(case: &str, file: &str) -> Option<Vec<ItemResult>> {
    let bytes = std::fs::read(super::case(case)?.join(file)).unwrap();
    Some(items(std::io::Cursor::new(bytes), file, Fields::default()).unwrap().collect())
}

/// The items of a case's file, all readable.
fn read(case: &str, file: &str) -> Option<Vec<Item>> {
    Some(found(case, file)?.into_iter().map(|found| found.unwrap()).collect())
}

fn titles(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.document.title().unwrap_or_default()).collect()
}

#[test]
fn unescaped_tags_do_not_end_a_field() {
    let Some(items) = read("text/04-naked-markup", "feed.xml") else { return };
    assert_eq!(
        titles(&items),
        ["Council approves breakwater plan", "Ferry Somi returns", "Third item"]
    );
    assert_eq!(
        items[0].document.article(),
        "Council approves breakwater plan\n\nThe council approved the plan on Tuesday.\n\nWork begins in March."
    );
    assert!(
        items[1]
            .document
            .article()
            .ends_with("The ferry returned on Monday after four days of storms.")
    );
}

#[test]
fn one_bad_byte_affects_no_other_item() {
    let Some(items) = read("text/06-feed-bad-byte", "feed.xml") else { return };
    assert_eq!(items.len(), 5);
    assert!(items[2].document.article().contains("3번째 항구 정"));
    assert!(!items[2].document.article().contains('\u{fffd}'));
    let noted: Vec<usize> = (0..5).filter(|at| !items[*at].notes.is_empty()).collect();
    assert_eq!(noted, [2], "{:?}", items[2].notes);
}

#[test]
fn dates_are_kept_as_written_and_can_be_parsed() {
    let Some(items) = read("text/15-feed-dates", "feed.xml") else { return };
    let published: Vec<&str> =
        items.iter().map(|item| item.published.as_deref().unwrap()).collect();
    assert_eq!(
        published,
        [
            "2026-01-07 10:30:00",
            "Wed, 07 Jan 2026 10:30:00 KST",
            "2026.01.07 10:30",
            "수, 07 1월 2026 10:30:00 +0900"
        ]
    );
    for (text, read) in published.iter().zip(["", "+09:00", "+09:00", "+09:00"]) {
        assert_eq!(date(text).unwrap().rfc3339(), format!("2026-01-07T10:30:00{read}"), "{text}");
    }
}

#[test]
fn links_are_found_in_all_their_fields() {
    let Some(items) = read("text/16-feed-links", "feed.xml") else { return };
    let links: Vec<&str> = items.iter().map(|item| item.link.as_deref().unwrap()).collect();
    assert_eq!(
        links,
        ["https://haemin.example/news/1", "https://haemin.example/2", "https://haemin.example/3"]
    );
}

#[test]
fn an_id_may_be_a_number() {
    let Some(items) = read("text/20-jsonfeed-number-id", "feed.json") else { return };
    assert_eq!(items[0].id.as_deref(), Some("12"));
    assert_eq!(items[0].document.article(), "해민시는 항구를 정비한다.");
}

#[test]
fn brackets_in_headlines_are_words() {
    let Some(items) = read("text/21-title-brackets", "feed.xml") else { return };
    assert_eq!(
        titles(&items),
        ["<LEAD> Government announces plan", "<AI 시대> 항만도 자동화", "A<B 항만 & C>D"]
    );
}

#[test]
fn scripts_and_hidden_text_are_not_read() {
    let Some(items) = read("text/23-feed-active-content", "feed.xml") else { return };
    assert_eq!(items[0].document.article(), "Harbour plan\n\nWork begins in March.");
    assert!(
        !items[0].document.text().contains("script")
            && !items[0].document.text().contains("Hidden")
    );
}

#[test]
fn the_text_is_found_in_alternative_elements() {
    let Some(items) = read("text/27-feed-other-bodies", "feed.xml") else { return };
    assert_eq!(
        items[0].document.article(),
        "영상: 항구의 아침\n\n어민들이 그물을 손질하고 있다. 배는 여덟 척이다."
    );
}

#[test]
fn misspelled_atom_types_are_understood() {
    let Some(items) = read("text/28-atom-types", "atom.xml") else { return };
    assert_eq!(items[0].document.article(), "One\n\nWords here.");
    assert_eq!(items[1].document.article(), "Two\n\nWords.");
}
