use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use allocation_counter::measure;
use malmoi::internals::checkpoint::{Safetensors, convert_pickled, fuzzing};
use malmoi::internals::files::MappedFile;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::support::here;

fn fixture(name: &str) -> PathBuf {
    here("fixtures/pickle").join(name)
}

/// The error for a folder with these bytes as its weights.
fn refusal(bytes: &[u8]) -> String {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("pytorch_model.bin"), bytes).unwrap();
    let message = convert_pickled(folder.path(), cache.path()).unwrap_err().to_string();
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0, "something was left behind");
    message
}

/// Type, shape and SHA-256 of each tensor of a safetensors file.
type Described = BTreeMap<String, (String, Vec<u64>, String)>;

fn described(path: &Path) -> Described {
    let file = MappedFile::open(path).unwrap();
    let (length, rest) = file.bytes().split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(header).unwrap();
    let mut tensors = Described::new();
    for (name, entry) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let numbers =
            |key: &str| -> Vec<u64> { serde_json::from_value(entry[key].clone()).unwrap() };
        let offsets = numbers("data_offsets");
        let hash = Sha256::digest(&data[offsets[0] as usize..offsets[1] as usize]);
        let dtype = entry["dtype"].as_str().unwrap().to_string();
        tensors.insert(name.clone(), (dtype, numbers("shape"), format!("{hash:x}")));
    }
    tensors
}

#[test]
fn tensors_are_those_of_torch() {
    let expected = std::fs::read(fixture("expected.json")).unwrap();
    let expected: BTreeMap<String, Described> = serde_json::from_slice(&expected).unwrap();
    for (name, tensors) in expected {
        let cache = tempfile::tempdir().unwrap();
        let path = convert_pickled(&fixture(&name), cache.path()).unwrap();
        assert!(
            path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{name}-")),
            "{path:?}"
        );
        assert_eq!(described(&path), tensors, "{name}");
        // The reader of safetensors accepts the file.
        std::fs::rename(&path, cache.path().join("model.safetensors")).unwrap();
        let opened = Safetensors::open(cache.path()).unwrap();
        for (name, (dtype, shape, _)) in &tensors {
            let found = opened.get(name);
            if dtype == "F8_E4M3" {
                assert!(
                    found.err().unwrap().to_string().contains("of type F8_E4M3 is not supported")
                );
                continue;
            }
            let (_, info) = found.unwrap().unwrap();
            assert!(info.shape.iter().map(|size| *size as u64).eq(shape.iter().copied()), "{name}");
            assert!(info.range.start.is_multiple_of(info.ggml_type.block_bytes()), "{name}");
        }
        assert!(opened.get("position_ids").unwrap().is_none());
    }
}

#[test]
fn a_conversion_is_cached_until_the_files_change() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let weights = folder.path().join("pytorch_model.bin");
    std::fs::copy(fixture("good/pytorch_model.bin"), &weights).unwrap();
    let convert = || convert_pickled(folder.path(), cache.path()).unwrap();
    let changed = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    let first = convert();
    let time = changed(&first);
    assert_eq!((convert(), changed(&first)), (first.clone(), time));
    // A damaged file is converted again.
    let whole = std::fs::read(&first).unwrap();
    std::fs::write(&first, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(convert(), first);
    assert_eq!(std::fs::read(&first).unwrap(), whole);
    // Other weights get another file.
    std::fs::copy(fixture("protocol-4/pytorch_model.bin"), &weights).unwrap();
    assert_ne!(convert(), first);
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 2);
}

