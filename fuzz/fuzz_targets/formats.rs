#![no_main]

use malmoi::formats::{FORMATS, Fields, items};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let format = &FORMATS[usize::from(*which) % FORMATS.len()];
    // Formats without an extension are recognized by their bytes.
    let name = format!("a.{}", format.extensions.first().unwrap_or(&"xml"));
    let Ok(found) = items(std::io::Cursor::new(bytes.to_vec()), &name, Fields::default()) else {
        return;
    };
    for item in found.flatten() {
        let document = &item.document;
        assert_eq!(document.rejoin(|_, _| None), document.text());
        document.rejoin(|index, _| Some(format!("<{index}> & 다시")));
        document.relabeled("en", "ko");
    }
});
