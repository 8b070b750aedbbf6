//! What a small file can make grow without limit, refused before its pages are read.

use std::io::Read;
use std::time::{Duration, Instant};

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Array, Dict, MaybeRef, Number, Object};

/// Limit on what one compressed stream unpacks to, in bytes.
const MAX_STREAM: u64 = 256 << 20;
/// The same for a stream of objects.
const MAX_OBJECTS: u64 = 64 << 20;
/// What is unpacked of all streams to look at them, in bytes.
const MAX_ALL: u64 = 2 << 30;
/// Compressions of one stream upon another; programs write one.
const MAX_LAYERS: usize = 4;
/// Other compressions, and how many times as long as its bytes a stream of each can become.
const OTHER_FILTERS: &[(&[u8], u64)] = &[
    (b"/LZWDecode", 1400),
    (b"/LZW ", 1400),
    (b"/RunLengthDecode", 64),
    (b"/BrotliDecode", 100_000),
];
/// Characters that a line of a font's table of widths may stand for.
const MAX_RANGE: i64 = 0x1_0000;
/// Objects within objects that are looked at.
const MAX_DEPTH: usize = 16;
/// Time for the objects of a document.
const TIME: Duration = Duration::from_secs(10);

/// Refuses a file with a stream that unpacks to far more than a page of text.
pub fn check_bytes(bytes: &[u8]) -> Result<(), String> {
    const KEYWORD: &[u8] = b"stream";
    check_pages(bytes)?;
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
        if before.ends_with(b"end") || has(dictionary, b"/Image") {
            continue;
        }
        let holds_objects = has(dictionary, b"/ObjStm");
        let limit = if holds_objects { MAX_OBJECTS } else { MAX_STREAM };
        let too_long = || {
            let megabytes = limit >> 20;
            format!(
                "has a stream that unpacks to more than {megabytes} MB, which no page of text needs"
            )
        };
        let content = &bytes[start..];
        let other = OTHER_FILTERS.iter().find(|(name, _)| has(dictionary, name));
        if let Some((_, growth)) = other {
            let length = places(content, b"endstream").next().unwrap_or(content.len());
            if (length as u64).saturating_mul(*growth) > limit {
                return Err(too_long());
            }
        }
        let layers = places(dictionary, b"/FlateDecode").count().max(1);
        if layers > MAX_LAYERS {
            return Err("is damaged: a stream is compressed again and again".into());
        }
        let mut objects = Vec::new();
        for layer in 1..=layers {
            let unpack =
                |inner: Box<dyn Read>| Box::new(flate2::read::ZlibDecoder::new(inner)) as _;
            let mut content: Box<dyn Read> =
                (0..layer).fold(Box::new(content), |inner, _| unpack(inner));
            let mut unpacked = 0;
            while let Ok(count @ 1..) = content.read(&mut buffer) {
                unpacked += count as u64;
                if unpacked > limit {
                    return Err(too_long());
                }
                if holds_objects && layer == layers {
                    objects.extend_from_slice(&buffer[..count]);
                }
            }
            left = left.saturating_sub(unpacked);
        }
        check_pages(&objects)?;
        if left == 0 {
            return Err(format!("unpacks to more than {} MB", MAX_ALL >> 20));
        }
    }
    Ok(())
}

fn has(bytes: &[u8], name: &[u8]) -> bool {
    places(bytes, name).next().is_some()
}

/// Refuses pages that are written within their list: millions of them would be a few bytes each.
fn check_pages(bytes: &[u8]) -> Result<(), String> {
    let mut seen = 0;
    for at in places(bytes, b"/Kids") {
        // A list within one that was looked through is not looked through again.
        if at < seen {
            continue;
        }
        let list = bytes[at + 5..].trim_ascii_start();
        let Some(list) = list.strip_prefix(b"[") else { continue };
        let end = list.iter().position(|byte| matches!(byte, b']' | b'<'));
        if end.is_some_and(|end| list[end] == b'<') {
            return Err("is damaged: the list of its pages holds no references".into());
        }
        seen = bytes.len() - list.len() + end.unwrap_or(list.len());
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
            _ => {}
        }
    }
    Ok(())
}

fn dictionary(dict: &Dict, depth: usize) -> Result<(), String> {
    for key in [b"W".as_slice(), b"W2"] {
        if let Some(array) = dict.get::<Array>(key) {
            widths(&array)?;
        }
    }
    if depth == MAX_DEPTH {
        return Ok(());
    }
    for (_, value) in dict.entries() {
        match value {
            MaybeRef::NotRef(Object::Dict(inner)) => dictionary(&inner, depth + 1)?,
            MaybeRef::NotRef(Object::Array(array)) => {
                for item in array.raw_iter() {
                    if let MaybeRef::NotRef(Object::Dict(inner)) = item {
                        dictionary(&inner, depth + 1)?;
                    }
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
    for item in array.iter::<Object>() {
        let number = match item {
            Object::Number(number) => Some(Number::as_i64(&number)),
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
