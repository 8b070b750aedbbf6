//! NewsML-G2 and NewsML 1.2: an agency's record of an article, or a message with several.
//!
//! Both versions have the same content under different names, listed in a table. Specifications:
//! <https://iptc.org/std/NewsML-G2/guidelines/>, <https://iptc.org/std/NewsML/1.2/documentation/>.

use super::nitf::{self, blocks, languages, sorted_without_nested};
use super::xml::{self, XmlTree};
use super::{Form, Format, Item, ItemResult, Reader, Unreadable, html};
use crate::document::{Block, BlockKind, Document, Span};

pub(super) const FORMAT: Format = Format {
    name: "newsml",
    describe: "NewsML-G2 or NewsML 1.2, agency articles in XML",
    extensions: &["newsml"],
    title: "NewsML-G2, NewsML 1.2",
    written: "NewsML, if the file has one article",
    kept: "all but the text; language codes are changed",
    sniff: |bytes| {
        xml::root(bytes).is_some_and(|root| matches!(&*root, "newsItem" | "newsMessage" | "NewsML"))
    },
    read: Reader::Articles(read),
};

/// A path of elements, innermost first.
type ElementPath = &'static [&'static str];

/// The element names of a version of NewsML.
struct Dialect {
    /// Element of an article with its record.
    item: &'static str,
    /// Attributes of the item with its id and version, in NewsML-G2.
    attributes: Option<(&'static str, &'static str)>,
    /// Element of the id, in NewsML 1.2.
    id: ElementPath,
    version: ElementPath,
    published: &'static [ElementPath],
    slug: ElementPath,
    headline: ElementPath,
    /// Other lines of the record that belong to the article.
    lines: &'static [ElementPath],
    /// Elements that hold the article.
    content: &'static [ElementPath],
}

const G2: Dialect = Dialect {
    item: "newsItem",
    attributes: Some(("guid", "version")),
    id: &[],
    version: &[],
    published: &[&["firstCreated", "itemMeta"], &["versionCreated", "itemMeta"]],
    slug: &["slugline", "contentMeta"],
    headline: &["headline", "contentMeta"],
    lines: &[&["by", "contentMeta"], &["dateline", "contentMeta"]],
    content: &[&["inlineXML", "contentSet"], &["inlineData", "contentSet"]],
};

const V1: Dialect = Dialect {
    item: "NewsItem",
    attributes: None,
    id: &["PublicIdentifier", "NewsIdentifier"],
    version: &["RevisionId", "NewsIdentifier"],
    published: &[&["FirstCreated", "NewsManagement"], &["ThisRevisionCreated", "NewsManagement"]],
    slug: &["SlugLine", "NewsLines"],
    headline: &["HeadLine", "NewsLines"],
    lines: &[&["SubHeadLine", "NewsLines"], &["ByLine", "NewsLines"], &["DateLine", "NewsLines"]],
    content: &[&["DataContent", "ContentItem"]],
};

fn read(text: &str) -> Result<Vec<ItemResult>, String> {
    let text = xml::declare_utf8(text.to_string());
    let text = with_normalized_content(&XmlTree::read(&text)?);
    let tree = XmlTree::read(&text)?;
    let dialect = dialect(&tree);
    let places: Vec<usize> =
        tree.at(0, &[dialect.item]).filter(|at| !tree.is_in(*at, dialect.item)).collect();
    if places.is_empty() {
        return Err("has no news item".to_string());
    }
    let alone = places.len() == 1;
    let found = places.iter().enumerate().map(|(number, place)| {
        article(&tree, dialect, *place, alone).map_err(|reason| Unreadable {
            place: format!("news item {}", number + 1),
            reason,
            raw: text[tree.elements[*place].tag.clone()].chars().take(200).collect(),
        })
    });
    Ok(found.collect())
}

