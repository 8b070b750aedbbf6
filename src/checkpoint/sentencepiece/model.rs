//! A strict reader of SentencePiece model files: a protobuf message with the pieces and the
//! settings of normalization and segmentation.
//!
//! Format: `sentencepiece_model.proto` of <https://github.com/google/sentencepiece>. Every length
//! is checked, nothing is allocated beyond a small multiple of the input, and a known field of a
//! wrong wire type is refused; fields that do not matter to encoding are skipped. Knows no file,
//! and no ids but the indices of the pieces.

/// Longer pieces are refused: segmentation costs the length of a text times that of the longest
/// piece. SentencePiece's own default limit is sixteen characters.
const MAX_PIECE_BYTES: usize = 1_000;

/// The number of [`PieceType::Unused`] in model files and GGUF metadata.
pub(super) const UNUSED: u64 = 5;

/// The type of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceType {
    Normal,
    /// Stands for text that no piece covers.
    Unknown,
    /// A special token such as `</s>`, which no text is encoded to.
    Control,
    /// Never split wherever it occurs.
    UserDefined,
    /// An intermediate result of BPE merges, which is split again.
    Unused,
    /// One byte of a character that no piece covers.
    Byte(u8),
}

/// The segmentation algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// The segmentation with the largest sum of scores.
    Unigram,
    /// Neighbors are merged, the best score first.
    Bpe,
    Word,
    Char,
}

/// Normalization of text before segmentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Normalization {
    /// Replacements of characters: see `charsmap.rs`. Empty if there are none.
    pub charsmap: Vec<u8>,
    /// Puts a blank before the text (or after it: `blank_last`).
    pub add_blank: bool,
    /// Removes blanks at the ends and collapses runs of blanks.
    pub collapse_blanks: bool,
    /// Writes blanks as `▁`.
    pub escape: bool,
    /// A blank belongs to the word before it.
    pub blank_last: bool,
}

impl Default for Normalization {
    fn default() -> Self {
        Self {
            charsmap: Vec::new(),
            add_blank: true,
            collapse_blanks: true,
            escape: true,
            blank_last: false,
        }
    }
}

struct Piece {
    /// Range in `SentencePieceModel::texts`.
    start: u32,
    end: u32,
    score: f32,
    piece_type: PieceType,
}

/// The contents of a model file.
pub(super) struct SentencePieceModel {
    texts: String,
    pieces: Vec<Piece>,
    /// The only piece of type `Unknown`.
    pub unknown: usize,
    pub algorithm: Algorithm,
    pub normalization: Normalization,
    /// Text that no piece covers is encoded as bytes.
    pub byte_fallback: bool,
}

impl SentencePieceModel {
    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    pub fn text(&self, piece: usize) -> &str {
        self.pieces
            .get(piece)
            .map_or("", |piece| &self.texts[piece.start as usize..piece.end as usize])
    }

    pub fn score(&self, piece: usize) -> f32 {
        self.pieces.get(piece).map_or(0.0, |piece| piece.score)
    }

    pub fn piece_type(&self, piece: usize) -> PieceType {
        self.pieces.get(piece).map_or(PieceType::Unused, |piece| piece.piece_type)
    }

    /// The first piece with this text. A linear search, for the few special tokens that are asked
    /// for by name.
    pub fn find(&self, text: &str) -> Option<usize> {
        (0..self.len()).find(|piece| self.text(*piece) == text)
    }

    /// A unigram model of pieces with their texts, scores and types.
    pub fn of_pieces<'p>(
        pieces: impl Iterator<Item = (&'p str, f32, u64)>,
        normalization: Normalization,
    ) -> Result<Self, String> {
        let mut model = Self::empty(normalization);
        for (text, score, piece_type) in pieces {
            model.push(text, score, piece_type)?;
        }
        model.byte_fallback =
            model.pieces.iter().any(|piece| matches!(piece.piece_type, PieceType::Byte(_)));
        model.check()?;
        Ok(model)
    }

    fn empty(normalization: Normalization) -> Self {
        Self {
            texts: String::new(),
            pieces: Vec::new(),
            unknown: 0,
            algorithm: Algorithm::Unigram,
            normalization,
            byte_fallback: false,
        }
    }

