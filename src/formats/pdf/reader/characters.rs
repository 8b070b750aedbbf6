//! Which characters a glyph stands for.

use std::collections::HashMap;

use hayro_interpret::font::{Glyph, PositionedGlyph};
use hayro_interpret::hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_interpret::hayro_syntax::object::{
    Array, Dict, Name, Object, Stream, String as PdfString,
};
use hayro_interpret::hayro_syntax::page::Resources;
use unicode_normalization::UnicodeNormalization;

/// The plain characters of a glyph: ligatures are split, presentation forms and radicals of
/// dictionaries become the letters that people type.
pub fn plain(words: &BfString) -> Vec<char> {
    match words {
        BfString::Char(c) => plain_char(*c),
        BfString::String(words) => words.chars().flat_map(plain_char).collect(),
    }
}

fn plain_char(c: char) -> Vec<char> {
    match c {
        // Ligatures of Latin letters, radicals, Arabic and half-width forms in their usual shape.
        '\u{FB00}'..='\u{FB06}' | '\u{2E80}'..='\u{2FDF}' | '\u{F900}'..='\u{FAFF}' => {
            std::iter::once(c).nfkc().collect()
        }
        // Symbol fonts put their glyphs into this part of the private use area.
        '\u{F0B7}' | '\u{F06C}' | '\u{F09F}' => vec!['•'],
        '\u{F0A7}' | '\u{F06E}' => vec!['▪'],
        '\u{F0D8}' => vec!['▶'],
        '\u{F0FC}' => vec!['✓'],
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\t' | '\r' | '\n' => {
            vec![' ']
        }
        '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}'
        | '\u{FEFF}' => Vec::new(),
        c if c.is_control() => Vec::new(),
        c => vec![c],
    }
}

/// The characters of a text string of a PDF: UTF-16 or UTF-8 with a byte order mark, otherwise
/// Latin.
pub fn text_string(bytes: &[u8]) -> Vec<char> {
    let units = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect::<Vec<_>>();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.chars().flat_map(plain_char).collect()
}

/// For fonts without a table of Unicode: the tables of their character collections, by the font's
/// name.
#[derive(Default)]
pub struct FontTables(HashMap<String, FontTable>);

struct FontTable {
    encoding: CMap,
    unicode: CMap,
}

/// The tables for the fonts of a page and of the forms on it.
pub fn tables(resources: &Resources) -> FontTables {
    /// Forms within forms.
    const MAX_DEPTH: usize = 4;
    const MAX_DICTIONARIES: usize = 500;
    let mut found = FontTables::default();
    let mut left = MAX_DICTIONARIES;
    let mut open = vec![(resources.fonts.clone(), resources.x_objects.clone(), 0)];
    while let Some((fonts, forms, depth)) = open.pop() {
        for name in fonts.keys() {
            let Some(rest) = left.checked_sub(1) else { return found };
            left = rest;
            if let Some(font) = fonts.get::<Dict>(&*name) {
                found.add(&font);
            }
        }
        for name in forms.keys() {
            let Some(rest) = left.checked_sub(1) else { return found };
            left = rest;
            let Some(form) = forms.get::<Stream>(&*name) else { continue };
            if let Some(inner) = form.dict().get::<Dict>(b"Resources")
                && depth < MAX_DEPTH
            {
                let part = |key: &[u8]| inner.get::<Dict>(key).unwrap_or_default();
                open.push((part(b"Font"), part(b"XObject"), depth + 1));
            }
        }
    }
    found
}

impl FontTables {
    /// The characters of a glyph whose font has no table of Unicode.
    pub fn unicode(&self, glyph: &PositionedGlyph, code: u32) -> Option<BfString> {
        if self.0.is_empty() {
            return None;
        }
        let Glyph::Outline(outline) = &**glyph else { return None };
        let name = outline.font_data()?.postscript_name?;
        let table = self.0.get(&name)?;
        let cid = (1..=4).find_map(|bytes| table.encoding.lookup_cid_code(code, bytes))?;
        table.unicode.lookup_bf_string(cid)
    }

    fn add(&mut self, font: &Dict) {
        if font.get::<Name>(b"Subtype").as_deref() != Some(b"Type0")
            || font.contains_key(b"ToUnicode")
        {
            return;
        }
        let Some(name) = font.get::<Name>(b"BaseFont") else { return };
        let name = without_subset_prefix(name.as_str());
        if self.0.contains_key(name) {
            return;
        }
        if let Some(table) = table(font) {
            self.0.insert(name.to_string(), table);
        }
    }
}

fn table(font: &Dict) -> Option<FontTable> {
    let encoding = match font.get::<Object>(b"Encoding")? {
        Object::Name(name) => match CMapName::from_bytes(&name) {
            CMapName::IdentityH => CMap::identity_h(),
            CMapName::IdentityV => CMap::identity_v(),
            known => CMap::parse(load_embedded(known)?, load_embedded)?,
        },
        Object::Stream(stream) => CMap::parse(&stream.decoded_data().ok()?, load_embedded)?,
        _ => return None,
    };
    let descendant = font.get::<Array>(b"DescendantFonts")?.iter::<Dict>().next()?;
    let info = descendant.get::<Dict>(b"CIDSystemInfo")?;
    let string = |key: &[u8]| info.get::<PdfString>(key).map(|text| text.as_bytes().to_vec());
    let family = CidFamily::from_registry_ordering(&string(b"Registry")?, &string(b"Ordering")?);
    let unicode = CMap::parse(load_embedded(family.ucs2_cmap()?)?, load_embedded)?;
    Some(FontTable { encoding, unicode })
}

fn without_subset_prefix(name: &str) -> &str {
    match name.split_once('+') {
        Some((prefix, rest)) if prefix.len() == 6 => rest,
        _ => name,
    }
}