#[test]
fn a_pickle_that_asks_for_more_than_tensors_is_refused_with_the_name() {
    let cases = [
        ("system", "it asks for posix.system: only tensors are read"),
        ("eval", "it asks for __builtin__.eval: only tensors are read"),
        ("class", "it asks for __main__.Plain: only tensors are read"),
        ("class-4", "it asks for __main__.Plain: only tensors are read"),
        ("getattr", "it asks for __builtin__.getattr: only tensors are read"),
        ("sparse", "it asks for torch._utils._rebuild_sparse_tensor: only tensors are read"),
        ("complex", "it asks for torch.ComplexFloatStorage: only tensors are read"),
        ("inst", "it asks for posix.system: only tensors are read"),
        ("stack-global", "it asks for posix.system: only tensors are read"),
        ("dotted", "it asks for torch.storage.UntypedStorage: only tensors are read"),
        ("obj", "makes an object of a class"),
        ("newobj", "makes an object of a class"),
        ("extension", "asks for something by an extension code"),
        ("build", "sets the state of a value that is not a dictionary"),
        ("laughs", "it is not a dictionary of tensors"),
        ("itself", "a training checkpoint"),
        ("hole", "memoizes a value as number 2147483647, expected 0"),
        ("unwritten", "reads a memo entry that does not exist"),
        ("deep", "more than 64 marks"),
        ("endless", "its pickle is cut short"),
        ("frame", "a frame of 18446744073709551615 bytes"),
        ("tail", "continues after its end"),
        ("list", "it is not a dictionary of tensors"),
        ("legacy", "save it again with `torch.save(torch.load(path, weights_only=True), path)`"),
        ("truncated", "the file is cut short"),
        ("compressed", "data.pkl` in it is compressed or encrypted, which torch never does"),
        ("big-endian", "its byte order is big; only little is read"),
        ("no-storage", "tensor `a.weight` has no storage in the archive"),
        ("short-storage", "tensor `a.weight` of shape [2, 2] does not fit its storage of 15 bytes"),
        ("no-pickle", "there is no data.pkl in it"),
        ("text", "it is not a zip archive"),
    ];
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(fixture("hostile")).unwrap().map(|entry| entry.unwrap().path()).collect();
    for (name, reason) in cases {
        let path = fixture("hostile").join(format!("{name}.bin"));
        let message = refusal(&std::fs::read(&path).unwrap());
        assert!(message.contains(reason), "{name}: {message}\n  expected: {reason}");
        files.retain(|file| *file != path);
    }
    assert!(files.is_empty(), "not expected: {files:?}");
}

#[test]
fn an_index_of_pickles_names_files_beside_it_and_nothing_else() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let name = |file: &str| {
        let index =
            format!(r#"{{"weight_map":{{"a.weight":"pytorch_model-1.bin","b":"{file}"}}}}"#);
        std::fs::write(folder.path().join("pytorch_model.bin.index.json"), index).unwrap();
        convert_pickled(folder.path(), cache.path()).unwrap_err().to_string()
    };
    let shard = fixture("sharded/pytorch_model-00001-of-00002.bin");
    std::fs::copy(&shard, folder.path().join("pytorch_model-1.bin")).unwrap();
    std::fs::copy(&shard, folder.path().join("pytorch_model-2.bin")).unwrap();
    assert!(name("../x.bin").contains("which is not a bin file beside it"));
    assert!(name("x.safetensors").contains("which is not a bin file beside it"));
    assert!(name("pytorch_model-3.bin").contains("does not exist"));
    let message = name("pytorch_model-2.bin");
    assert!(message.contains("is in two files"), "{message}");
}

/// Checks the memory of the reader; see `hostile.rs`. The values of a pickle are larger than its
/// opcodes, the smallest of which is a byte.
fn is_frugal(bytes: &[u8]) {
    let used = measure(|| {
        fuzzing::pickle(bytes);
    });
    eprintln!("RATIO {:.1} of {}", used.bytes_max as f64 / bytes.len() as f64, bytes.len());
    let most = 64 * 1024 + 64 * bytes.len() as u64;
    assert!(used.bytes_max <= most, "{} bytes for a file of {}", used.bytes_max, bytes.len());
}

