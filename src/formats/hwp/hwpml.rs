//! HWPML: the document as one XML file, with the ending .hml, or .hwp where programs wrote it so.

use quick_xml::events::BytesStart;

use super::super::hancom::Ranks;
use super::super::office::{self, Paragraphs, XmlNode, attribute};
use super::super::{Item, encoding, xml};

/// The root element.
pub(super) const ROOT: &str = "HWPML";

/// Elements whose text is not part of the article: settings, headers, footers, comments, fields and
/// their memos, index entries, ruby text, pictures.
#[rustfmt::skip]
const SKIPPED_ELEMENTS: &[&str] = &[
    "SECDEF", "HEADER", "FOOTER", "HIDDENCOMMENT", "FIELDBEGIN", "INDEXMARK", "SUBTEXT", "TAIL",
];

pub(super) fn read(bytes: &[u8]) -> Result<Item, String> {
    if xml::root(bytes).is_none_or(|root| root != ROOT) {
        return Err("is neither HWP nor HWPML".to_string());
    }
    let text = encoding::decode_part(bytes).map_err(|fault| fault.to_string())?;
    let mut found = Paragraphs::default();
    paragraphs(&text, &mut found)?;
    let published = office::value(&text, |name, _| name == "DATE");
    Ok(Item { published, ..Item::from(found.document()?) })
}

fn paragraphs(xml: &str, found: &mut Paragraphs) -> Result<(), String> {
    let mut ranks = Ranks::default();
    let (mut texts, mut body) = (0_usize, false);
    office::walk(xml, SKIPPED_ELEMENTS, |node| match node {
        XmlNode::Open("BODY", _) => body = true,
        XmlNode::Open(name, start) if !body => learn(&mut ranks, name, start),
        _ if !body => {}
        XmlNode::Open("P", start) => {
            found.open();
            found.rank(ranks.of(number(start, "Style"), number(start, "ParaShape")));
        }
        XmlNode::Close("P") => found.close(),
        XmlNode::Open("CHAR" | "MAINTEXT", _) => texts += 1,
        XmlNode::Close("CHAR" | "MAINTEXT") => texts = texts.saturating_sub(1),
        XmlNode::Open("AUTONUM", start) => {
            let kind = attribute(start, "NumberType").unwrap_or_default();
            if matches!(&*kind, "Figure" | "Picture" | "Table" | "Equation") {
                found.words(&attribute(start, "Number").unwrap_or_default());
            }
        }
        _ if texts == 0 => {}
        XmlNode::Words(words) => found.words(words),
        XmlNode::Open("TAB", _) => found.words("\t"),
        XmlNode::Open("LINEBREAK", _) => found.line_break(),
        XmlNode::Open("NBSPACE", _) => found.words("\u{a0}"),
        XmlNode::Open("FWSPACE", _) => found.words(" "),
        // So spelled by the format.
        XmlNode::Open("HYPEN" | "HYPHEN", _) => found.words("-"),
        _ => {}
    })
}

/// Learns the ranks of paragraphs from an element of the head.
fn learn(ranks: &mut Ranks, name: &str, start: &BytesStart) {
    let text = |name: &str| attribute(start, name).unwrap_or_default();
    let Some(id) = number(start, "Id") else { return };
    match name {
        "STYLE" => ranks.add_style(id, &text("Name"), &text("EngName")),
        "PARASHAPE" if text("HeadingType") == "Outline" => {
            ranks.add_outline(id, number(start, "Level").unwrap_or_default());
        }
        _ => {}
    }
}

fn number(start: &BytesStart, name: &str) -> Option<u32> {
    attribute(start, name)?.parse().ok()
}