    /// Reads the bytes of a whole file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > u32::MAX as usize {
            return Err(format!("{} bytes are too many", bytes.len()));
        }
        let mut model = Self::empty(Normalization::default());
        let mut reader = FieldReader { bytes };
        while let Some((field, value)) = reader.next()? {
            match field {
                1 => model.piece(value.message("piece")?)?,
                2 => model.trainer(value.message("trainer_spec")?)?,
                3 => model.normalizer(value.message("normalizer_spec")?)?,
                5 => without_charsmap(value.message("denormalizer_spec")?)?,
                _ => {}
            }
        }
        model.check()?;
        Ok(model)
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<(), String> {
        let number = self.pieces.len();
        let fail = |reason: String| format!("piece {number}: {reason}");
        let (mut text, mut score, mut piece_type) = ("", 0.0, 1);
        let mut reader = FieldReader { bytes };
        while let Some((field, value)) = reader.next().map_err(fail)? {
            match field {
                1 => text = value.text("piece").map_err(fail)?,
                2 => score = value.float("score").map_err(fail)?,
                3 => piece_type = value.number("type").map_err(fail)?,
                _ => {}
            }
        }
        self.push(text, score, piece_type)
    }

    /// Adds a piece. Types are numbered as in the format, and as in GGUF files.
    fn push(&mut self, text: &str, score: f32, piece_type: u64) -> Result<(), String> {
        let number = self.pieces.len();
        let fail = |reason: String| format!("piece {number}: {reason}");
        if text.is_empty() || text.len() > MAX_PIECE_BYTES {
            return Err(fail(format!("its text is {} bytes long", text.len())));
        }
        if !score.is_finite() {
            return Err(fail(format!("its score is {score}")));
        }
        let piece_type = match piece_type {
            1 => PieceType::Normal,
            2 => PieceType::Unknown,
            3 => PieceType::Control,
            4 => PieceType::UserDefined,
            5 => PieceType::Unused,
            6 => {
                PieceType::Byte(byte_of(text).ok_or_else(|| fail(format!("`{text}` is no byte")))?)
            }
            other => return Err(fail(format!("its type is {other}"))),
        };
        let start = self.texts.len() as u32;
        self.texts.push_str(text);
        self.pieces.push(Piece { start, end: self.texts.len() as u32, score, piece_type });
        Ok(())
    }

    fn trainer(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut reader = FieldReader { bytes };
        while let Some((field, value)) = reader.next()? {
            match field {
                3 => {
                    self.algorithm = match value.number("model_type")? {
                        1 => Algorithm::Unigram,
                        2 => Algorithm::Bpe,
                        3 => Algorithm::Word,
                        4 => Algorithm::Char,
                        other => return Err(format!("model_type is {other}")),
                    }
                }
                24 => self.normalization.blank_last = value.flag("treat_whitespace_as_suffix")?,
                35 => self.byte_fallback = value.flag("byte_fallback")?,
                _ => {}
            }
        }
        Ok(())
    }

    fn normalizer(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut reader = FieldReader { bytes };
        while let Some((field, value)) = reader.next()? {
            match field {
                2 => self.normalization.charsmap = value.message("precompiled_charsmap")?.to_vec(),
                3 => self.normalization.add_blank = value.flag("add_dummy_prefix")?,
                4 => self.normalization.collapse_blanks = value.flag("remove_extra_whitespaces")?,
                5 => self.normalization.escape = value.flag("escape_whitespaces")?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The checks of the library when it loads a model. The ids in `trainer_spec` do not matter,
    /// only the types of the pieces.
    fn check(&mut self) -> Result<(), String> {
        let mut unknown =
            (0..self.len()).filter(|piece| self.piece_type(*piece) == PieceType::Unknown);
        let (first, second) = (unknown.next(), unknown.next());
        self.unknown = match (first, second) {
            (Some(piece), None) => piece,
            (None, _) => return Err("it has no piece for unknown text".into()),
            _ => return Err("it has two pieces for unknown text".into()),
        };
        let mut has_byte = [false; 256];
        for piece in &self.pieces {
            if let PieceType::Byte(byte) = piece.piece_type {
                has_byte[usize::from(byte)] = true;
            }
        }
        if self.byte_fallback != has_byte.contains(&true)
            || self.byte_fallback && has_byte.contains(&false)
        {
            let count = has_byte.iter().filter(|has| **has).count();
            return Err(format!(
                "byte_fallback is {}, but it has pieces for {count} bytes",
                self.byte_fallback
            ));
        }
        Ok(())
    }
}

/// The byte of a piece such as `<0x0A>`.
pub(super) fn byte_of(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_hex =
        digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    is_hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// Refuses a model that replaces characters of its output, which would be decoded wrongly. None is
/// published.
fn without_charsmap(bytes: &[u8]) -> Result<(), String> {
    let mut reader = FieldReader { bytes };
    while let Some((field, value)) = reader.next()? {
        if field == 2 && !value.message("precompiled_charsmap")?.is_empty() {
            return Err(
                "it changes characters of its output (denormalizer_spec), which is not supported"
                    .into(),
            );
        }
    }
    Ok(())
}

/// The value of a field, by its wire type.
#[derive(Clone, Copy)]
enum FieldValue<'b> {
    Varint(u64),
    Fixed64,
    Bytes(&'b [u8]),
    Fixed32([u8; 4]),
}

impl<'b> FieldValue<'b> {
    fn message(self, name: &str) -> Result<&'b [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(format!("{name} is of a wrong wire type")),
        }
    }

    fn text(self, name: &str) -> Result<&'b str, String> {
        std::str::from_utf8(self.message(name)?).map_err(|e| format!("{name} is not UTF-8: {e}"))
    }

    fn number(self, name: &str) -> Result<u64, String> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(format!("{name} is of a wrong wire type")),
        }
    }

    fn flag(self, name: &str) -> Result<bool, String> {
        match self.number(name)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("{name} is {other}")),
        }
    }

    fn float(self, name: &str) -> Result<f32, String> {
        match self {
            Self::Fixed32(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(format!("{name} is of a wrong wire type")),
        }
    }
}

