//! The stream `DocInfo`: which styles and shapes mark a headline.

use super::super::hancom::Ranks;
use super::super::office::ParagraphRank;
use super::records::{PARAGRAPH_SHAPE, Records, STYLE, long, short, string};

/// The ranks of paragraphs from the records of `DocInfo`.
pub(super) fn ranks(records: Records) -> Result<Ranks, String> {
    let (mut ranks, mut shapes, mut styles) = (Ranks::default(), 0, 0);
    for record in records {
        let record = record?;
        match record.tag {
            PARAGRAPH_SHAPE => {
                let bits = long(record.data, 0).unwrap_or_default();
                // Bits 23 and 24: kind of the heading, 1 for an outline; 25 to 27: its level.
                if bits >> 23 & 3 == 1 {
                    ranks.add_outline(shapes, bits >> 25 & 7);
                }
                shapes += 1;
            }
            STYLE => {
                let (name, end) = string(record.data, 0).unwrap_or_default();
                let (english, _) = string(record.data, end).unwrap_or_default();
                ranks.add_style(styles, &name, &english);
                styles += 1;
            }
            _ => {}
        }
    }
    Ok(ranks)
}

/// The rank of a paragraph by its header.
pub(super) fn rank(ranks: &Ranks, header: &[u8]) -> Option<ParagraphRank> {
    let (shape, style) = (short(header, 8), header.get(10));
    ranks.of(style.map(|style| u32::from(*style)), shape.map(u32::from))
}
