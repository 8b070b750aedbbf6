//! EPUB, the format of electronic books: XHTML chapters in the order of the spine.
//!
//! Chapters are read as pages are, but whole. Titles, in the pages' heads and in the tables of
//! contents, are no part of the article, but are translated with it. The codes of languages are
//! changed where they named the language of the source.

use std::collections::{HashMap, HashSet};

use super::office::{
    self, EPUB, ParagraphRank, WrittenPart, XmlNode, ZipPackage, attribute, headline,
};
use super::xml::XmlTree;
use super::{Format, Item, NewWords, Reader, article, html, xml};
use crate::document::{Block, BlockKind, Document, Inline, Package, Place, Span};

pub(super) const FORMAT: Format = Format {
    name: "epub",
    describe: "an EPUB book",
    extensions: &["epub"],
    title: "EPUB",
    written: "EPUB",
    kept: "styles, pictures, links, notes; titles and tables of contents are translated",
    sniff: |bytes| office::is_zip_with(bytes, b"application/epub+zip"),
    read: Reader::Office { read, write },
};

/// Limit of blocks of a book, against memory use.
const MAX_BLOCKS: usize = 200_000;

/// A part of a book with its texts.
struct BookPart {
    name: String,
    text: String,
    encoding: Option<office::Marked>,
    texts: Vec<Text>,
    /// Where codes of languages are.
    languages: Vec<Span>,
}

/// A text in a part.
struct Text {
    span: Span,
    inline: Inline,
    rank: Option<ParagraphRank>,
    /// What it is, if not part of the article.
    apart: Option<&'static str>,
    /// True in a part without markup of texts, such as a table of contents for old readers.
    is_plain: bool,
}

fn read(bytes: &[u8]) -> Result<Item, String> {
    let (parts, mut item) = open(bytes)?;
    let texts = || parts.iter().flat_map(|part| &part.texts).enumerate();
    let body: Vec<(usize, &Text)> = texts().filter(|(_, text)| text.apart.is_none()).collect();
    if body.is_empty() {
        return Err("has no text".to_string());
    }
    let lines: Vec<&str> = body.iter().map(|(_, text)| text.inline.text().trim()).collect();
    let ranks: Vec<_> = body.iter().map(|(_, text)| text.rank).collect();
    let title = headline(&ranks);
    let mut kinds: HashMap<usize, BlockKind> = HashMap::new();
    for (at, kind) in article::kinds(&lines).into_iter().enumerate() {
        let kind = match (title == Some(at), kind) {
            (true, _) => BlockKind::Title,
            (false, BlockKind::Title) if title.is_some() => BlockKind::Paragraph,
            (_, kind) => kind,
        };
        kinds.insert(body[at].0, kind);
    }
    let (mut words, mut blocks) = (String::new(), Vec::new());
    for (number, text) in texts() {
        if !words.is_empty() {
            words.push_str("\n\n");
        }
        let start = words.len();
        words.push_str(text.inline.text().trim());
        let kind = kinds
            .remove(&number)
            .unwrap_or_else(|| BlockKind::boilerplate(text.apart.unwrap_or_default()));
        let mut block = Block::new(start..words.len(), kind);
        block.place = Some(Place { paragraph: number, span: 0..text.inline.text().len() });
        block.inline = Some(text.inline.clone());
        blocks.push(block);
    }
    item.document = Document::new(words, blocks).in_package(Package::new(FORMAT.name, bytes));
    Ok(item)
}

/// A copy of a book with new words.
fn write(package: &Package, words: NewWords<'_>) -> Result<Vec<u8>, String> {
    // Later words count.
    let mut new: HashMap<usize, String> = HashMap::new();
    for (place, marked) in package.changed().iter().cloned().chain(words.placed) {
        new.insert(place.paragraph, marked);
    }
    let (parts, _) = open(&package.bytes)?;
    let relabeled = package.relabeled().filter(|_| !new.is_empty());
    let (mut number, mut written) = (0, Vec::new());
    for part in parts {
        let mut edits: Vec<(Span, String)> = Vec::new();
        for text in &part.texts {
            if let Some(marked) = new.remove(&number) {
                let old = &part.text[text.span.clone()];
                let marked = match words.is_bilingual && !text.is_plain {
                    true => format!("{old}<br/>{}", without_ids(&marked)),
                    false => marked,
                };
                edits.push((text.span.clone(), marked));
            }
            number += 1;
        }
        if let Some(relabeled) = relabeled {
            for span in &part.languages {
                let code = relabeled.code(&part.text[span.clone()]);
                edits.extend(code.map(|code| (span.clone(), code.to_string())));
            }
        }
        if !edits.is_empty() {
            edits.sort_by_key(|(span, _)| span.start);
            let text = edited(&part.text, &edits);
            written.push(WrittenPart { name: part.name, text, encoding: part.encoding });
        }
    }
    office::write_parts(&package.bytes, written)
}

