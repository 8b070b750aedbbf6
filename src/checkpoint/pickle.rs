//! PyTorch checkpoints (`pytorch_model.bin`, and sharded sets with their index), read without
//! running them, and written anew as safetensors.
//!
//! Format: <https://docs.pytorch.org/docs/stable/notes/serialization.html>: a zip archive (`archive.rs`) of a pickle that says which
//! tensors there are (`machine.rs`) and of their storages, one entry each. A pickle is a program
//! and unpickling runs it; here it is only looked at, and one that asks for anything but tensors is
//! refused with what it asks for. Tensors are views of storages: any strides are read that stay
//! within theirs.
//!
//! Knows names and bytes; knows no architecture. Refuses to know the form that torch had before
//! 1.6, big-endian files, sparse and quantized tensors, and training checkpoints, whose tensors are
//! deeper in.

mod archive;
mod known;
mod machine;
mod writing;

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use self::known::Dtype;
use self::machine::{Dimension, Parsed, shown};
use super::cache::derived::{Derivation, DerivedFile};
use super::safetensors;
use crate::error::{Error, Result};
use crate::files::MappedFile;

const SINGLE: &str = "pytorch_model.bin";
/// Version of the form in which the tensors are written.
const RECIPE: &str = "1";
const INDEX: &str = "pytorch_model.bin.index.json";
/// Tensors of all files together: a header within the limit of safetensors.
const MAX_TENSORS: usize = 65_536;
/// How much larger than the files their tensors may be, written out: tied ones are written under
/// each of their names, and models have up to four for their embeddings.
const MOST_TIMES: u64 = 8;

/// A tensor whose every element is in the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Tensor<'b> {
    name: &'b str,
    dtype: Dtype,
    dimensions: Box<[Dimension]>,
    /// Bytes of the file, from its first element to its last.
    range: Range<usize>,
}

/// Whether a folder has weights in this form.
pub(crate) fn is_in(folder: &Path) -> bool {
    folder.join(SINGLE).exists() || folder.join(INDEX).exists()
}

/// A safetensors file with the weights of a folder: the one that is kept, or a new one. What cannot
/// be written is an error; nothing is left behind then.
///
/// Tensors that share their storage are written once for each name: safetensors has no second
/// names, and which of them a network asks for is not known here.
pub fn convert(folder: &Path, cache: &Path) -> Result<PathBuf> {
    converted(folder, cache).map(|file| file.path().to_path_buf())
}

/// The same, mapped.
pub(super) fn converted(folder: &Path, cache: &Path) -> Result<MappedFile> {
    let files =
        paths(folder)?.iter().map(|path| MappedFile::open(path)).collect::<Result<Vec<_>>>()?;
    let derivation =
        Derivation { model: folder, label: "", extension: "safetensors", recipe: RECIPE };
    let mut derived = DerivedFile::new(&derivation, &files, cache)?;
    if let Some(file) = derived.open() {
        return Ok(file);
    }
    let mut plan = writing::Plan::default();
    let mut names = HashSet::new();
    for file in &files {
        let fail = |reason: String| Error::malformed(file.path(), reason);
        for tensor in parse(file.bytes()).map_err(fail)? {
            if !names.insert(tensor.name) {
                return Err(fail(format!("tensor `{}` is in two files", shown(tensor.name))));
            }
            plan.add(file, tensor);
        }
    }
    let size = files.iter().map(|file| file.bytes().len() as u64).sum::<u64>();
    if names.len() > MAX_TENSORS || plan.bytes() > size.saturating_mul(MOST_TIMES) {
        let reason = format!(
            "its {} tensors would take {} bytes, of files of {size}: they are not what they say",
            names.len(),
            plan.bytes()
        );
        return Err(Error::malformed(folder, reason));
    }
    std::fs::create_dir_all(cache).map_err(|e| Error::io("create", cache, e))?;
    let written = derived.write(&files, |out| plan.write(out));
    written.map_err(|e| Error::io("write", derived.path(), e))?;
    MappedFile::open(derived.path())
}

