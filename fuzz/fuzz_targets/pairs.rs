#![no_main]

use malmoi::formats::pairs::{EXCHANGE_FORMATS, Unit, units, write};
use malmoi::formats::{PAIR_FORMATS, PairLanguages};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let format = &PAIR_FORMATS[usize::from(*which) % PAIR_FORMATS.len()];
    let name = format!("a.{}", format.extensions[0]);
    let source = std::io::Cursor::new(bytes.to_vec());
    let Ok(found) = units(source, &name, PairLanguages::default()) else { return };
    let found: Vec<_> = found.take(bytes.len() + 2).collect();
    // Each unit or error takes at least a byte of the file, and the end one more.
    assert!(found.len() <= bytes.len() + 1);
    let found: Vec<Unit> = found.into_iter().flatten().collect();
    for format in EXCHANGE_FORMATS {
        let mut file = Vec::new();
        let told = write(&mut file, format, "en", "ko", found.iter().cloned()).unwrap();
        assert_eq!((told.units + told.left_out) as usize, found.len());
        let source = std::io::Cursor::new(file);
        let name = format!("a.{}", format.name);
        let again = units(source, &name, PairLanguages::default()).unwrap();
        assert!(again.count() <= found.len());
    }
});