/// A pickle in a valid archive.
fn archive(pickle: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in
        [("x/data.pkl", pickle), ("x/byteorder", b"little"), ("x/data/0", &[1; 24])]
    {
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn memory_stays_bounded_under_repetition() {
    // A tensor of eight dimensions with any number of names.
    const TENSOR: &[u8] = b"ctorch._utils\n_rebuild_tensor_v2\n((\x8c\x07storagectorch\nFloatStorage\n\x8c\x010\x8c\x03cpuK\x06tQK\0\
        (K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01t(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01t\x89)tR\x94";
    let names = |count: u32| -> Vec<u8> {
        (0..count)
            .flat_map(|n| [b"\x8c\x04", format!("{n:04x}").as_bytes(), b"h\0s"].concat())
            .collect()
    };
    let repeated =
        |start: &[u8], part: &[u8], end: &[u8]| [start, &part.repeat(1 << 20), end].concat();
    let named = |count| [b"}\x8c\x01a", TENSOR, b"s", &names(count), b"."].concat();
    let sound = named(60_000);
    let cases = [
        repeated(b"", b"N", b"."),
        repeated(b"", b"(", b"."),
        repeated(b")", b"\x85", b"\x85."),
        repeated(b")", b"\x94", b"\x94."),
        repeated(b"}\x94", b"h\0h\0s", b"\x85."),
        repeated(b"]", b"]a", b"."),
        repeated(b"}\x94", b"(h\0h\0h\0h\0u", b"."),
        repeated(b"", b"\x95\0\0\0\0\0\0\0\0", b")."),
        [b"}", &names(70_000)[..], b"."].concat(),
        named(70_000),
    ];
    for pickle in &cases {
        let bytes = archive(&[b"\x80\x04", &pickle[..]].concat());
        is_frugal(&bytes);
        assert!(!fuzzing::pickle(&bytes));
    }
    let bytes = archive(&[b"\x80\x04", &sound[..]].concat());
    is_frugal(&bytes);
    assert!(fuzzing::pickle(&bytes));
}

/// Damaged copies of a file.
fn damaged(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = bytes.len();
    let changes = proptest::collection::vec((0..length, any::<u8>()), 0..6);
    (changes, 0..=length, proptest::collection::vec(any::<u8>(), 0..40), any::<bool>()).prop_map(
        move |(changes, cut, tail, whole)| {
            let mut damaged = bytes.clone();
            for (at, byte) in changes {
                damaged[at] = byte;
            }
            if !whole {
                damaged.truncate(cut);
                damaged.extend(tail);
            }
            damaged
        },
    )
}

/// The pickle of a valid checkpoint, its first entry.
fn pickle(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(fixture(name).join("pytorch_model.bin")).unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut pickle = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_index(0).unwrap(), &mut pickle).unwrap();
    pickle
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_archive_makes_the_reader_panic_or_greedy(
        bytes in prop_oneof![
            damaged(std::fs::read(fixture("good/pytorch_model.bin")).unwrap()),
            damaged(archive(b"\x80\x02}.")),
            proptest::collection::vec(any::<u8>(), 0..200),
        ]
    ) {
        is_frugal(&bytes);
    }

    #[test]
    fn no_pickle_makes_the_machine_panic_or_greedy(
        pickle in prop_oneof![
            damaged(pickle("good")),
            damaged(pickle("protocol-4")),
            proptest::collection::vec(proptest::sample::select(b"\x80\x02(.)}]tsuaeRbQNK\x01q\x00h\x00\x85\x86\x87\x94\x93cX".to_vec()), 0..300),
        ]
    ) {
        is_frugal(&archive(&pickle));
    }

    /// An accepted file is converted without a panic, to a file that can be read.
    #[test]
    fn what_is_accepted_is_written(pickle in damaged(pickle("good"))) {
        let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let whole = std::fs::read(fixture("good/pytorch_model.bin")).unwrap();
        let at = whole.windows(4).position(|bytes| bytes == b"\x80\x02cc").unwrap();
        let mut bytes = whole.clone();
        let length = pickle.len().min(self::pickle("good").len());
        bytes[at..at + length].copy_from_slice(&pickle[..length]);
        std::fs::write(folder.path().join("pytorch_model.bin"), &bytes).unwrap();
        if let Ok(path) = convert_pickled(folder.path(), cache.path()) {
            prop_assert!(fuzzing::pickle(&bytes));
            std::fs::rename(path, cache.path().join("model.safetensors")).unwrap();
            Safetensors::open(cache.path()).unwrap();
        }
    }
}