/// The files of a folder.
fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let (single, index) = (folder.join(SINGLE), folder.join(INDEX));
    // As for safetensors: an index may be left from weights that were split.
    if single.exists() || !index.exists() {
        return Ok(vec![single]);
    }
    let text = std::fs::read(&index).map_err(|e| Error::io("read", &index, e))?;
    let names = safetensors::index_names(&text, ".bin")
        .map_err(|reason| Error::malformed(&index, reason))?;
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// The tensors in the bytes of a whole file. The fuzz target calls this.
pub(crate) fn parse(bytes: &[u8]) -> Parsed<Vec<Tensor<'_>>> {
    let archive = archive::open(bytes)?;
    let described = machine::tensors(archive.pickle)?;
    let mut tensors = Vec::with_capacity(described.len());
    for tensor in described {
        let name = shown(tensor.name);
        let storage = archive.storages.get(tensor.key).cloned();
        let placed = storage.ok_or_else(|| "has no storage in the archive".to_string());
        let placed = placed.and_then(|storage| place(tensor, storage));
        tensors.push(placed.map_err(|reason| format!("tensor `{name}` {reason}"))?);
    }
    let mut names: Vec<&str> = tensors.iter().map(|tensor| tensor.name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("tensor `{}` is given twice", shown(pair[0]))),
        None => Ok(tensors),
    }
}