/// A text with spans replaced, which are in order. One that overlaps those before it is kept.
fn edited(text: &str, edits: &[(Span, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (span, new) in edits.iter().filter(|(span, _)| !span.is_empty()) {
        if span.start >= from {
            out.push_str(&text[from..span.start]);
            out.push_str(new);
            from = span.end;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Words with their tags, without what only one element may be named.
fn without_ids(marked: &str) -> String {
    let mut out = String::with_capacity(marked.len());
    for (number, part) in marked.split('<').enumerate() {
        if number == 0 {
            out.push_str(part);
            continue;
        }
        let (tag, rest) = part.split_at(part.find('>').unwrap_or(part.len()));
        let id = xml::attributes(tag).find(|(name, _)| matches!(*name, "id" | "xml:id"));
        out.push('<');
        match id {
            Some((name, value)) => {
                let start = tag[..value.start].rfind(name).unwrap_or(value.start);
                out.push_str(tag[..start].trim_end());
                out.push_str(tag.get(value.end + 1..).unwrap_or_default());
            }
            None => out.push_str(tag),
        }
        out.push_str(rest);
    }
    out
}

/// The parts of a book with text: chapters, tables of contents, and the list of its parts.
fn open(bytes: &[u8]) -> Result<(Vec<BookPart>, Item), String> {
    let mut package = ZipPackage::open(bytes, EPUB)?;
    let container = package.part("META-INF/container.xml")?.unwrap_or_default();
    let mut root = None;
    office::walk(&container, &[], |node| {
        if let XmlNode::Open("rootfile", start) = node {
            root = root.take().or_else(|| attribute(start, "full-path"));
        }
    })?;
    let root = root.or_else(|| package.names().find(|name| name.ends_with(".opf")));
    let missing = || "is damaged: it has no list of its parts".to_string();
    let root = root.ok_or_else(missing)?;
    let (list, encoding) = package.encoded_part(&root)?.ok_or_else(missing)?;
    let tree = XmlTree::read(&list)?;
    let book = Book::of(&tree, &root);
    let hidden = encrypted(&package.part("META-INF/encryption.xml").ok().flatten());
    let mut parts = Vec::new();
    let mut count = 0;
    for (name, apart) in &book.parts {
        if hidden.contains(name) {
            return Err(office::encrypted_error());
        }
        let Some((text, encoding)) = package.encoded_part(name)? else { continue };
        let (texts, languages) = match apart {
            Some(OUTLINE) => outline(&text)?,
            apart => chapter(&text, *apart, book.title.as_deref())?,
        };
        count += texts.len();
        if count > MAX_BLOCKS {
            return Err(format!("has more than the {MAX_BLOCKS} paragraphs a book may have"));
        }
        parts.push(BookPart { name: name.clone(), text, encoding, texts, languages });
    }
    let titles = book.titles.iter().map(|span| plain(&list, span.clone(), "book title"));
    let texts = titles.collect();
    let languages = book.languages;
    let item = Item { id: book.id, published: book.published, ..Item::default() };
    parts.push(BookPart { name: root, text: list.clone(), encoding, texts, languages });
    Ok((parts, item))
}

/// What the list of a book's parts says.
struct Book {
    /// Names of the parts with text, in order, and what they are if not chapters.
    parts: Vec<(String, Option<&'static str>)>,
    title: Option<String>,
    titles: Vec<Span>,
    languages: Vec<Span>,
    id: Option<String>,
    published: Option<String>,
}

/// A table of contents for readers of EPUB 2, and for others.
const OUTLINE: &str = "outline";
const CONTENTS: &str = "table of contents";

impl Book {
    fn of(tree: &XmlTree<'_>, root: &str) -> Self {
        let named =
            |name: &'static str| tree.at(0, std::slice::from_ref(&name)).collect::<Vec<_>>();
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (mut by_id, mut contents, mut outlines) = (HashMap::new(), Vec::new(), Vec::new());
        for item in named("item") {
            let Some(href) = tree.attribute(item, "href") else { continue };
            let name = office::resolved(folder, &percent_decoded(&href));
            let kind = tree.attribute(item, "media-type").unwrap_or_default();
            let is_nav = tree.attribute(item, "properties");
            if is_nav.is_some_and(|all| all.split_whitespace().any(|one| one == "nav")) {
                contents.push(name.clone());
            }
            match &*kind {
                "application/x-dtbncx+xml" => outlines.push(name),
                "application/xhtml+xml" | "text/html" => {
                    by_id.extend(tree.attribute(item, "id").map(|id| (id, name)));
                }
                _ => {}
            }
        }
        let spine = named("itemref").into_iter().filter_map(|item| tree.attribute(item, "idref"));
        let mut seen = HashSet::new();
        let chapters = spine.filter_map(|id| by_id.get(&id).cloned());
        let chapters = chapters.map(|name| {
            let is_contents = contents.contains(&name);
            (name, is_contents.then_some(CONTENTS))
        });
        let mut parts: Vec<(String, Option<&'static str>)> = chapters.collect();
        parts.extend(contents.iter().map(|name| (name.clone(), Some(CONTENTS))));
        parts.extend(outlines.into_iter().map(|name| (name, Some(OUTLINE))));
        parts.retain(|(name, _)| seen.insert(name.clone()));
        let titles = named("title");
        let inner = |index: usize| tree.elements[index].inner.clone();
        let first = |name| named(name).into_iter().find_map(|index| tree.words(index));
        let labels = [0].into_iter().chain(titles.iter().copied());
        let labels = labels.filter_map(|index| tree.value(index, "lang"));
        Self {
            parts,
            title: titles.iter().find_map(|index| tree.words(*index)),
            languages: named("language").into_iter().map(inner).chain(labels).collect(),
            id: first("identifier"),
            published: first("date"),
            titles: titles.into_iter().map(inner).collect(),
        }
    }
}

/// The texts of a chapter, and its codes of languages.
fn chapter(
    text: &str,
    apart: Option<&'static str>,
    book: Option<&str>,
) -> Result<(Vec<Text>, Vec<Span>), String> {
    let mut texts = Vec::new();
    for (span, element) in html::chapter(text)? {
        let inline = Inline::chapter(&text[span.clone()]);
        if !inline.text().contains(char::is_alphabetic) {
            continue;
        }
        let is_title = book.is_some_and(|book| book.eq_ignore_ascii_case(inline.text().trim()));
        let rank = match element {
            "h1" | "h2" | "p" if is_title => Some(ParagraphRank::Title),
            "h1" => Some(ParagraphRank::Heading),
            _ => None,
        };
        let is_head = element == "title";
        let apart = if is_head { Some("page title") } else { apart };
        texts.push(Text { span, inline, rank, apart, is_plain: is_head });
    }
    Ok((texts, html::languages(text)))
}

/// The titles in a table of contents of EPUB 2.
fn outline(text: &str) -> Result<(Vec<Text>, Vec<Span>), String> {
    let tree = XmlTree::read(text)?;
    let titles = tree
        .at(0, &["text"])
        .filter(|index| tree.is_in(*index, "navMap") || tree.is_in(*index, "docTitle"));
    let titles = titles.map(|index| plain(text, tree.elements[index].inner.clone(), CONTENTS));
    let titles = titles.filter(|title| title.inline.text().contains(char::is_alphabetic));
    Ok((titles.collect(), tree.value(0, "lang").into_iter().collect()))
}

/// A text without markup.
fn plain(text: &str, span: Span, apart: &'static str) -> Text {
    let inline = Inline::read(&text[span.clone()]);
    Text { span, inline, rank: None, apart: Some(apart), is_plain: true }
}

/// Names of the parts that are encrypted.
fn encrypted(list: &Option<String>) -> HashSet<String> {
    let mut names = HashSet::new();
    let _ = office::walk(list.as_deref().unwrap_or_default(), &[], |node| {
        if let XmlNode::Open("CipherReference", start) = node {
            let name = attribute(start, "URI").map(|name| percent_decoded(&name));
            names.extend(name.map(|name| office::resolved("", &name)));
        }
    });
    names
}

/// A path without its escapes; as it is, if they are no UTF-8.
fn percent_decoded(path: &str) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match escape.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use proptest::prelude::*;

    use super::super::office::tests::zip_of;
    use super::super::{detect, read, repacked, write};
    use super::*;

    const LIST: &str = r#"<package xmlns="http://www.idpf.org/2007/opf" version="3.0" xml:lang="en-US"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier>urn:a</dc:identifier><dc:title>Rain &amp; wind</dc:title><dc:language>en-US</dc:language><dc:date>2026-01-07</dc:date></metadata><manifest><item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/><item id="one" href="text/chapter%20one.xhtml" media-type="application/xhtml+xml"/><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/><item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest><spine toc="ncx"><itemref idref="one"/><itemref idref="two"/></spine></package>"#;
    const NCX: &str = r#"<ncx xml:lang="en"><docTitle><text>Rain &amp; wind</text></docTitle><navMap><navPoint id="a"><navLabel><text>It rains</text></navLabel><content src="text/chapter%20one.xhtml"/></navPoint></navMap></ncx>"#;

    fn page(title: &str, body: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\"><head><title>{title}</title></head><body>{body}</body></html>"
        )
    }

    fn epub(one: &str) -> Vec<u8> {
        zip_of(&[
            ("mimetype", "application/epub+zip"),
            (
                "META-INF/container.xml",
                "<container><rootfiles><rootfile full-path=\"OEBPS/book.opf\"/></rootfiles></container>",
            ),
            ("OEBPS/book.opf", LIST),
            ("OEBPS/toc.ncx", NCX),
            (
                "OEBPS/nav.xhtml",
                &page(
                    "Contents",
                    "<nav epub:type=\"toc\"><ol><li><a href=\"text/chapter%20one.xhtml\">It rains</a></li></ol></nav>",
                ),
            ),
            ("OEBPS/text/two.xhtml", &page("Wind", "<p>The wind rose.</p>")),
            ("OEBPS/text/chapter one.xhtml", &page("Rain", one)),
        ])
    }

    fn part(bytes: &[u8], name: &str) -> String {
        let mut text = String::new();
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    const FIRST: &str = "<h1 id=\"c1\">It rains</h1><p>It rained on <b>Monday</b>.<a id=\"r1\" href=\"#n1\"><sup>1</sup></a> It stopped.</p>";

    #[test]
    fn chapters_are_read_in_the_order_of_the_spine_and_titles_are_no_article() {
        let item = super::super::article(&epub(FIRST), "a.epub").unwrap();
        let document = &item.document;
        assert_eq!(
            document.article(),
            "It rains\n\nIt rained on Monday. It stopped.\n\nThe wind rose."
        );
        assert_eq!(document.title(), Some("It rains"));
        let apart: Vec<_> = document.boilerplate().collect();
        assert_eq!(
            apart,
            [
                ("page title", "Rain"),
                ("page title", "Wind"),
                ("page title", "Contents"),
                ("table of contents", "It rains"),
                ("table of contents", "Rain & wind"),
                ("table of contents", "It rains"),
                ("book title", "Rain & wind"),
            ]
        );
        assert_eq!(item.id.as_deref(), Some("urn:a"));
        assert_eq!(item.published.as_deref(), Some("2026-01-07"));
    }

    #[test]
    fn a_translated_book_has_its_words_and_languages_and_keeps_its_marks() {
        let document = read(&epub(FIRST), "a.epub").unwrap().relabeled("en", "ko");
        let words = |_, block: &Block| {
            Some(match document.block_text(block) {
                "It rains" => "비가 온다".to_string(),
                "It rained on Monday. It stopped." => "월요일에 왔다. 그쳤다.".to_string(),
                "The wind rose." => "바람 < 비".to_string(),
                _ => "제목".to_string(),
            })
        };
        let written = write(&document, words).unwrap();
        let one = part(&written, "OEBPS/text/chapter one.xhtml");
        let expected = "<h1 id=\"c1\">비가 온다</h1><p>월요일에 왔다.<a id=\"r1\" href=\"#n1\"><sup>1</sup></a> 그쳤다.</p>";
        assert_eq!(one, page("제목", expected).replace("\"en\"", "\"ko\""));
        assert!(part(&written, "OEBPS/text/two.xhtml").contains("<p>바람 &lt; 비</p>"));
        let list = part(&written, "OEBPS/book.opf");
        let expected = LIST.replace("en-US", "ko").replace("Rain &amp; wind", "제목");
        assert_eq!(list, expected);
        let ncx = NCX.replace("\"en\"", "\"ko\"").replace("Rain &amp; wind", "제목");
        assert_eq!(part(&written, "OEBPS/toc.ncx"), ncx.replace("It rains", "비가 온다"));
        assert!(part(&written, "OEBPS/nav.xhtml").contains(">비가 온다</a>"));
        let mut zip = zip::ZipArchive::new(Cursor::new(&written)).unwrap();
        assert_eq!(zip.by_index(0).unwrap().name().unwrap(), "mimetype");
    }

    #[test]
    fn a_mark_that_links_refer_to_is_never_lost() {
        let source = "<p>See <i id=\"x\">there</i> now, <a href=\"#n2\">2</a> or never.</p>";
        let document = read(&epub(source), "a.epub").unwrap();
        let written = write(&document, |_, _| Some("보라.".into())).unwrap();
        let one = part(&written, "OEBPS/text/chapter one.xhtml");
        assert!(one.contains("<p>보라.<i id=\"x\"></i><a href=\"#n2\">2</a></p>"), "{one}");
    }

    #[test]
    fn a_bilingual_book_has_both_texts_and_its_names_once() {
        let document = read(&epub("<p>It <b id=\"x\">rained</b>.</p>"), "a.epub").unwrap();
        let block = document.content().next().unwrap();
        let (marked, _) = document.with_markup(block, "비가 rained.".into());
        let placed = vec![(block.place.clone().unwrap(), marked)];
        let words = NewWords { placed, is_bilingual: true, text: "" };
        let one = part(
            &repacked(document.package().unwrap(), words).unwrap(),
            "OEBPS/text/chapter one.xhtml",
        );
        assert!(one.contains("<p>It <b id=\"x\">rained</b>.<br/>비가 <b>rained</b>.</p>"), "{one}");
    }

    #[test]
    fn a_book_is_recognized_and_one_that_is_locked_is_named() {
        assert_eq!(detect("standard input", &epub(FIRST)).name, "epub");
        let locked = zip_of(&[
            ("META-INF/container.xml", "<rootfile full-path=\"book.opf\"/>"),
            ("META-INF/encryption.xml", "<enc:CipherReference URI=\"text/two.xhtml\"/>"),
            ("book.opf", LIST),
            ("text/two.xhtml", "\u{1}\u{2}"),
        ]);
        assert_eq!(
            read(&locked, "a.epub").unwrap_err().to_string(),
            "a.epub is encrypted; save it without a password first"
        );
        let empty = zip_of(&[("META-INF/container.xml", "<container/>")]);
        assert!(read(&empty, "a.epub").unwrap_err().to_string().contains("no list of its parts"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn any_chapter_is_written_and_read_again(
            inside in "([a-c가 ]{1,4}|</?(p|b|li|ul|h1)>|<br/>|<b id=\"i\">|<a href=\"#n\">1</a>|<img alt=\"a>b\"/>|&amp;|&lt;|<){0,12}",
            words in "[a-c가<& ]{0,8}"
        ) {
            let bytes = epub(&format!("{inside}<p>They met.</p>"));
            if let Ok(document) = read(&bytes, "a.epub") {
                prop_assert_eq!(&write(&document, |_, _| None).unwrap(), &bytes);
                let new = write(&document, |_, _| Some(format!("새 {words}."))).unwrap();
                prop_assert!(read(&new, "a.epub").unwrap().text().contains("새"));
            }
        }
    }
}
