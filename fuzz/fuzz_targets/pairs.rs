#![no_main]

use malmoi::formats::{PAIR_FORMATS, PairLanguages, pairs};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let format = &PAIR_FORMATS[usize::from(*which) % PAIR_FORMATS.len()];
    let name = format!("a.{}", format.extensions[0]);
    let source = std::io::Cursor::new(bytes.to_vec());
    let Ok(found) = pairs(source, &name, PairLanguages::default()) else { return };
    // Each pair or error takes at least a byte of the file, and the end one more.
    assert!(found.count() <= bytes.len() + 1);
});
