//! Writes HWP 5 for tests: files of our own in the shapes that Hangul writes.

use std::io::{Cursor, Write as _};
use std::time::SystemTime;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt as _, KeyInit as _};

use super::distribution::mask;
use super::records::{self, PARAGRAPH_HEADER, PARAGRAPH_SHAPE, PARAGRAPH_TEXT, STYLE};

/// A record; more than 4094 bytes of data have a length of four bytes.
pub(in crate::formats) fn record(tag: u16, level: u16, data: &[u8]) -> Vec<u8> {
    let short = data.len().min(0xFFF) as u32;
    let header = u32::from(tag) | u32::from(level) << 10 | short << 20;
    let mut bytes = header.to_le_bytes().to_vec();
    if short == 0xFFF {
        bytes.extend((data.len() as u32).to_le_bytes());
    }
    bytes.extend(data);
    bytes
}

/// The stream `FileHeader` of version 5.1.0.0 with these properties.
pub(super) fn file_header(properties: u32) -> Vec<u8> {
    let mut bytes = b"HWP Document File".to_vec();
    bytes.resize(32, 0);
    bytes.extend(0x0501_0000_u32.to_le_bytes());
    bytes.extend(properties.to_le_bytes());
    bytes.resize(256, 0);
    bytes
}

/// A property set with dates of creation and of the last change, in units of 100 ns since 1601.
pub(super) fn properties(created: u64, saved: u64) -> Vec<u8> {
    let mut bytes = vec![0xFE, 0xFF, 0, 0, 6, 0, 2, 0];
    const NAME: [u8; 16] = *b"\x60\xB6\xA2\x9F\x61\x10\xD4\x11\xB4\xC6\x00\x60\x97\xC0\x9D\x8C";
    // Class and number of sets; name and offset of the first.
    bytes.extend(NAME);
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(NAME);
    bytes.extend(48_u32.to_le_bytes());
    for word in [48, 2, 12, 24, 13, 36_u32] {
        bytes.extend(word.to_le_bytes());
    }
    for time in [created, saved] {
        bytes.extend(0x40_u32.to_le_bytes());
        bytes.extend(time.to_le_bytes());
    }
    bytes
}

/// A text after its length in UTF-16 units.
fn string(words: &str) -> Vec<u8> {
    let units: Vec<u16> = words.encode_utf16().collect();
    [units.len() as u16].iter().chain(&units).flat_map(|unit| unit.to_le_bytes()).collect()
}

/// A paragraph.
#[derive(Default)]
pub(super) struct Paragraph {
    style: u8,
    shape: u16,
    /// Text with control characters, in UTF-16.
    text: Vec<u16>,
    controls: Vec<Control>,
}

