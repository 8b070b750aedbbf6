//! NumPy's archives (`.npz`), which Marian writes while it trains and OPUS-MT publishes: a zip with
//! an array for each item. Source: the module `numpy.lib.format`.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use super::item::{CHARS, FLOAT16, FLOAT32, Item, MAX_ITEMS};
use super::names;
use crate::checkpoint::byte_reader::{ByteReader, Parsed};

/// Limit of all arrays together, unpacked.
const MAX_BYTES: u64 = 4 << 30;
const MAX_DIMENSIONS: usize = 8;

/// True for the first bytes of a zip.
pub(super) fn is_npz(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// All arrays that are weights or options.
pub(super) fn items(bytes: &[u8]) -> Parsed<Vec<Item<'static>>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| e.to_string())?;
    if archive.len() as u64 > MAX_ITEMS {
        return Err(format!("{} arrays ({MAX_ITEMS} are possible)", archive.len()));
    }
    let mut left = MAX_BYTES;
    let mut items = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|e| e.to_string())?;
        let name = file.name().map_err(|e| e.to_string())?;
        let Some(name) = name.strip_suffix(".npy").map(str::to_string) else { continue };
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(|e| format!("`{name}`: {e}"))?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| format!("more than {MAX_BYTES} bytes of arrays"))?;
        items.extend(array(&name, bytes).map_err(|reason| format!("`{name}` {reason}"))?);
    }
    Ok(items)
}

/// An array as an item; `None` if it is neither a weight nor text and has another type.
fn array(name: &str, mut bytes: Vec<u8>) -> Parsed<Option<Item<'static>>> {
    let mut reader = ByteReader::new(&bytes);
    if reader.take(6)? != b"\x93NUMPY" {
        return Err("is no array of NumPy".into());
    }
    let header_bytes = match reader.take(2)?[0] {
        1 => usize::from(u16::from_le_bytes(reader.array()?)),
        2 | 3 => reader.u32()? as usize,
        other => return Err(format!("has version {other} of NumPy's format")),
    };
    let header = String::from_utf8_lossy(reader.take(header_bytes)?).into_owned();
    let item_type = match value(&header, "descr")?.trim_matches(['\'', '"']) {
        "<f4" => FLOAT32,
        "<f2" => FLOAT16,
        "|i1" | "|u1" => CHARS,
        _ if !names::is_weight(name) => return Ok(None),
        other => return Err(format!("has the type {other}; <f4 and <f2 are supported")),
    };
    if value(&header, "fortran_order")? != "False" {
        return Err("is in Fortran's order".into());
    }
    let sizes = value(&header, "shape")?;
    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape: Vec<usize> = sizes
        .map(|size| size.parse().map_err(|_| format!("has the dimension {size}")))
        .collect::<Parsed<_>>()?;
    if shape.len() > MAX_DIMENSIONS {
        return Err(format!("has {} dimensions", shape.len()));
    }
    let start = reader.position();
    bytes.drain(..start);
    Ok(Some(Item { name: name.to_string(), item_type, shape, bytes: Cow::Owned(bytes) }))
}

/// The value of a key in a header, `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`:
/// of a tuple what is in its parentheses.
fn value<'h>(header: &'h str, key: &str) -> Parsed<&'h str> {
    let missing = || format!("has no {key} in its header");
    let (_, rest) = header.split_once(&format!("'{key}':")).ok_or_else(missing)?;
    let rest = rest.trim_start();
    let (value, _) = match rest.strip_prefix('(') {
        Some(tuple) => tuple.split_once(')'),
        None => rest.split_once([',', '}']),
    }
    .ok_or_else(missing)?;
    Ok(value.trim())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// An archive of arrays: name, header without its padding, and bytes.
    fn archive(arrays: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, header, bytes) in arrays {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
            zip.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
            zip.write_all(header.as_bytes()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    const FLOATS: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";

    fn small() -> Vec<u8> {
        let chars = "{'descr': '|i1', 'fortran_order': False, 'shape': (4,), }\n";
        archive(&[
            ("Wemb.npy", FLOATS, &[0, 0, 128, 63, 0, 0, 0, 64]),
            ("special:model.yml.npy", chars, b"a: b"),
            ("history.npy", &FLOATS.replace("<f4", "<i8"), &[0; 16]),
            ("notes.txt", "", b""),
        ])
    }

    #[test]
    fn arrays_are_items_with_their_shapes() {
        let bytes = small();
        assert!(is_npz(&bytes));
        let found = items(&archive(&[("Wemb.npy", FLOATS, &[7; 8])])).unwrap();
        let [item] = found.as_slice() else { panic!("{} items", found.len()) };
        assert_eq!((item.name.as_str(), item.item_type), ("Wemb", FLOAT32));
        assert_eq!((item.shape.as_slice(), &*item.bytes), (&[1, 2][..], &[7; 8][..]));
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let refusal = |header: &str| {
            let found = items(&archive(&[("encoder_l1_ffn_W1.npy", header, &[0; 8])]));
            found.err().unwrap_or_default()
        };
        assert!(
            refusal(&FLOATS.replace("<f4", ">f8")).contains("`encoder_l1_ffn_W1` has the type >f8")
        );
        assert!(refusal(&FLOATS.replace("False", "True")).contains("Fortran"));
        assert!(refusal(&FLOATS.replace("(1, 2)", "(1, -2)")).contains("the dimension -2"));
        assert!(refusal("{}").contains("no descr"));
    }

    #[test]
    fn wrong_bytes_are_refused_or_harmless() {
        let whole = small();
        for length in 0..whole.len() {
            let _ = items(&whole[..length]);
        }
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                let _ = items(&bytes);
            }
        }
    }
}
