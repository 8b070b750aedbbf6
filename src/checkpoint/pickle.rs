//! PyTorch checkpoints (`pytorch_model.bin`, and sharded sets with their index), read without
//! running them and written as safetensors.
//!
//! Format: <https://docs.pytorch.org/docs/stable/notes/serialization.html>: a zip archive
//! (`archive.rs`) with a pickle that describes the tensors (`machine.rs`, `state_dict.rs`) and one
//! entry for each storage. A pickle is a program, and unpickling runs it; here it is only
//! inspected, and one that asks for anything but tensors is refused. Tensors are views of storages
//! (`tensor.rs`), with any strides that stay within them.
//!
//! Knows names and bytes; knows no architecture. Not supported: files of torch before 1.6,
//! big-endian files, sparse and quantized tensors, and training checkpoints, whose tensors are
//! nested deeper; but the weights in a checkpoint of PyTorch Lightning are found.

mod archive;
mod convert;
mod globals;
mod machine;
mod names;
mod opcodes;
mod state_dict;
mod tensor;
mod values;
mod writer;

pub use self::convert::convert;
pub(super) use self::convert::{converted, is_in};
pub(crate) use self::tensor::parse;

#[cfg(test)]
mod tests {
    use super::convert::SINGLE;
    use super::globals::Dtype;
    use super::*;

    const DATA: &[u8] = b"0123456789abcdefghijklmn";

    /// A zip archive. With `wide`, sizes and offsets are in zip64 fields only.
    fn zip(entries: &[(&str, &[u8])], wide: bool) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        let in_zip64 = u32::MAX.to_le_bytes();
        for (name, bytes) in entries {
            let (size, at) = (bytes.len() as u64, out.len() as u64);
            let narrow = |number: u64| if wide { in_zip64 } else { (number as u32).to_le_bytes() };
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
                (tensors[0].name, tensors[0].dtype, tensors[0].shape()),
                ("a", Dtype::F16, vec![2, 3])
            );
            assert_eq!(&bytes[tensors[0].range.clone()], b"456789abcdef");
            assert_eq!((tensors[1].name, &bytes[tensors[1].range.clone()]), ("b", &b"0123"[..]));
        }
    }

    #[test]
    fn a_view_stays_within_its_storage() {
        let tensor_count = |offset, shape: &[i32], strides: &[i32]| {
            parse(&one(&state(&[("a", tensor("FloatStorage", offset, shape, strides))])))
                .map(|tensors| tensors.len())
        };
        assert_eq!(tensor_count(0, &[2, 3], &[3, 1]), Ok(1));
        assert_eq!(tensor_count(5, &[1], &[i32::MAX]), Ok(1), "the stride is not used");
        assert_eq!(tensor_count(6, &[0], &[1]), Ok(1));
        assert_eq!(tensor_count(0, &[1000, 6], &[0, 1]), Ok(1), "expanded");
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
            let message = tensor_count(offset, shape, strides).unwrap_err();
            assert!(message.starts_with(outside), "{message}");
        }
        for (offset, shape, strides, reason) in [
            (-1, &[1][..], &[1][..], "has a size, stride or offset of -1"),
            (0, &[-1], &[1], "has a size, stride or offset of -1"),
            (0, &[2], &[-1], "has a size, stride or offset of -1"),
            (0, &[2], &[1, 1], "has 1 dimensions and 2 strides"),
            (0, &[1; 9], &[1; 9], "has 9 dimensions and 9 strides"),
        ] {
            let message = tensor_count(offset, shape, strides).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn names_are_names() {
        let a = || tensor("FloatStorage", 0, &[1], &[1]);
        let named = |name: &str| refusal(&one(&state(&[(name, a())])));
        assert_eq!(named("__metadata__"), "`__metadata__` is not a tensor name");
        assert_eq!(named("a\x1b[2J"), "`a\\u{1b}[2J` is not a tensor name");
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
            let message = refusal(bytes);
            assert!(message.contains(reason), "{message}\n  expected: {reason}");
        }
    }

    #[test]
    fn what_would_fill_the_disk_is_not_written() {
        let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let pickle = state(&[("a", tensor("FloatStorage", 0, &[1 << 30, 1 << 20], &[0, 0]))]);
        std::fs::write(folder.path().join(SINGLE), one(&pickle)).unwrap();
        let message = convert(folder.path(), cache.path()).unwrap_err().to_string();
        assert!(message.contains("its 1 tensors would take 4503599627370496 bytes"), "{message}");
        assert!(is_in(folder.path()) && !is_in(cache.path()));
    }
}
