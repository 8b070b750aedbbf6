//! NITF 3, the news industry's text format: one article with headline, byline and dateline.
//!
//! Specification: <https://iptc.org/std/NITF/3.6/documentation/>.

use super::xml::{self, XmlTree};
use super::{Format, Item, Reader, boilerplate, plain};
use crate::document::{Block, BlockKind, Document, Inline, Span};

pub(super) const FORMAT: Format = Format {
    name: "nitf",
    describe: "NITF, an agency article in XML",
    extensions: &["nitf"],
    title: "NITF",
    written: "NITF",
    kept: "all but the text; the language code is changed",
    sniff: |bytes| xml::root(bytes).as_deref() == Some("nitf"),
    read: Reader::Article(read),
};

/// Inline elements of NITF and of the XHTML inside NewsML.
const INLINE: &[&str] = &[
    "a",
    "abbr",
    "alt-code",
    "b",
    "br",
    "chron",
    "cite",
    "city",
    "classifier",
    "code",
    "copyrite",
    "copyrite.holder",
    "copyrite.year",
    "country",
    "del",
    "em",
    "event",
    "function",
    "i",
    "ins",
    "lang",
    "location",
    "mark",
    "money",
    "name.family",
    "name.given",
    "num",
    "object.title",
    "org",
    "person",
    "postaddr",
    "pronunciation",
    "q",
    "region",
    "s",
    "small",
    "span",
    "state",
    "story.date",
    "strong",
    "sub",
    "sublocation",
    "sup",
    "time",
    "u",
    "virtloc",
];

fn read(text: String) -> Result<Item, String> {
    let text = xml::declare_utf8(text);
    let tree = XmlTree::read(&text)?;
    let fact = |path: &[&str], name: &str| tree.at(0, path).find_map(|at| tree.attribute(at, name));
    let mut item = Item {
        id: fact(&["doc-id", "docdata"], "id-string"),
        version: fact(&["du-key", "docdata"], "version")
            .or_else(|| fact(&["du-key", "docdata"], "generation")),
        link: None,
        published: fact(&["date.issue", "docdata"], "norm")
            .or_else(|| fact(&["date.release", "docdata"], "norm")),
        slug: fact(&["du-key", "docdata"], "key"),
        ..Item::default()
    };
    let mut blocks = blocks(&tree, 0);
    let titled = blocks.iter().any(|block| block.kind == BlockKind::Title);
    let page_title = |block: &&mut Block| block.kind == BlockKind::boilerplate("page title");
    if !titled && let Some(title) = blocks.iter_mut().find(page_title) {
        title.kind = BlockKind::Title;
    }
    blocks.extend(languages(&tree, 0));
    let blocks = sorted_without_nested(blocks);
    if !blocks.iter().any(|block| matches!(block.kind, BlockKind::Title | BlockKind::Paragraph)) {
        return Err("has no text".to_string());
    }
    item.document = Document::new(text, blocks);
    Ok(item)
}

/// The blocks inside an element with NITF or XHTML.
pub(super) fn blocks(tree: &XmlTree<'_>, within: usize) -> Vec<Block> {
    let mut titled = false;
    let mut blocks: Vec<Block> = Vec::new();
    for (holder, span) in tree.runs(within, INLINE) {
        let name = tree.elements[holder].name.as_str();
        let kind = match name {
            "hl1" | "h1" if !titled => {
                titled = true;
                BlockKind::Title
            }
            // The page title repeats the headline.
            "title" => BlockKind::boilerplate("page title"),
            "style" | "script" => continue,
            // Preformatted lines.
            "pre" if !tree.text[span.clone()].contains('<') => {
                blocks.extend(paragraphs(tree.text, &span));
                continue;
            }
            "distributor" | "tagline" | "rights.owner" | "doc.copyright" => {
                BlockKind::boilerplate("agency mark")
            }
            "media-producer" => BlockKind::boilerplate("picture credit"),
            _ if tree.is_in(holder, "docdata") || tree.is_in(holder, "media-metadata") => continue,
            _ if tree.is_in(holder, "body.end") => BlockKind::boilerplate("agency mark"),
            _ => match boilerplate::recognize(&one_line(&tree.text[span.clone()])) {
                Some(what) => BlockKind::boilerplate(what),
                None => BlockKind::Paragraph,
            },
        };
        blocks.push(Block::from_markup(tree.text, span, kind));
    }
    blocks
}

/// Language codes of an element and its descendants, as blocks.
pub(super) fn languages(tree: &XmlTree<'_>, within: usize) -> Vec<Block> {
    let value = |at: usize| {
        let tagged =
            if tree.elements[at].name == "language" { tree.value(at, "tag") } else { None };
        tagged.or_else(|| tree.value(at, "lang"))
    };
    tree.inside(within)
        .filter_map(value)
        .map(|span| Block::new(span, BlockKind::Language))
        .collect()
}

