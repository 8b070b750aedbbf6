#![no_main]

use malmoi::formats::pairs::{EXCHANGE_FORMATS, ExchangeFormat, Unit, units, write};
use malmoi::formats::{PAIR_FORMATS, PairLanguages, Unreadable};

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
        let again = read(&file, format);
        assert_eq!(again.len(), told.units as usize);
        if again.iter().any(Result::is_err) {
            // Of two texts in one language, a memory gives no unit.
            continue;
        }
        let again: Vec<Unit> = again.into_iter().flatten().collect();
        if told.left_out == 0 {
            for (before, after) in found.iter().zip(&again) {
                assert_eq!(before.source.text.text(), after.source.text.text());
                assert_eq!(before.target.text.text(), after.target.text.text());
            }
        }
        // Units have ids now, and are written the same from here on.
        let mut twice = Vec::new();
        write(&mut twice, format, "en", "ko", again).unwrap();
        let mut thrice = Vec::new();
        write(&mut thrice, format, "en", "ko", read(&twice, format).into_iter().flatten()).unwrap();
        assert_eq!(String::from_utf8(twice).unwrap(), String::from_utf8(thrice).unwrap());
    }
});

fn read(file: &[u8], format: &ExchangeFormat) -> Vec<Result<Unit, Unreadable>> {
    let source = std::io::Cursor::new(file.to_vec());
    let name = format!("a.{}", format.name);
    units(source, &name, PairLanguages::default()).unwrap().collect()
}
