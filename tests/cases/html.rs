//! Pages: choice of the article, and tags in a translation.

use malmoi::document::{BlockKind, Document, Inline};
use malmoi::formats;

use super::case;

fn page(path: &std::path::Path) -> Document {
    formats::read(&std::fs::read(path).unwrap(), &path.display().to_string()).unwrap()
}

fn content(document: &Document) -> Vec<&str> {
    document.content().map(|block| document.block_text(block)).collect()
}

#[test]
fn misleading_class_names_do_not_hide_the_article() {
    let Some(folder) = case("text/02-html-wrapper") else { return };
    for (name, title, first, last) in [
        (
            "page.html",
            "Haemin to build second breakwater",
            "The city of Haemin will",
            "Fishermen asked where",
        ),
        (
            "page-ko.html",
            "해민시, 두 번째 방파제 쌓는다",
            "해민시는 옛 항구에",
            "어민들은 배를 옮길 곳이",
        ),
    ] {
        let document = page(&folder.join(name));
        let found = content(&document);
        assert_eq!(document.title(), Some(title), "{name}");
        assert_eq!(found.len(), 6, "{name} {found:#?}");
        assert!(found[1].starts_with(first) && found[5].starts_with(last), "{name} {found:#?}");
    }
}

#[test]
fn a_flash_or_picture_story_keeps_its_only_sentence() {
    let Some(folder) = case("text/03-html-flash") else { return };
    let flash = page(&folder.join("flash.html"));
    assert_eq!(
        content(&flash),
        [
            "[1보] 해민 앞바다서 규모 4.1 지진",
            "(해민=바람통신) 7일 오전 10시 30분께 해민 앞바다에서 규모 4.1의 지진이 났다."
        ]
    );
    let photo = page(&folder.join("photo.html"));
    assert_eq!(
        content(&photo),
        [
            "[포토] 항구의 아침",
            "7일 오전 해민시 옛 항구에서 어민들이 그물을 손질하고 있다. (사진=해민시)"
        ]
    );
}

#[test]
fn nested_elements_are_placed_or_named() {
    let Some(folder) = case("text/18-nested-inline") else { return };
    let path = folder.join("nest.html");
    let document = page(&path);
    let same = document.rejoin(|_, block| {
        (block.kind != BlockKind::Language).then(|| document.block_text(block).to_string())
    });
    assert_eq!(same, std::fs::read_to_string(&path).unwrap());
    // Every link and emphasis of a block is in the new text or reported.
    for block in document.content() {
        let words = document.block_text(block).replace("the", "THE");
        let (raw, lost) = document.with_markup(block, words);
        let tags = |raw: &str| raw.matches("<").count() - raw.matches("</").count();
        assert_eq!(
            tags(&raw) + lost.len(),
            tags(&document.text()[block.span.clone()]),
            "{raw} {lost:?}"
        );
    }
}

#[test]
fn thousands_of_tags_are_put_back_within_a_second() {
    let Some(folder) = case("attack/05-cubic-inline-put") else { return };
    for name in ["tags.nitf", "tags_32k.srt"] {
        let document = page(&folder.join(name));
        let started = std::time::Instant::now();
        let same = document.rejoin(|_, block| Some(document.block_text(block).to_string()));
        assert_eq!(same, document.text(), "{name}");
        let other = document.rejoin(|_, block| Some(document.block_text(block).replace('a', "a ")));
        assert!(other.len() >= document.text().len() / 2, "{name}");
        assert!(started.elapsed().as_secs() < 10, "{name} took {:?}", started.elapsed());
    }
    assert_eq!(Inline::read("a <b>c</b>").put("c a").0, "<b>c</b> a");
}
