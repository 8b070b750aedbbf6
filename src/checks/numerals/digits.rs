//! Digits, ASCII and full-width: "1,250", "12.4", "２０２６".

pub(super) fn is_digit(c: char) -> bool {
    digit(c).is_some()
}

/// The ASCII digit of a digit.
fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')),
        _ => None,
    }
}

/// The number a text begins with, and its length in bytes; NaN and 0 without digits. A comma
/// belongs to it before three digits; a period before a digit if `decimals`, but not in "2026.1.7".
pub(super) fn leading(text: &str, decimals: bool) -> (f64, usize) {
    let mut plain = String::new();
    let (mut end, mut point) = (0, !decimals);
    let mut comma = true;
    while let Some(c) = text[end..].chars().next() {
        let next = end + c.len_utf8();
        match c {
            ',' | '，' if comma && digits_at(&text[next..], 4) == 3 => {}
            '.' | '．' if !point && digits_at(&text[next..], 1) == 1 => {
                let behind = text[next..].trim_start_matches(is_digit);
                if behind.strip_prefix(['.', '．']).is_some_and(|rest| digits_at(rest, 1) == 1) {
                    break;
                }
                (point, comma) = (true, false);
                plain.push('.');
            }
            _ => match digit(c) {
                Some(digit) => plain.push(digit),
                None => break,
            },
        }
        end = next;
    }
    if end == 0 {
        return (f64::NAN, 0);
    }
    (plain.parse::<f64>().unwrap_or(0.0).min(f64::MAX), end)
}

/// Number of digits a text begins with, up to `most`.
fn digits_at(text: &str, most: usize) -> usize {
    text.chars().take(most).take_while(|c| is_digit(*c)).count()
}
