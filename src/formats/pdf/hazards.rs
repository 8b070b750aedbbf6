//! What a small file can make grow without limit, refused before its pages are read.

use std::io::Read as _;
use std::time::{Duration, Instant};

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Array, Dict, MaybeRef, Number, Object};

/// Limit on what one compressed stream unpacks to, in bytes.
const MAX_STREAM: u64 = 256 << 20;
/// What is unpacked of all streams to look at them, in bytes.
const MAX_ALL: u64 = 2 << 30;
/// Characters that a line of a font's table of widths may stand for.
const MAX_RANGE: i64 = 0x1_0000;
/// Objects within objects that are looked at.
const MAX_DEPTH: usize = 16;
/// Time for the objects of a document.
const TIME: Duration = Duration::from_secs(10);

/// Refuses a file with a stream that unpacks to far more than a page of text.
pub fn check_bytes(bytes: &[u8]) -> Result<(), String> {
    const KEYWORD: &[u8] = b"stream";
    let mut left = MAX_ALL;
    let mut buffer = vec![0; 1 << 16];
    for at in places(bytes, KEYWORD) {
        let start = at + KEYWORD.len();
        let start = match bytes.get(start..) {
            Some([b'\r', b'\n', ..]) => start + 2,
            Some([b'\r' | b'\n', ..]) => start + 1,
            _ => continue,
        };
        // "endstream" does not begin a stream; pictures are not unpacked.
        let before = &bytes[at.saturating_sub(600)..at];
        let start_of = before.windows(4).rposition(|four| four == b" obj").unwrap_or(0);
        let dictionary = &before[start_of..];
        if before.ends_with(b"end") || dictionary.windows(6).any(|six| six == b"/Image") {
            continue;
        }
        let mut decoder = flate2::read::ZlibDecoder::new(&bytes[start..]);
        let mut unpacked = 0;
        while let Ok(count @ 1..) = decoder.read(&mut buffer) {
            unpacked += count as u64;
            if unpacked > MAX_STREAM {
                return Err(format!(
                    "has a stream that unpacks to more than {} MB, which no page of text needs",
                    MAX_STREAM >> 20
                ));
            }
        }
        left = left.saturating_sub(unpacked);
        if left == 0 {
            return Err(format!("unpacks to more than {} MB", MAX_ALL >> 20));
        }
    }
    Ok(())
}

/// Places of a keyword.
fn places<'b>(bytes: &'b [u8], keyword: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(from..)?;
        let at = rest.windows(keyword.len()).position(|part| part == keyword)?;
        from += at + keyword.len();
        Some(from - keyword.len())
    })
}

/// Refuses a document with a table of widths for billions of characters.
pub fn check_objects(pdf: &Pdf) -> Result<(), String> {
    let deadline = Instant::now() + TIME;
    for object in pdf.objects() {
        if Instant::now() > deadline {
            return Err("has too many objects to be looked through".into());
        }
        match &object {
            Object::Dict(dict) => dictionary(dict, 0)?,
            Object::Stream(stream) => dictionary(stream.dict(), 0)?,
            Object::Array(array) => widths(array)?,
            _ => {}
        }
    }
    Ok(())
}

fn dictionary(dict: &Dict, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    for (name, value) in dict.entries() {
        match value {
            MaybeRef::NotRef(Object::Dict(inner)) => dictionary(&inner, depth + 1)?,
            MaybeRef::NotRef(Object::Array(array)) if &*name == b"W" || &*name == b"W2" => {
                widths(&array)?
            }
            MaybeRef::NotRef(Object::Array(array)) if &*name == b"DescendantFonts" => {
                for inner in array.iter::<Dict>() {
                    dictionary(&inner, depth + 1)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks the ranges of a table of widths: first, last, width.
fn widths(array: &Array) -> Result<(), String> {
    let mut last: Option<i64> = None;
    for item in array.raw_iter() {
        let number = match item {
            MaybeRef::NotRef(Object::Number(number)) => Some(Number::as_i64(&number)),
            _ => None,
        };
        if let (Some(first), Some(last)) = (last, number)
            && last.saturating_sub(first) > MAX_RANGE
        {
            return Err("is damaged: a font has widths for more characters than there are".into());
        }
        last = number;
    }
    Ok(())
}
