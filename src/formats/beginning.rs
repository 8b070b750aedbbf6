//! The first bytes of an input, which tell its format.

/// The beginning of an input, for format detection: the first line, or 64 KB of XML. A pipe
/// delivers it in pieces.
pub(super) fn read_beginning(source: &mut impl std::io::Read) -> std::io::Result<Vec<u8>> {
    const ENOUGH: usize = 1 << 16;
    let mut bytes: Vec<u8> = Vec::new();
    let mut piece = [0; 1 << 12];
    // The root element of XML may follow many lines of comments.
    let told = |bytes: &[u8]| bytes.contains(&b'\n') && !bytes.trim_ascii_start().starts_with(b"<");
    while bytes.len() < ENOUGH && !told(&bytes) {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
