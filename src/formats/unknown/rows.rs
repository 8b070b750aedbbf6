//! Texts whose lines all have one shape: tables, addresses, bytes in hexadecimal.

/// Lines that are examined.
const EXAMINED_LINES: usize = 50;
/// Fewer lines tell nothing.
const FEWEST_LINES: usize = 3;

/// True if the first lines that are not blank are enough, and each of them is one.
fn all(text: &str, fewest: usize, is: impl Fn(&str) -> bool) -> bool {
    let lines = || text.lines().filter(|line| !line.trim().is_empty()).take(EXAMINED_LINES);
    lines().count() >= fewest && lines().all(is)
}

/// Lines with the same number of tabs, or of commas, semicolons or bars without spaces around them.
pub(super) fn is_table(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    [('\t', 1), (',', 2), (';', 2), ('|', 2)].iter().any(|(mark, fewest)| {
        let count = first.matches(*mark).count();
        count >= *fewest
            && all(text, FEWEST_LINES, |line| {
                let line = line.trim();
                let spaced = || line.contains(&format!("{mark} "));
                line.matches(*mark).count() == count && (*mark == '\t' || !spaced())
            })
    })
}

/// Lines of one web address each.
pub(super) fn is_addresses(text: &str) -> bool {
    all(text, 1, |line| {
        let line = line.trim();
        !line.contains(' ') && (line.starts_with("http://") || line.starts_with("https://"))
    })
}

/// "00000010  03 00 3e 00 …", as programs show bytes.
pub(super) fn is_hexadecimal(text: &str) -> bool {
    all(text, 2, |line| {
        let mut words = line.split_whitespace();
        let figures = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let address = words.next().unwrap_or_default().trim_end_matches(':');
        let bytes = words.take(4).filter(|word| matches!(word.len(), 2 | 4) && figures(word));
        address.len() >= 7 && figures(address) && (bytes.count() >= 4 || line.trim() == address)
    })
}