fn article(
    tree: &XmlTree<'_>,
    dialect: &Dialect,
    item: usize,
    alone: bool,
) -> Result<Item, String> {
    let elements_at = |path: ElementPath| tree.at(item, path).collect::<Vec<_>>();
    let words = |path: ElementPath| elements_at(path).into_iter().find_map(|at| tree.words(at));
    let attribute = |name: Option<&str>| name.and_then(|name| tree.attribute(item, name));
    let mut blocks = body(tree, dialect, &elements_at);
    let titled = blocks.iter().any(|block| block.kind == BlockKind::Title);
    for (number, headline) in elements_at(dialect.headline).into_iter().enumerate() {
        // The article has one headline; the record's copy of it is translated with it.
        let kind = if titled || number > 0 {
            BlockKind::boilerplate("headline of the record")
        } else {
            BlockKind::Title
        };
        blocks.extend(
            tree.runs(headline, &[]).into_iter().map(|(_, span)| block(tree, span, kind.clone())),
        );
    }
    for path in dialect.lines {
        for line in elements_at(path) {
            blocks.extend(
                tree.runs(line, &[])
                    .into_iter()
                    .map(|(_, span)| block(tree, span, BlockKind::Paragraph)),
            );
        }
    }
    if !blocks.iter().any(|block| matches!(block.kind, BlockKind::Title | BlockKind::Paragraph)) {
        return Err("has no text".to_string());
    }
    blocks.extend(languages(tree, item));
    let blocks = sorted_without_nested(blocks);
    let (text, blocks) =
        if alone { (tree.text.to_string(), blocks) } else { extract_item(tree, item, blocks) };
    Ok(Item {
        id: attribute(dialect.attributes.map(|(id, _)| id)).or_else(|| words(dialect.id)),
        version: attribute(dialect.attributes.map(|(_, version)| version))
            .or_else(|| words(dialect.version)),
        link: None,
        published: dialect.published.iter().find_map(|path| words(path)),
        slug: words(dialect.slug),
        form: Form::File("xml".into()),
        ..Item::from(Document::new(text, blocks))
    })
}

fn dialect(tree: &XmlTree<'_>) -> &'static Dialect {
    if tree.elements.iter().any(|element| element.name == G2.item) { &G2 } else { &V1 }
}

/// Delimiters of a CDATA section.
const SECTION: (&str, &str) = ("<![CDATA[", "]]>");

/// Normalizes the content of articles without elements: plain text as escaped characters, HTML as
/// one CDATA section.
fn with_normalized_content(tree: &XmlTree<'_>) -> String {
    let dialect = dialect(tree);
    let mut written = String::with_capacity(tree.text.len());
    let mut from = 0;
    let mut contents: Vec<usize> =
        dialect.content.iter().flat_map(|path| tree.at(0, path)).collect();
    contents.sort_unstable();
    for content in contents.into_iter().filter(|content| tree.inside(*content).len() == 1) {
        let inner = tree.elements[content].inner.clone();
        let raw = &tree.text[inner.clone()];
        let words = xml::content(raw);
        let new = match is_html(&words) {
            // In HTML, the bracket equals its entity.
            true => format!("{}{}{}", SECTION.0, words.replace(SECTION.1, "]]&gt;"), SECTION.1),
            false if raw.contains('<') => xml::escape(&words),
            false => continue,
        };
        written.push_str(&tree.text[from..inner.start]);
        written.push_str(&new);
        from = inner.end;
    }
    written.push_str(&tree.text[from..]);
    written
}

/// True if a text holds HTML or NITF elements; not for `<LEAD> 1 < 2`.
fn is_html(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "a",
        "b",
        "blockquote",
        "body",
        "br",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "hl1",
        "html",
        "i",
        "img",
        "li",
        "nitf",
        "ol",
        "p",
        "span",
        "strong",
        "table",
        "td",
        "tr",
        "u",
        "ul",
    ];
    text.split('<').skip(1).any(|rest| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let name = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())];
        let closed = rest[name.len()..].starts_with([' ', '>', '/', '\n', '\r', '\t']);
        closed && NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// The blocks of the article itself, marked up or plain.
fn body(
    tree: &XmlTree<'_>,
    dialect: &Dialect,
    elements_at: &dyn Fn(ElementPath) -> Vec<usize>,
) -> Vec<Block> {
    let mut found = Vec::new();
    for content in dialect.content.iter().flat_map(|path| elements_at(path)) {
        let inner = tree.elements[content].inner.clone();
        let raw = &tree.text[inner.clone()];
        let section = raw.strip_prefix(SECTION.0).and_then(|raw| raw.strip_suffix(SECTION.1));
        // The next element is inside, or there is none inside.
        if tree.inside(content).len() > 1 {
            found.extend(blocks(tree, content));
        } else if let Some(page) = section {
            let start = inner.start + SECTION.0.len();
            let moved = |block: &Block| {
                let span = start + block.span.start..start + block.span.end;
                Block { span, ..block.clone() }
            };
            found.extend(
                html::fragment(page)
                    .into_iter()
                    .flat_map(|page| page.blocks().iter().map(moved).collect::<Vec<_>>()),
            );
        } else {
            found.extend(nitf::paragraphs(tree.text, &inner));
        }
    }
    found
}