/// A control in a paragraph.
pub(super) enum Control {
    /// Settings of the section, with the paragraphs of a master page.
    Section(Vec<Paragraph>),
    /// Rows of cells, and a caption.
    Table(Vec<Vec<Vec<Paragraph>>>, Vec<Paragraph>),
    /// A rectangle with text and a caption.
    TextBox(Vec<Paragraph>, Vec<Paragraph>),
    /// Rectangles with text that are one object.
    Group(Vec<Vec<Paragraph>>),
    /// A picture with a caption.
    Picture(Vec<Paragraph>),
    Equation,
    /// A control that is a list of paragraphs, by its name: header, footer, note, comment.
    List(&'static [u8; 4], Vec<Paragraph>),
    /// A field, by its name; it ends with a character of its own.
    Field(&'static [u8; 4]),
    /// Text with other text above.
    Ruby(&'static str, &'static str),
    /// Characters in a frame, which is the first of them.
    Composed(&'static str),
    /// A number of a kind: 1 for a footnote, 3 for a figure, 4 for a table.
    Number(u32, u16),
}

/// A paragraph of words; a tab and a line break are control characters.
pub(super) fn p(words: &str) -> Paragraph {
    Paragraph::default().words(words)
}

impl Paragraph {
    pub(super) fn words(mut self, words: &str) -> Self {
        for unit in words.encode_utf16() {
            match unit {
                9 => self.text.extend([9, 4000, 0, 0, 0, 0, 0, 9]),
                unit => self.text.push(unit),
            }
        }
        self
    }

    pub(super) fn styled(self, style: u8, shape: u16) -> Self {
        Self { style, shape, ..self }
    }

    pub(super) fn unit(mut self, unit: u16) -> Self {
        self.text.push(unit);
        self
    }

    pub(super) fn field_end(mut self) -> Self {
        self.text.extend([4, 0, 0, 0, 0, 0, 0, 4]);
        self
    }

    pub(super) fn with(mut self, control: Control) -> Self {
        let unit = match control {
            Control::Section(_) => 2,
            Control::Field(_) => 3,
            Control::List(b"tcmt", _) => 15,
            Control::List(b"head" | b"foot", _) => 16,
            Control::List(..) => 17,
            Control::Number(..) => 18,
            Control::Ruby(..) | Control::Composed(_) => 23,
            _ => 11,
        };
        let name = control.name();
        let [a, b] = [[name[3], name[2]], [name[1], name[0]]].map(u16::from_le_bytes);
        self.text.extend([unit, a, b, 0, 0, 0, 0, unit]);
        self.controls.push(control);
        self
    }

    /// The records of the paragraph at a level of nesting.
    pub(super) fn records(&self, level: u16, last: bool) -> Vec<u8> {
        let units = self.text.len() as u32 + 1;
        let mut header = (units | u32::from(last) << 31).to_le_bytes().to_vec();
        let mask: u32 = if self.controls.is_empty() { 0 } else { 1 << 11 };
        header.extend(mask.to_le_bytes());
        header.extend(self.shape.to_le_bytes());
        header.extend([self.style, 0]);
        // One run of characters, no range tags, one line, no identifier, no merging.
        for number in [1_u16, 0, 1, 0, 0, 0] {
            header.extend(number.to_le_bytes());
        }
        let mut bytes = record(PARAGRAPH_HEADER, level, &header);
        if units > 1 {
            let text: Vec<u8> =
                self.text.iter().chain(&[13]).flat_map(|unit| unit.to_le_bytes()).collect();
            bytes.extend(record(PARAGRAPH_TEXT, level + 1, &text));
        }
        bytes.extend(record(PARAGRAPH_TEXT + 1, level + 1, &[0; 8]));
        bytes.extend(record(PARAGRAPH_TEXT + 2, level + 1, &[0; 36]));
        for control in &self.controls {
            bytes.extend(control.records(level + 1));
        }
        bytes
    }
}

/// The records of paragraphs, the last of which is marked.
pub(super) fn list(paragraphs: &[Paragraph], level: u16) -> Vec<u8> {
    let last = paragraphs.len().saturating_sub(1);
    let marked = paragraphs.iter().enumerate().map(|(at, paragraph)| (paragraph, at == last));
    marked.flat_map(|(paragraph, last)| paragraph.records(level, last)).collect()
}

/// The records of a list of paragraphs with its header.
fn headed(paragraphs: &[Paragraph], level: u16, rest: &[u8]) -> Vec<u8> {
    let mut header = (paragraphs.len() as u32).to_le_bytes().to_vec();
    header.extend([0; 4]);
    header.extend(rest);
    [record(records::LIST_HEADER, level, &header), list(paragraphs, level)].concat()
}

impl Control {
    fn name(&self) -> [u8; 4] {
        match self {
            Self::Section(_) => *b"secd",
            Self::Table(..) => *b"tbl ",
            Self::TextBox(..) | Self::Group(_) | Self::Picture(_) => *b"gso ",
            Self::Equation => *b"eqed",
            Self::List(name, _) | Self::Field(name) => **name,
            Self::Ruby(..) => *b"tdut",
            Self::Composed(_) => *b"tcps",
            Self::Number(..) => *b"atno",
        }
    }

    fn records(&self, level: u16) -> Vec<u8> {
        let mut header: Vec<u8> = self.name().iter().rev().copied().collect();
        match self {
            Self::Section(_) => header.extend([0; 43]),
            Self::Ruby(main, sub) => {
                header.extend([string(main), string(sub), vec![0; 20]].concat());
            }
            Self::Composed(words) => header.extend([string(words), vec![1, 0, 0, 0]].concat()),
            Self::Number(kind, number) => {
                header.extend(kind.to_le_bytes());
                header.extend(number.to_le_bytes());
                header.extend([0; 6]);
            }
            Self::Table(..) | Self::TextBox(..) | Self::Group(_) | Self::Picture(_) => {
                header.extend([0; 42]);
            }
            _ => header.extend([0; 8]),
        }
        let mut bytes = record(records::CONTROL_HEADER, level, &header);
        let inside = level + 1;
        let rectangle = |paragraphs: &[Paragraph], level: u16| {
            let mut shape =
                record(records::SHAPE_COMPONENT, level, &[&b"cer$cer$"[..], &[0; 188]].concat());
            if !paragraphs.is_empty() {
                shape.extend(headed(paragraphs, level + 1, &[0; 12]));
            }
            shape.extend(record(records::SHAPE_COMPONENT + 3, level + 1, &[0; 33]));
            shape
        };
        match self {
            Self::Section(master) => {
                bytes.extend(record(records::LIST_HEADER + 1, inside, &[0; 40]));
                if !master.is_empty() {
                    bytes.extend(headed(master, inside, &[0; 10]));
                }
            }
            Self::Table(rows, caption) => {
                if !caption.is_empty() {
                    bytes.extend(headed(caption, inside, &[0; 14]));
                }
                let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
                let mut table = 0_u32.to_le_bytes().to_vec();
                let sizes = [rows.len(), columns, 0, 0, 0, 0, 0];
                let per_row = rows.iter().map(Vec::len).chain([1, 0]);
                table.extend(
                    sizes.into_iter().chain(per_row).flat_map(|size| (size as u16).to_le_bytes()),
                );
                bytes.extend(record(records::LIST_HEADER + 5, inside, &table));
                for (row, cells) in rows.iter().enumerate() {
                    for (column, cell) in cells.iter().enumerate() {
                        let place = [column, row, 1, 1].map(|number| (number as u16).to_le_bytes());
                        let rest = [&place.concat()[..], &[0; 18], &[1, 0]].concat();
                        bytes.extend(headed(cell, inside, &rest));
                    }
                }
            }
            Self::TextBox(paragraphs, caption) => {
                if !caption.is_empty() {
                    bytes.extend(headed(caption, inside, &[0; 14]));
                }
                bytes.extend(rectangle(paragraphs, inside));
            }
            Self::Group(boxes) => {
                let group = [&b"noc$noc$"[..], &[0; 188]].concat();
                bytes.extend(record(records::SHAPE_COMPONENT, inside, &group));
                for paragraphs in boxes {
                    bytes.extend(rectangle(paragraphs, inside + 1));
                }
            }
            Self::Picture(caption) => {
                if !caption.is_empty() {
                    bytes.extend(headed(caption, inside, &[0; 14]));
                }
                let picture = [&b"cip$cip$"[..], &[0; 188]].concat();
                bytes.extend(record(records::SHAPE_COMPONENT, inside, &picture));
                bytes.extend(record(records::SHAPE_COMPONENT + 9, inside + 1, &[0; 91]));
            }
            Self::Equation => {
                let script = [vec![0; 4], string("a over b")].concat();
                bytes.extend(record(records::SHAPE_COMPONENT + 12, inside, &script));
            }
            // Size of the area, and which lists refer to it.
            Self::List(b"head" | b"foot", paragraphs) => {
                bytes.extend(headed(paragraphs, inside, &[0; 26]));
            }
            Self::List(_, paragraphs) => bytes.extend(headed(paragraphs, inside, &[0; 8])),
            _ => {}
        }
        bytes
    }
}

/// A section, whose first paragraph also holds the settings.
pub(super) fn section(paragraphs: Vec<Paragraph>) -> Vec<u8> {
    let settings = Paragraph::default().with(Control::Section(vec![p("바탕쪽 글")]));
    list(&std::iter::once(settings).chain(paragraphs).collect::<Vec<_>>(), 0)
}

/// `DocInfo` with these styles: Korean name, English name. Paragraph shape 1 is the first level of
/// an outline.
pub(super) fn doc_info(styles: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = record(16, 0, &[&[1, 0][..], &[1, 0].repeat(6), &[0; 12]].concat());
    // Numbers of fonts in seven scripts, borders, character shapes, tabs, lists, shapes, styles.
    let mut counts = vec![0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 2, styles.len() as u32];
    counts.resize(18, 0);
    bytes.extend(record(17, 0, &counts.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>()));
    for _ in 0..7 {
        bytes.extend(record(19, 1, &[vec![0], string("바탕")].concat()));
    }
    bytes.extend(record(20, 1, &[0; 40]));
    bytes.extend(record(
        21,
        1,
        &[&[0; 14][..], &[100; 7], &[0; 7], &[100; 7], &[0; 7], &1000_u32.to_le_bytes(), &[0; 26]]
            .concat(),
    ));
    for bits in [0_u32, 1 << 23] {
        bytes.extend(record(PARAGRAPH_SHAPE, 1, &[&bits.to_le_bytes()[..], &[0; 50]].concat()));
    }
    for (name, english) in styles {
        bytes.extend(record(STYLE, 1, &[string(name), string(english), vec![0; 10]].concat()));
    }
    bytes
}

/// A document: properties of the header and streams before they are packed.
pub(super) struct Hwp {
    pub bits: u32,
    pub doc_info: Vec<u8>,
    pub body: Vec<Vec<u8>>,
    pub view: Vec<Vec<u8>>,
}

impl Hwp {
    /// A packed document of one section.
    pub(super) fn of(paragraphs: Vec<Paragraph>) -> Self {
        let styles = [("바탕글", "Normal"), ("제목", ""), ("개요 1", "Outline 1")];
        let body = vec![section(paragraphs)];
        Self { bits: 1, doc_info: doc_info(&styles), body, view: Vec::new() }
    }

    /// The file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let pack = |bytes: &[u8]| if self.bits & 1 == 1 { deflated(bytes) } else { bytes.to_vec() };
        let mut streams = vec![
            ("/FileHeader".to_string(), file_header(self.bits)),
            ("/DocInfo".to_string(), pack(&self.doc_info)),
            // 2026-01-07 01:30:00 UTC.
            (super::properties::STREAM.to_string(), properties(134_122_230_000_000_000, 0)),
        ];
        for (at, section) in self.body.iter().enumerate() {
            streams.push((format!("/BodyText/Section{at}"), pack(section)));
        }
        for (at, section) in self.view.iter().enumerate() {
            let packed = pack(section);
            let content = if self.bits & 4 == 4 { encrypted(&packed, 0x2026) } else { packed };
            streams.push((format!("/ViewText/Section{at}"), content));
        }
        container(&streams)
    }
}

/// A compound file with these streams. Its dates are fixed, so that it is always the same.
pub(super) fn container(streams: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (path, bytes) in streams {
        if let Some((storage, _)) = path.rsplit_once('/').filter(|(storage, _)| !storage.is_empty())
            && !file.exists(storage)
        {
            file.create_storage(storage).unwrap();
            file.set_created_time(storage, SystemTime::UNIX_EPOCH).unwrap();
            file.set_modified_time(storage, SystemTime::UNIX_EPOCH).unwrap();
        }
        file.create_stream(path).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The stream of a distribution document: the record with the key, and the encrypted content.
pub(super) fn encrypted(content: &[u8], seed: u32) -> Vec<u8> {
    let mask = mask(seed);
    let mut data: Vec<u8> =
        (0..=255_u8).map(|at| at.wrapping_mul(37) ^ mask[usize::from(at)]).collect();
    data[..4].copy_from_slice(&seed.to_le_bytes());
    let start = 4 + (seed & 0xF) as usize;
    let key: [u8; 16] = std::array::from_fn(|at| ((start + at) as u8).wrapping_mul(37));
    let cipher = Aes128::new(&Array::from(key));
    let mut bytes = content.to_vec();
    bytes.resize(content.len().next_multiple_of(16), 0);
    for block in bytes.chunks_exact_mut(16) {
        cipher.encrypt_block(<&mut Array<u8, _>>::try_from(block).unwrap());
    }
    [record(records::DISTRIBUTION_DATA, 0, &data), bytes].concat()
}