/// Finds a tensor's bytes in its storage's.
fn place(tensor: machine::Tensor<'_>, storage: Range<usize>) -> Parsed<Tensor<'_>> {
    let machine::Tensor { name, dtype, offset, mut dimensions, .. } = tensor;
    let width = dtype.bytes() as u64;
    let fail = |dimensions: &[Dimension]| {
        format!(
            "of shape {:?} does not fit its storage of {} bytes",
            shape(dimensions),
            storage.len()
        )
    };
    // From the first element to behind the last, and how many there are; they are written with
    // eight bytes each at most.
    let (mut reach, mut count) = (Some(1u64), Some(8u64));
    for Dimension { size, stride } in &mut dimensions {
        if *size == 1 {
            // To a second one that is not there.
            *stride = 0;
        }
        reach =
            reach.and_then(|reach| size.saturating_sub(1).checked_mul(*stride)?.checked_add(reach));
        count = count.and_then(|count| count.checked_mul(*size));
    }
    if count == Some(0) {
        reach = Some(0);
    }
    let range = reach.filter(|_| count.is_some()).and_then(|reach| {
        let (start, end) =
            (offset.checked_mul(width)?, offset.checked_add(reach)?.checked_mul(width)?);
        (end <= storage.len() as u64)
            .then_some(storage.start + start as usize..storage.start + end as usize)
    });
    let range = range.ok_or_else(|| fail(&dimensions))?;
    Ok(Tensor { name, dtype, dimensions, range })
}

fn shape(dimensions: &[Dimension]) -> Vec<u64> {
    dimensions.iter().map(|dimension| dimension.size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &[u8] = b"0123456789abcdefghijklmn";

    /// A zip archive, with fields of 64 bits where asked for: every size and place in them alone.
    fn zip(entries: &[(&str, &[u8])], wide: bool) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        let all = u32::MAX.to_le_bytes();
        for (name, bytes) in entries {
            let (size, at) = (bytes.len() as u64, out.len() as u64);
            let narrow = |number: u64| if wide { all } else { (number as u32).to_le_bytes() };
            let lengths =
                |extra: u16| [(name.len() as u16).to_le_bytes(), extra.to_le_bytes()].concat();
            let wide =
                [&[1, 0, 24, 0], &size.to_le_bytes()[..], &size.to_le_bytes(), &at.to_le_bytes()]
                    .concat()
                    .repeat(usize::from(wide));
            let extra = lengths(wide.len() as u16);
            let sizes = [narrow(size), narrow(size)].concat();
            // The local header's padding is its own.
            out.extend(
                [
                    b"PK\x03\x04",
                    &[0; 14][..],
                    &sizes,
                    &lengths(7),
                    name.as_bytes(),
                    b"FB\x03\0ZZZ",
                    bytes,
                ]
                .concat(),
            );
            directory.extend(
                [
                    b"PK\x01\x02",
                    &[0; 16][..],
                    &sizes,
                    &extra,
                    &[0; 10],
                    &narrow(at),
                    name.as_bytes(),
                    &wide,
                ]
                .concat(),
            );
        }
        let (count, size, at) = (entries.len() as u64, directory.len() as u64, out.len() as u64);
        out.append(&mut directory);
        if wide {
            let end = (out.len() as u64).to_le_bytes();
            let (count, size, at) = (count.to_le_bytes(), size.to_le_bytes(), at.to_le_bytes());
            out.extend([b"PK\x06\x06", &[0; 20][..], &[0; 8], &count, &size, &at].concat());
            out.extend([b"PK\x06\x07", &[0; 4][..], &end, &[1, 0, 0, 0]].concat());
            out.extend([b"PK\x05\x06", &[0; 4][..], &[0xff; 12], &[0; 2]].concat());
        } else {
            let count = (count as u16).to_le_bytes();
            let (size, at) = ((size as u32).to_le_bytes(), (at as u32).to_le_bytes());
            out.extend([b"PK\x05\x06", &[0; 4][..], &count, &count, &size, &at, &[0; 2]].concat());
        }
        out
    }

    fn number(number: i32) -> Vec<u8> {
        [b"J", &number.to_le_bytes()[..]].concat()
    }

    fn tuple(numbers: &[i32]) -> Vec<u8> {
        [b"(".to_vec(), numbers.iter().flat_map(|n| number(*n)).collect(), b"t".to_vec()].concat()
    }

    fn text(text: &str) -> Vec<u8> {
        [b"\x8c", &[text.len() as u8], text.as_bytes()].concat()
    }

    /// A tensor as torch pickles it.
    fn tensor(storage: &str, offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
        let id = [
            b"(".to_vec(),
            text("storage"),
            format!("ctorch\n{storage}\n").into(),
            text("0"),
            text("cpu"),
        ]
        .concat();
        let id = [id, number(6), b"tQ".to_vec()].concat();
        let head = b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
        let ordered = b"\x89ccollections\nOrderedDict\n)RtR".to_vec();
        [head, id, number(offset), tuple(shape), tuple(strides), ordered].concat()
    }

    fn state(tensors: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let items = tensors.iter().flat_map(|(name, tensor)| [text(name), tensor.clone()].concat());
        [b"\x80\x02}(".to_vec(), items.collect(), b"u.".to_vec()].concat()
    }

    fn one(pickle: &[u8]) -> Vec<u8> {
        zip(&[("x/data.pkl", pickle), ("x/data/0", DATA)], false)
    }

    fn refusal(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err()
    }

    #[test]
    fn tensors_are_found_in_archives_of_either_width() {
        let pickle = state(&[
            ("a", tensor("HalfStorage", 2, &[2, 3], &[1, 2])),
            ("b", tensor("FloatStorage", 0, &[], &[])),
        ]);
        for wide in [false, true] {
            let bytes = zip(
                &[("x/data.pkl", &pickle), ("x/byteorder", b"little"), ("x/data/0", DATA)],
                wide,
            );
            let tensors = parse(&bytes).unwrap();
            assert_eq!(
                (tensors[0].name, tensors[0].dtype, shape(&tensors[0].dimensions)),
                ("a", Dtype::F16, vec![2, 3])
            );
            assert_eq!(&bytes[tensors[0].range.clone()], b"456789abcdef");
            assert_eq!((tensors[1].name, &bytes[tensors[1].range.clone()]), ("b", &b"0123"[..]));
        }
    }

    #[test]
    fn a_view_stays_within_its_storage() {
        let found = |offset, shape: &[i32], strides: &[i32]| {
            parse(&one(&state(&[("a", tensor("FloatStorage", offset, shape, strides))])))
                .map(|tensors| tensors.len())
        };
        assert_eq!(found(0, &[2, 3], &[3, 1]), Ok(1));
        assert_eq!(found(5, &[1], &[i32::MAX]), Ok(1), "no stride is taken");
        assert_eq!(found(6, &[0], &[1]), Ok(1));
        assert_eq!(found(0, &[1000, 6], &[0, 1]), Ok(1), "expanded");
        let outside = "tensor `a` of shape";
        for (offset, shape, strides) in [
            (1, &[2, 3][..], &[3, 1][..]),
            (6, &[1], &[1]),
            (7, &[0], &[1]),
            (0, &[2, 3], &[4, 1]),
            (0, &[7], &[1]),
            (0, &[i32::MAX; 8], &[i32::MAX; 8]),
            (0, &[i32::MAX; 8], &[0; 8]),
            (i32::MAX, &[1], &[1]),
        ] {
            let said = found(offset, shape, strides).unwrap_err();
            assert!(said.starts_with(outside), "{said}");
        }
        for (offset, shape, strides, reason) in [
            (-1, &[1][..], &[1][..], "has a size, stride or offset of -1"),
            (0, &[-1], &[1], "has a size, stride or offset of -1"),
            (0, &[2], &[-1], "has a size, stride or offset of -1"),
            (0, &[2], &[1, 1], "has 1 dimensions and 2 strides"),
            (0, &[1; 9], &[1; 9], "has 9 dimensions and 9 strides"),
        ] {
            let said = found(offset, shape, strides).unwrap_err();
            assert!(said.contains(reason), "{said}");
        }
    }

    #[test]
    fn names_are_names() {
        let a = || tensor("FloatStorage", 0, &[1], &[1]);
        let named = |name: &str| refusal(&one(&state(&[(name, a())])));
        assert_eq!(named("__metadata__"), "`__metadata__` is no name of a tensor");
        assert_eq!(named("a\x1b[2J"), "`a\\u{1b}[2J` is no name of a tensor");
        assert_eq!(refusal(&one(&state(&[("a", a()), ("a", a())]))), "tensor `a` is given twice");
        let numbered = [b"\x80\x02}".to_vec(), number(1), a(), b"s.".to_vec()].concat();
        assert_eq!(refusal(&one(&numbered)), "a tensor in it has no name");
    }

    #[test]
    fn archives_that_lie_are_named() {
        let pickle = state(&[("a", tensor("FloatStorage", 0, &[1], &[1]))]);
        let sound = one(&pickle);
        assert!(parse(&sound).is_ok());
        let end = sound.len() - 22;
        let with = |at: usize, bytes: &[u8]| {
            let mut changed = sound.clone();
            changed[at..at + bytes.len()].copy_from_slice(bytes);
            changed
        };
        let directory = u32::from_le_bytes(sound[end + 16..end + 20].try_into().unwrap()) as usize;
        let two = |first: &str, second: &str| {
            zip(&[("x/data.pkl", &pickle), (first, DATA), (second, DATA)], false)
        };
        let cases: &[(Vec<u8>, &str)] = &[
            (with(end + 10, &[3]), "its directory has fewer entries than it says"),
            (with(end + 10, &[1]), "its directory is longer than its entries"),
            (with(end + 16, &[0xff; 4]), "its directory is not where it says"),
            (with(directory + 8, &[1]), "`x/data.pkl` in it is compressed or encrypted"),
            (with(directory + 10, &[8]), "`x/data.pkl` in it is compressed or encrypted"),
            (
                with(directory + 20, &[1, 0, 0, 1, 1, 0, 0, 1]),
                "`x/data.pkl` is not where the directory",
            ),
            (with(directory + 42, &[1]), "`x/data.pkl` is not where the directory"),
            (with(directory + 46, b"y"), "`y/data.pkl` is not where the directory"),
            (with(directory + 28, &[0xff, 0xff]), "its directory is cut short"),
            (with(30, b"y"), "`x/data.pkl` is not where the directory"),
            (two("x/data/0", "x/data/0"), "`x/data/0` is in it twice"),
            (two("x/data/0", "x/data.pkl"), "`x/data.pkl` is in it twice"),
            (two("y/data/0", "x/data/1"), "`y/data/0` in it is in another folder than the rest"),
            (zip(&[("x/version", b"3")], false), "there is no data.pkl in it"),
            (sound[..end].to_vec(), "the file is cut short"),
        ];
        for (bytes, reason) in cases {
            let said = refusal(bytes);
            assert!(said.contains(reason), "{said}\n  expected: {reason}");
        }
    }

    #[test]
    fn what_would_fill_the_disk_is_not_written() {
        let (folder, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let pickle = state(&[("a", tensor("FloatStorage", 0, &[1 << 30, 1 << 20], &[0, 0]))]);
        std::fs::write(folder.path().join(SINGLE), one(&pickle)).unwrap();
        let said = convert(folder.path(), kept.path()).unwrap_err().to_string();
        assert!(said.contains("its 1 tensors would take 4503599627370496 bytes"), "{said}");
        assert!(is_in(folder.path()) && !is_in(kept.path()));
    }
}