fn block(tree: &XmlTree<'_>, span: Span, kind: BlockKind) -> Block {
    Block::from_markup(tree.text, span, kind)
}

/// Limit of namespaces: no record uses more.
const NAMESPACES: usize = 64;

/// Makes one item of several a document of its own, with the namespaces declared around it.
fn extract_item(tree: &XmlTree<'_>, item: usize, blocks: Vec<Block>) -> (String, Vec<Block>) {
    let element = &tree.elements[item];
    let tag = &tree.text[element.tag.clone()];
    let end = tree.whole(item).end;
    let mut declared = String::new();
    let mut outer = element.parent;
    while let Some(at) = outer {
        let around = &tree.text[tree.elements[at].tag.clone()];
        for (name, whole) in xml::namespaces(around).take(NAMESPACES) {
            let known = |text: &str| xml::namespaces(text).any(|(other, _)| other == name);
            if !known(tag) && !known(&declared) {
                declared.push(' ');
                declared.push_str(whole);
            }
        }
        outer = tree.elements[at].parent;
    }
    let name = tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(tag.len());
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let text =
        format!("{HEAD}{}{declared}{}\n", &tag[..name], &tree.text[element.tag.start + name..end]);
    // Blocks follow the added declarations. A language block may lie in the tag itself, but after
    // the tag's name.
    let (added, removed) = (HEAD.len() + declared.len(), element.tag.start);
    let moved = |span: Span| span.start + added - removed..span.end + added - removed;
    let blocks = blocks
        .into_iter()
        .map(|block| Block { span: moved(block.span.clone()), ..block })
        .collect();
    (text, blocks)
}

#[cfg(test)]
mod tests {
    use crate::document::BlockKind;
    use crate::formats::{Fields, Form, ItemResult, items};

    const MESSAGE: &str = include_str!("../../examples/feeds/morning.newsml.xml");

    fn read(text: &str) -> Vec<ItemResult> {
        let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
        items(bytes, "a.xml", Fields::default()).unwrap().collect()
    }

