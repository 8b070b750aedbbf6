#![no_main]

use std::io::{Cursor, Write as _};

use malmoi::formats;

/// An HWP file, not packed, whose streams are the bytes of the fuzzer.
fn container(streams: &[(&str, &[u8])]) -> std::io::Result<Vec<u8>> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new()))?;
    for (path, bytes) in streams {
        if let Some((storage @ "/BodyText" | storage @ "/ViewText", _)) = path.rsplit_once('/') {
            file.create_storage_all(storage)?;
        }
        file.create_stream(path)?.write_all(bytes)?;
    }
    file.flush()?;
    Ok(file.into_inner().into_inner())
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let mut header = [0; 256];
    header[..17].copy_from_slice(b"HWP Document File");
    header[35] = 5;
    // Packed, for distribution, with tracked changes.
    header[36] = which >> 4 & 5;
    header[37] = which & 0x40;
    // A paragraph: "가".
    let text = b"\x42\0\0\0\x43\x04\x20\0\0\xAC";
    let (half, rest) = bytes.split_at(bytes.len() / 2);
    let file = match which & 7 {
        0 => Ok(bytes.to_vec()),
        1 => container(&[
            ("/FileHeader", &header),
            ("/DocInfo", bytes),
            ("/BodyText/Section0", text),
        ]),
        2 => container(&[("/FileHeader", bytes), ("/DocInfo", b""), ("/BodyText/Section0", text)]),
        3 => container(&[
            ("/FileHeader", &header),
            ("/\u{5}HwpSummaryInformation", half),
            ("/ViewText/Section0", rest),
        ]),
        4 => Ok([b"<HWPML><BODY>", bytes].concat()),
        _ => {
            container(&[("/FileHeader", &header), ("/DocInfo", b""), ("/BodyText/Section0", bytes)])
        }
    };
    let Ok(file) = file else { return };
    if let Ok(document) = formats::read(&file, "a.hwp") {
        assert_eq!(document.rejoin(|_, _| None), document.text());
    }
});