/// Sorts blocks by position; nested ones are dropped.
pub(super) fn sorted_without_nested(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.sort_by_key(|block| (block.span.start, std::cmp::Reverse(block.span.end)));
    let mut end = 0;
    blocks.retain(|block| {
        let free = block.span.start >= end;
        end = end.max(block.span.end);
        free
    });
    blocks
}

/// The text of a run, on one line.
fn one_line(raw: &str) -> String {
    Inline::read(raw).text().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The paragraphs of a run of plain text without elements, as [`plain`] finds them in the decoded
/// text.
pub(super) fn paragraphs(text: &str, span: &Span) -> Vec<Block> {
    let raw = &text[span.clone()];
    /// "&#1114111;", and XML's named entities.
    const LONGEST_ENTITY: usize = 12;
    // Entities are longer than their character: after each one, a pair of positions in the decoded
    // text and in the source.
    let (mut words, mut places) = (String::with_capacity(raw.len()), vec![(0, span.start)]);
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        words.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = rest
            .bytes()
            .take(LONGEST_ENTITY)
            .position(|byte| byte == b';')
            .map_or(1, |end| end + 1);
        words.push_str(&xml::content(&rest[..length]));
        rest = &rest[length..];
        places.push((words.len(), span.end - rest.len()));
    }
    words.push_str(rest);
    let place = |at: usize| {
        let (words, text) = places[places.partition_point(|(words, _)| *words <= at) - 1];
        text + (at - words)
    };
    let block = |span: Span| {
        let kind = boilerplate::recognize(&words[span.clone()])
            .map_or(BlockKind::Paragraph, BlockKind::boilerplate);
        Block::from_markup(text, place(span.start)..place(span.end), kind)
    };
    plain::blocks(&words).into_iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use crate::document::BlockKind;
    use crate::formats::{Fields, Form, items, read};

    const STORY: &str = include_str!("../../examples/feeds/harbour.nitf");

    #[test]
    fn an_agency_article_is_read_with_its_metadata() {
        let found: Vec<_> =
            items(STORY.as_bytes(), "harbour.nitf", Fields::default()).unwrap().collect();
        let item = found[0].as_ref().unwrap();
        assert_eq!(item.id.as_deref(), Some("BNA20260107000400320"));
        assert_eq!(item.version.as_deref(), Some("2"));
        assert_eq!(item.slug.as_deref(), Some("harbour-dredging"));
        assert_eq!(item.published.as_deref(), Some("20260107T103000+0900"));
        assert_eq!(item.form, Form::File("nitf".into()));
        assert_eq!(item.document.title(), Some("Mokpo to dredge its harbour by autumn"));
        insta::assert_snapshot!(item.document.article(), @r#"
        Mokpo to dredge its harbour by autumn

        Work worth 41.6 billion won begins in March

        By Han Seo-jin

        MOKPO, Jan. 7 (Baram)

        The city of Mokpo will spend 41.6 billion won on deepening its harbour, Mayor Oh Jae-min said Wednesday.

        "Ships of 50,000 tons will be able to call here from October," he said. R&D vessels of Haesong Marine will survey the seabed first.

        The old pier of Mokpo, which will be rebuilt.

        Depth now: 9 meters

        Depth planned: 13.5 meters
        "#);
    }

    #[test]
    fn a_translation_is_the_same_document_with_other_words() {
        let document = read(STORY.as_bytes(), "x.xml").unwrap();
        assert_eq!(document.rejoin(|_, _| None), STORY);
        let korean = document.rejoin(|_, block| match block.kind {
            BlockKind::Language => Some("ko".to_string()),
            BlockKind::Title => Some("목포, 가을까지 항만 준설 <완료>".to_string()),
            _ => None,
        });
        let again = read(korean.as_bytes(), "x.xml").unwrap();
        assert_eq!(again.title(), Some("목포, 가을까지 항만 준설 <완료>"));
        assert_eq!(again.blocks().len(), document.blocks().len());
        assert!(korean.contains("xml:lang=\"ko\""));
    }

    #[test]
    fn euc_kr_is_read_as_it_is_declared_and_written_as_utf_8() {
        let text = "<?xml version=\"1.0\" encoding=\"EUC-KR\"?><nitf><body><body.head><hedline><hl1>목포항 준설</hl1></hedline></body.head><body.content><p>목포시가 밝혔다.</p></body.content></body></nitf>";
        let (bytes, ..) = encoding_rs::EUC_KR.encode(text);
        let document = read(&bytes, "a.xml").unwrap();
        assert_eq!(document.article(), "목포항 준설\n\n목포시가 밝혔다.");
        assert!(document.text().starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    }

    #[test]
    fn a_record_without_words_is_refused() {
        let refused = read(b"<nitf><head><docdata/></head><body/></nitf>", "a.xml").unwrap_err();
        assert_eq!(refused.to_string(), "a.xml has no text");
    }
}