    #[test]
    fn every_item_of_a_message_is_an_article_with_its_record() {
        let found = read(MESSAGE);
        assert_eq!(found.len(), 3);
        let item = found[0].as_ref().unwrap();
        assert_eq!(item.id.as_deref(), Some("urn:newsml:baram.example:20260107:ferry-fares"));
        assert_eq!(item.version.as_deref(), Some("3"));
        assert_eq!(item.slug.as_deref(), Some("ferry-fares"));
        assert_eq!(item.published.as_deref(), Some("2026-01-07T09:12:00+09:00"));
        assert_eq!(item.document.title(), Some("Ferry fares to rise 4.5 percent"));
        insta::assert_snapshot!(item.document.article(), @r"
        Ferry fares to rise 4.5 percent

        Yoon Da-hae

        INCHEON, Jan. 7 (Baram)

        Fares on the 14 ferry lines out of Incheon will rise by 4.5 percent on Feb. 1, their operators said Wednesday.

        Islanders will go on paying half; the province bears the rest.
        ");
        assert_eq!(found[2].as_ref().unwrap_err().to_owned().reason, "has no text");
    }

    #[test]
    fn an_item_cut_out_of_a_message_is_a_document_of_its_own() {
        for item in read(MESSAGE).into_iter().flatten() {
            let translated = item.document.rejoin(|_, block| match block.kind {
                BlockKind::Language => Some("xx".into()),
                _ => None,
            });
            assert!(
                translated.contains("xmlns=\"http://iptc.org/std/nar/2006-10-01/\""),
                "{translated}"
            );
            let again = read(&translated);
            let again = again[0].as_ref().unwrap();
            assert_eq!(again.document.article(), item.document.article());
            assert_eq!(again.form, Form::File("xml".into()));
            assert!(translated.contains("tag=\"xx\""), "{translated}");
        }
    }

    /// A record of one article with the given content.
    fn with_content(content: &str) -> String {
        format!(
            "<newsItem xmlns=\"http://iptc.org/std/nar/2006-10-01/\" guid=\"a\" version=\"1\"><contentMeta><headline><![CDATA[Haemin & Somi]]></headline></contentMeta>\
             <contentSet><inlineData contenttype=\"text/plain\">{content}</inlineData></contentSet></newsItem>"
        )
    }

    #[test]
    fn cdata_sections_and_wrapped_lines_are_read_as_paragraphs() {
        let wrapped = "\nHAEMIN, Jan. 7 (Baram) -- The city of Haemin will build a second\nbreakwater at its old fishing harbour, Mayor Noh Min-a & the\ncouncil said on Wednesday.\n   The work costs 412 million won over two years and begins in\nMarch, before the typhoon season.\n";
        let page =
            "<p>Mayor Noh &amp; the <b>council</b> agreed.</p>\n<p>Work begins<br/>in March.</p>";
        let escaped = crate::document::escape(page);
        for (content, paragraphs) in [
            (format!("<![CDATA[{wrapped}]]>"), 2),
            (wrapped.replace('&', "&amp;"), 2),
            (format!("<![CDATA[{}]]>", wrapped.replace('\n', "\r\n")), 2),
            ("<![CDATA[One ]]&gt; two.]]> <![CDATA[It rained.\n\nThree.]]>".to_string(), 2),
            (format!("<![CDATA[{page}]]>"), 2),
            (escaped, 2),
            ("&lt;LEAD&gt; 1 &lt; 2 &amp; 3".to_string(), 1),
        ] {
            let found = read(&with_content(&content));
            let item = found[0].as_ref().unwrap();
            let words: Vec<&str> =
                item.document.content().map(|block| item.document.block_text(block)).collect();
            assert_eq!(words.len(), paragraphs + 1, "{words:?}");
            assert_eq!(words[0], "Haemin & Somi");
            assert!(
                !words.iter().any(|words| words.contains("CDATA")
                    || words.contains("&amp;")
                    || words.contains("<p>")),
                "{words:?}"
            );
            // The output is well-formed and holds the new text.
            let put = item.document.rejoin(|_, _| Some("가 & <나> ]]> 다.".to_string()));
            assert_eq!(
                read(&put)[0].as_ref().unwrap().document.article(),
                vec!["가 & <나> ]]> 다."; paragraphs + 1].join("\n\n"),
                "{put}"
            );
        }
    }

    #[test]
    fn newsml_1_2_is_read_like_newsml_g2() {
        let found = read(
            "<NewsML><NewsItem><Identification><NewsIdentifier><ProviderId>baram.example</ProviderId><DateId>20260107</DateId>\
             <NewsItemId>AKR1</NewsItemId><RevisionId PreviousRevision=\"0\" Update=\"N\">1</RevisionId><PublicIdentifier>urn:newsml:baram.example:20260107:AKR1:1</PublicIdentifier>\
             </NewsIdentifier></Identification><NewsManagement><FirstCreated>20260107T103000+0900</FirstCreated></NewsManagement>\
             <NewsComponent><NewsLines><HeadLine>목포항 준설 3월 시작</HeadLine><SubHeadLine>공사비 416억원</SubHeadLine></NewsLines>\
             <ContentItem><DataContent>\n(목포=바람통신) 한서진 기자 = 목포시가 밝혔다.\n\n3월에 시작한다.\n</DataContent></ContentItem></NewsComponent></NewsItem></NewsML>",
        );
        let item = found[0].as_ref().unwrap();
        assert_eq!(item.id.as_deref(), Some("urn:newsml:baram.example:20260107:AKR1:1"));
        assert_eq!(
            (item.version.as_deref(), item.published.as_deref()),
            (Some("1"), Some("20260107T103000+0900"))
        );
        assert_eq!(
            item.document.article(),
            "목포항 준설 3월 시작\n\n공사비 416억원\n\n(목포=바람통신) 한서진 기자 = 목포시가 밝혔다.\n\n3월에 시작한다."
        );
    }

    #[test]
    fn a_message_without_items_is_refused() {
        let refused = items(&b"<newsMessage/>"[..], "a.xml", Fields::default());
        assert_eq!(
            refused.err().map(|error| error.to_string()).as_deref(),
            Some("a.xml has no news item")
        );
    }
}