/// The fields of one message, in order.
struct FieldReader<'b> {
    bytes: &'b [u8],
}

impl<'b> FieldReader<'b> {
    fn next(&mut self) -> Result<Option<(u64, FieldValue<'b>)>, String> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let (field, wire) = (key >> 3, key & 7);
        if field == 0 || field >= 1 << 29 {
            return Err(format!("there is no field {field}: it is not a SentencePiece model"));
        }
        let value = match wire {
            0 => FieldValue::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                FieldValue::Fixed64
            }
            2 => {
                let length = self.varint()?;
                FieldValue::Bytes(self.take(length)?)
            }
            5 => match self.take(4)? {
                [a, b, c, d] => FieldValue::Fixed32([*a, *b, *c, *d]),
                _ => return Err(cut_short()),
            },
            other => return Err(format!("field {field} is of wire type {other}")),
        };
        Ok(Some((field, value)))
    }

    fn take(&mut self, length: u64) -> Result<&'b [u8], String> {
        if length > self.bytes.len() as u64 {
            return Err(cut_short());
        }
        let (taken, rest) = self.bytes.split_at(length as usize);
        self.bytes = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0;
        for place in 0..10 {
            let (byte, rest) = self.bytes.split_first().ok_or_else(cut_short)?;
            self.bytes = rest;
            // Only one bit of the tenth byte fits into 64.
            if place == 9 && *byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number is longer than 64 bits".into())
    }
}

