//! Signatures of binary files.

/// A kind of binary file: where its signature is, the signature, a description with advice.
type Signature = (usize, &'static [u8], &'static str);

const SIGNATURES: &[Signature] = &[
    (0, b"%PDF-", "a PDF; rename it to end in .pdf"),
    (0, b"%!PS", "PostScript; save its text first"),
    (
        0,
        b"\xD0\xCF\x11\xE0",
        "an HWP or old Office document; an HWP document must have that file name extension; save an old Office document as DOCX first",
    ),
    (
        0,
        b"HWP Document File",
        "an HWP document of the 1990s; open it in Hancom Office and save it as HWPX",
    ),
    (0, b"{\\rtf", "RTF; save it as DOCX or plain text first"),
    (
        0,
        b"PK\x03\x04",
        "a zip archive; a DOCX or HWPX document must have that file name extension; other zip archives are not read",
    ),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"Rar!", "a RAR archive; unpack it first"),
    (0, b"7z\xBC\xAF", "a 7z archive; unpack it first"),
    (0, b"ALZ\x01", "an ALZ archive; unpack it first"),
    (0, b"EGGA\0", "an EGG archive; unpack it first"),
    (0, b"MSCF\0", "a CAB archive; unpack it first"),
    (2, b"-lh", "an LHA archive; unpack it first"),
    (257, b"ustar", "a tar archive; unpack it first"),
    (0, b"\x1F\x8B", "gzip-compressed; unpack it first"),
    (0, b"BZh9", "bzip2-compressed; unpack it first"),
    (0, b"\xFD7zXZ", "xz-compressed; unpack it first"),
    (0, b"\x28\xB5\x2F\xFD", "zstd-compressed; unpack it first"),
    (0, b"\x04\x22\x4D\x18", "lz4-compressed; unpack it first"),
    (0, b"\x89PNG", "an image"),
    (0, b"\xFF\xD8\xFF", "an image"),
    (0, b"GIF87a", "an image"),
    (0, b"GIF89a", "an image"),
    (0, b"II*\0", "an image"),
    (0, b"MM\0*", "an image"),
    (0, b"8BPS\0", "an image (Photoshop)"),
    (0, b"\0\0\x01\0", "an image (icon)"),
    (6, b"\0\0\0\0", "an image (bitmap)"),
    (4, b"ftypheic", "an image (HEIC)"),
    (4, b"ftypavif", "an image (AVIF)"),
    (8, b"WEBP", "an image (WebP)"),
    (8, b"WAVE", "sound (WAV)"),
    (8, b"AIF", "sound (AIFF)"),
    (8, b"AVI ", "a film (AVI)"),
    (0, b"RIFF", "an image, sound or film (RIFF)"),
    (0, b"ID3", "sound (MP3)"),
    (0, b"\xFF\xFB", "sound (MP3)"),
    (0, b"OggS", "sound (Ogg)"),
    (0, b"fLaC", "sound (FLAC)"),
    (0, b"MThd\0", "sound (MIDI)"),
    (4, b"ftypM4A", "sound (M4A)"),
    (4, b"ftyp", "a film (MP4)"),
    (0, b"\x1A\x45\xDF\xA3", "a film (Matroska)"),
    (0, b"FLV\x01", "a film (Flash)"),
    (0, b"\x7FELF", "a program"),
    (0, b"MZ\x90\0", "a program"),
    (0, b"\0asm", "a program (WebAssembly)"),
    (0, b"\xCA\xFE\xBA\xBE", "a program (Java)"),
    (2, b"\r\n\0\0\0\0", "a program (Python)"),
    (0, b"L\0\0\0\x01\x14\x02\0", "a shortcut of Windows; give the file it leads to"),
    (0, b"\0\x01\0\0\0", "a font"),
    (0, b"OTTO\0", "a font"),
    (0, b"ttcf\0", "a font"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"PAR1", "a Parquet file; save it as CSV or JSON Lines first"),
    (0, b"\x93NUMPY", "numbers (NumPy)"),
    (0, b"bplist00", "a property list"),
    (0, b"GGUF", "a model"),
    (0, b"AC10", "a drawing (DWG)"),
    (0, b"AT&TFORM", "a scanned document (DjVu); save its text first"),
    (60, b"BOOKMOBI", "an e-book (Mobipocket); save its text first"),
    (0, b"\xFF\xFE\0\0", "UTF-32; save it as UTF-8 first"),
    (0, b"\0\0\xFE\xFF", "UTF-32; save it as UTF-8 first"),
];

/// Description of a binary file by its signature; `None` for possible text.
pub(in crate::formats) fn signature(bytes: &[u8]) -> Option<&'static str> {
    const EXAMINED_BYTES: usize = 512;
    // A text may begin with these letters; a binary file has control characters soon after them.
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C);
    let binary = || bytes[..bytes.len().min(EXAMINED_BYTES)].iter().any(is_control);
    let bitmap = || bytes.starts_with(b"BM");
    let is = |(at, mark, what): &&Signature| {
        let there = bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark));
        let telling = *at == 0 && mark.iter().any(|byte| !byte.is_ascii_alphanumeric());
        there && (telling || binary()) && (!what.contains("bitmap") || bitmap())
    };
    SIGNATURES.iter().find(is).map(|(_, _, what)| *what)
}
