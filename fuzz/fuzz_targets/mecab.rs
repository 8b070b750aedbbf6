#![no_main]

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::LazyLock;

use malmoi::eval::mecab::{Files, Mecab};

const SMALL: &[u8] = include_bytes!("../../tests/fixtures/mecab/small.zip");

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut archive = zip::ZipArchive::new(Cursor::new(SMALL)).expect("an archive");
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).expect("a file").read_to_end(&mut bytes).expect("its bytes");
        bytes
    };
    ["sys.dic", "unk.dic", "char.bin", "matrix.bin", "dicrc"].map(&mut read).into()
});

// Changes of four bytes each: a file, a place in it, the new byte. A line after a zero.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut files = FILES.clone();
    let mut rest = bytes;
    while let [which @ 1..=u8::MAX, high, low, byte, after @ ..] = rest {
        rest = after;
        let file = &mut files[usize::from(which % 5)];
        let place = usize::from(*high) << 8 | usize::from(*low);
        match which / 5 % 8 {
            7 => file.truncate(place),
            6 => file.push(*byte),
            _ if file.is_empty() => {}
            _ => {
                let place = place % file.len();
                file[place] = *byte;
            }
        }
    }
    let line = String::from_utf8_lossy(rest);
    let mut files = files.into_iter();
    let mut next = || files.next().unwrap_or_default();
    let files = Files {
        words: Box::new(next()),
        unknown: Box::new(next()),
        categories: Box::new(next()),
        matrix: Box::new(next()),
        settings: String::from_utf8_lossy(&next()).into_owned(),
    };
    let Ok(mecab) = Mecab::read(files, Path::new("dictionary")) else { return };
    let mut rest = &*line;
    for token in mecab.tokens(&line) {
        let at = rest.find(token).expect("tokens are in the order of the line");
        rest = &rest[at + token.len()..];
    }
});