fn cut_short() -> String {
    "it is cut short, or not a SentencePiece model".into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A field of a message, well-formed or not.
    pub fn field(number: u32, wire: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = varint(u64::from(number) << 3 | u64::from(wire));
        if wire == 2 {
            bytes.extend(varint(payload.len() as u64));
        }
        bytes.extend(payload);
        bytes
    }

    pub fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    pub fn piece(text: &str, score: f32, piece_type: u64) -> Vec<u8> {
        let inner = [
            field(1, 2, text.as_bytes()),
            field(2, 5, &score.to_le_bytes()),
            field(3, 0, &varint(piece_type)),
        ];
        field(1, 2, &inner.concat())
    }

    /// A trainer_spec with one number.
    pub fn trainer(number: u32, value: u64) -> Vec<u8> {
        field(2, 2, &field(number, 0, &varint(value)))
    }

    pub fn small() -> Vec<u8> {
        let pieces = [
            piece("<unk>", 0.0, 2),
            piece("</s>", 0.0, 3),
            piece("▁", -1.5, 1),
            piece("a", -2.0, 1),
        ];
        [pieces.concat(), trainer(3, 1)].concat()
    }

    fn refused(bytes: &[u8], reason: &str) {
        let given = SentencePieceModel::parse(bytes).err().unwrap();
        assert!(given.contains(reason), "{given}");
    }

    #[test]
    fn a_small_model_is_read() {
        let model = SentencePieceModel::parse(&small()).unwrap();
        assert_eq!((model.len(), model.unknown, model.algorithm), (4, 0, Algorithm::Unigram));
        assert_eq!(
            (model.text(2), model.score(2), model.piece_type(1)),
            ("▁", -1.5, PieceType::Control)
        );
        assert_eq!(model.normalization, Normalization::default());
        assert_eq!(model.find("a"), Some(3));
    }

    #[test]
    fn unknown_fields_are_skipped_and_fields_may_come_in_any_order() {
        let spec =
            [field(3, 0, &[0]), field(2, 2, b"1234"), field(99, 5, &[0; 4]), field(6, 2, b"rules")];
        let more = [field(3, 2, &spec.concat()), field(300, 1, &[7; 8]), trainer(24, 1), small()];
        let model = SentencePieceModel::parse(&more.concat()).unwrap();
        let wanted = Normalization {
            charsmap: b"1234".to_vec(),
            add_blank: false,
            blank_last: true,
            ..Normalization::default()
        };
        assert_eq!(model.normalization, wanted);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_or_still_whole_fields() {
        let whole = small();
        for length in 0..whole.len() {
            if let Ok(model) = SentencePieceModel::parse(&whole[..length]) {
                assert!(model.len() <= 4, "{length}");
            }
        }
        refused(&whole[..whole.len() - 1], "cut short");
        refused(&[], "no piece for unknown text");
    }

    #[test]
    fn every_byte_may_be_wrong() {
        let whole = small();
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let _ = SentencePieceModel::parse(&bytes);
            }
        }
    }

    #[test]
    fn lengths_beyond_the_file_are_refused() {
        for length in [5, 1 << 31, 1 << 32, u64::MAX >> 1, u64::MAX] {
            let bytes = [varint(1 << 3 | 2), varint(length), vec![0; 4]].concat();
            refused(&bytes, "cut short");
            // The same in a nested message.
            let inner = [varint(1 << 3 | 2), varint(length), vec![b'a'; 4]].concat();
            refused(&field(1, 2, &inner), "cut short");
        }
        refused(&[0xff; 11], "64 bits");
    }

    #[test]
    fn wrong_wire_types_are_refused() {
        refused(&field(1, 0, &[1]), "piece is of a wrong wire type");
        refused(&field(2, 5, &[0; 4]), "trainer_spec is of a wrong wire type");
        refused(&field(1, 2, &field(1, 0, &[1])), "piece 0: piece is of a wrong wire type");
        refused(&field(1, 2, &field(2, 1, &[0; 8])), "score is of a wrong wire type");
        refused(&field(1, 2, &field(3, 2, b"1")), "type is of a wrong wire type");
        refused(&field(2, 2, &field(3, 2, b"1")), "model_type is of a wrong wire type");
        refused(&field(3, 2, &field(2, 0, &[1])), "precompiled_charsmap is of a wrong wire type");
        for wire in [3, 4, 6, 7] {
            refused(&field(9, wire, &[]), "is of wire type");
        }
        refused(&[0x02, 0x00], "there is no field 0");
    }

    #[test]
    fn pieces_that_cannot_be_are_refused() {
        let with = |piece: Vec<u8>| [small(), piece].concat();
        refused(&with(piece("", 0.0, 1)), "piece 4: its text is 0 bytes");
        refused(&with(piece(&"a".repeat(1001), 0.0, 1)), "its text is 1001 bytes");
        refused(&with(piece("b", f32::NAN, 1)), "its score is NaN");
        refused(&with(piece("b", 0.0, 7)), "its type is 7");
        refused(&with(piece("b", 0.0, 2)), "two pieces for unknown text");
        refused(&with(piece("b", 0.0, 6)), "`b` is no byte");
        refused(&with(piece("<0x0A>", 0.0, 6)), "byte_fallback is false");
        refused(&with([piece("<0x0A>", 0.0, 6), trainer(35, 1)].concat()), "pieces for 1 bytes");
        refused(&with(field(1, 2, &field(1, 2, &[0xff]))), "not UTF-8");
        refused(&with(trainer(3, 5)), "model_type is 5");
        refused(&with(field(5, 2, &field(2, 2, b"x"))), "denormalizer_spec");
    }
}
