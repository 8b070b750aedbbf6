//! Reads the numbers in a text, however they are written: 1,250,000; 1.25 million; 125만; twelve; 한두 명; April.
//!
//! Digits are read as numbers a text states. Words only as what *may* have been meant: "한" is a number in "한 명" and an ending
//! in "한다", and telling them apart is not needed to say that "1 person" has a counterpart.

/// A number written in digits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number<'t> {
    /// As it stands, with the magnitude behind it: "1.25 trillion", "1조2천500억".
    pub text: &'t str,
    /// Where it starts in the text.
    pub start: usize,
    /// What it amounts to.
    pub value: f64,
    /// What its first digits alone amount to; the same as the value where no magnitude follows.
    pub digits: f64,
    /// What it may be called instead: "'19" in full, hours by the other clock.
    pub also: Vec<f64>,
}

impl Number<'_> {
    /// Where it stands in the text.
    pub fn span(&self) -> crate::document::Span {
        self.start..self.start + self.text.len()
    }
}

/// The numbers of a text.
#[derive(Debug, Default)]
pub(super) struct Numbers<'t> {
    /// Those written in digits, in order.
    pub stated: Vec<Number<'t>>,
    /// Values that words may stand for.
    pub spelled: Vec<f64>,
}

/// Words that multiply the number before them.
#[rustfmt::skip]
const MAGNITUDES: &[(&str, f64)] = &[
    ("decade", 10.0), ("dozen", 12.0), ("hundred", 1e2), ("thousand", 1e3), ("million", 1e6),
    ("billion", 1e9), ("trillion", 1e12),
];

/// The same written short, right behind digits.
#[rustfmt::skip]
const SHORT_MAGNITUDES: &[(&str, f64)] =
    &[
    ("mln", 1e6), ("bln", 1e9), ("trln", 1e12), ("bn", 1e9), ("tn", 1e12), ("k", 1e3), ("m", 1e6),
];

#[rustfmt::skip]
const ENGLISH_WORDS: &[(&str, f64)] = &[
    ("zero", 0.0), ("nil", 0.0), ("none", 0.0), ("one", 1.0), ("once", 1.0), ("first", 1.0),
    ("single", 1.0), ("two", 2.0), ("twice", 2.0), ("second", 2.0), ("double", 2.0), ("doubled", 2.0),
    ("both", 2.0), ("pair", 2.0), ("couple", 2.0), ("twin", 2.0), ("dual", 2.0), ("three", 3.0),
    ("third", 3.0), ("triple", 3.0), ("tripled", 3.0), ("four", 4.0), ("fourth", 4.0), ("quarter", 4.0),
    ("quarters", 4.0), ("quadruple", 4.0), ("five", 5.0), ("fifth", 5.0), ("six", 6.0), ("sixth", 6.0),
    ("seven", 7.0), ("seventh", 7.0), ("week", 7.0), ("eight", 8.0), ("eighth", 8.0), ("nine", 9.0),
    ("ninth", 9.0), ("ten", 10.0), ("tenth", 10.0), ("teen", 10.0), ("teens", 10.0), ("teenage", 10.0),
    ("teenager", 10.0), ("teenagers", 10.0), ("eleven", 11.0), ("eleventh", 11.0), ("twelve", 12.0),
    ("twelfth", 12.0), ("noon", 12.0), ("midnight", 12.0), ("thirteen", 13.0), ("thirteenth", 13.0),
    ("fourteen", 14.0), ("fourteenth", 14.0), ("fortnight", 14.0), ("fifteen", 15.0), ("fifteenth", 15.0),
    ("sixteen", 16.0), ("sixteenth", 16.0), ("seventeen", 17.0), ("seventeenth", 17.0), ("eighteen", 18.0),
    ("eighteenth", 18.0), ("nineteen", 19.0), ("nineteenth", 19.0), ("twenty", 20.0), ("twentieth", 20.0),
    ("twenties", 20.0), ("thirty", 30.0), ("thirties", 30.0), ("forty", 40.0), ("forties", 40.0),
    ("fifty", 50.0), ("fifties", 50.0), ("half", 50.0), ("sixty", 60.0), ("sixties", 60.0),
    ("seventy", 70.0), ("seventies", 70.0), ("eighty", 80.0), ("eighties", 80.0), ("ninety", 90.0),
    ("nineties", 90.0), ("century", 100.0), ("centuries", 100.0), ("wwii", 2.0), ("ww", 2.0),
    ("january", 1.0), ("jan", 1.0), ("february", 2.0), ("feb", 2.0), ("march", 3.0), ("mar", 3.0),
    ("april", 4.0), ("apr", 4.0), ("may", 5.0), ("june", 6.0), ("jun", 6.0), ("july", 7.0), ("jul", 7.0),
    ("august", 8.0), ("aug", 8.0), ("september", 9.0), ("sept", 9.0), ("sep", 9.0), ("october", 10.0),
    ("oct", 10.0), ("november", 11.0), ("nov", 11.0), ("december", 12.0), ("dec", 12.0),
];

/// Native numerals and counted days, matched at the beginning of a word, the longer ones first.
#[rustfmt::skip]
const KOREAN_WORDS: &[(&str, &[f64])] = &[
    ("한두", &[1.0, 2.0]), ("두세", &[2.0, 3.0]), ("두어", &[2.0, 3.0]), ("서너", &[3.0, 4.0]),
    ("너댓", &[4.0, 5.0]), ("하나", &[1.0]), ("하루", &[1.0]), ("한", &[1.0]), ("첫", &[1.0]),
    ("둘", &[2.0]), ("두", &[2.0]), ("이틀", &[2.0]), ("양", &[2.0]), ("쌍", &[2.0]), ("셋", &[3.0]),
    ("세", &[3.0]), ("석", &[3.0]), ("사흘", &[3.0]), ("넷", &[4.0]), ("네", &[4.0]), ("넉", &[4.0]),
    ("나흘", &[4.0]), ("다섯", &[5.0]), ("닷새", &[5.0]), ("여섯", &[6.0]), ("엿새", &[6.0]),
    ("일곱", &[7.0]), ("이레", &[7.0]), ("일주일", &[7.0, 1.0]), ("여덟", &[8.0]), ("아홉", &[9.0]),
    ("열흘", &[10.0]), ("보름", &[15.0]), ("절반", &[50.0, 2.0]), ("반", &[50.0, 30.0, 2.0]),
    ("정오", &[12.0]), ("자정", &[12.0, 0.0]), ("세기", &[100.0]), ("무", &[0.0]), ("영", &[0.0]),
    ("제로", &[0.0]),
];

/// Native tens, before native units: 열두, 스물다섯.
#[rustfmt::skip]
const KOREAN_TENS: &[(&str, f64)] = &[
    ("열", 10.0), ("스물", 20.0), ("스무", 20.0), ("서른", 30.0), ("마흔", 40.0), ("쉰", 50.0),
    ("예순", 60.0), ("일흔", 70.0), ("여든", 80.0), ("아흔", 90.0),
];

/// Words of the hours that the other clock counts on from twelve.
const AFTERNOON: &[&str] = &["p.m", "pm", "오후", "저녁", "밤", "afternoon", "evening", "night"];

/// Reads a text.
pub(super) fn read(text: &str) -> Numbers<'_> {
    let mut numbers = Numbers { stated: stated(text), spelled: Vec::new() };
    spell_english(text, &mut numbers.spelled);
    spell_korean(text, &mut numbers.spelled);
    numbers
}

impl Numbers<'_> {
    /// Whether this text has a counterpart of another text's number.
    pub(super) fn holds(&self, number: &Number<'_>) -> bool {
        let same = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
        // "제5조" is "Article 5" although it reads like five trillion, so that bare digits match the other's bare number; two
        // numbers that both have a magnitude must agree in it.
        let agree = |own: &Number<'_>| {
            same(own.value, number.value)
                || (own.value == own.digits && same(own.value, number.digits))
                || (number.value == number.digits && same(own.digits, number.value))
                || own.also.iter().any(|other| same(*other, number.value))
                || number.also.iter().any(|other| same(*other, own.value))
        };
        self.stated.iter().any(agree)
            || self
                .spelled
                .iter()
                .any(|own| same(*own, number.value) || number.also.iter().any(|other| same(*own, *other)))
    }
}

fn stated(text: &str) -> Vec<Number<'_>> {
    let lower = text.to_lowercase();
    let afternoon = AFTERNOON.iter().any(|word| lower.contains(word));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()).map(|offset| at + offset) {
        let (mut digits, mut length) = leading_digits(&text[start..]);
        if digits.fract() != 0.0 && is_clock(&text[start + length..]) {
            // "7.55am" is a time, which others write "7:55": two numbers.
            (digits, length) = (digits.trunc(), text[start..].find('.').unwrap_or(length));
        }
        let (mut value, mut end) = (digits, start + length);
        if let Some((korean, length)) = korean_number(&text[start..]) {
            (value, end) = (korean, start + length);
        } else if let Some((magnitude, length)) = english_magnitude(&text[end..]) {
            (value, end) = (digits * magnitude, end + length);
        }
        let mut also = Vec::new();
        if is_short_year(&text[..start], &text[start..end], &text[end..]) {
            also.extend([1900.0 + value, 2000.0 + value]);
        }
        if afternoon && value <= 12.0 {
            also.push(value + 12.0);
        }
        found.push(Number { text: &text[start..end], start, value, digits, also });
        at = end;
    }
    found
}

/// Whether two digits may be the end of a year: "'19", "80년대", "the 80s". Any other two digits are not, or 2019 in an article would
/// vouch for every 19 in its summary.
fn is_short_year(before: &str, digits: &str, after: &str) -> bool {
    let marked = before.ends_with(['\'', '’', '‘'])
        || after.starts_with('년')
        || after.starts_with('s')
        || after.starts_with("'s");
    digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) && marked
}

/// Whether what stands behind a number makes it a time of day.
fn is_clock(after: &str) -> bool {
    let after = after.trim_start();
    ["am", "pm", "a.m", "p.m", "AM", "PM"].iter().any(|mark| after.starts_with(mark))
}

/// "1,250", "12.4", "2016": the number and its length. Commas count only before three digits.
fn leading_digits(text: &str) -> (f64, usize) {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    let mut plain = String::new();
    loop {
        match bytes.get(end) {
            Some(byte) if byte.is_ascii_digit() => plain.push(char::from(*byte)),
            Some(b',')
                if (1..=3).all(|ahead| digit(end + ahead)) && !digit(end + 4) && !plain.contains('.') => {}
            Some(b'.') if digit(end + 1) && !plain.contains('.') => plain.push('.'),
            _ => break,
        }
        end += 1;
    }
    (plain.parse().unwrap_or(f64::NAN), end)
}

/// A magnitude right behind a number: " million", "-billion", "bn"; not the "m" of "100 metres".
fn english_magnitude(text: &str) -> Option<(f64, usize)> {
    let gap = text.chars().next().filter(|c| matches!(c, ' ' | '-' | '\u{a0}')).map_or(0, char::len_utf8);
    let word = &text[gap..];
    let word = &word[..word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len())];
    let long = worth(MAGNITUDES, word);
    // "5 m" are metres, "$5m" and "50k" are not.
    let found = long.or_else(|| (gap == 0).then(|| worth(SHORT_MAGNITUDES, word)).flatten());
    found.map(|magnitude| (magnitude, gap + word.len()))
}

/// What a word is worth in a table, in the plural too.
fn worth(table: &[(&str, f64)], word: &str) -> Option<f64> {
    let lower = word.to_lowercase();
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    table.iter().find(|(known, _)| *known == lower || *known == singular).map(|(_, value)| *value)
}

/// "1조2천500억", "3만5천", "1억 2천만", "수" apart: a number with Korean magnitudes, and its length. `None` without any.
fn korean_number(text: &str) -> Option<(f64, usize)> {
    let (mut total, mut section, mut end, mut any) = (0.0, 0.0, 0, false);
    loop {
        let (number, length) = leading_digits(&text[end..]);
        let mut part = if length > 0 { number } else { 1.0 };
        let mut at = end + length;
        // "22 억 5 천만": some write the magnitude apart.
        let apart = &text[at..];
        if length > 0 && apart.starts_with(' ') && apart[1..].starts_with(is_unit) {
            at += 1;
        }
        let mut closed = false;
        let mut read = length > 0;
        while let Some(c) = text[at..].chars().next() {
            match small_unit(c) {
                Some(unit) => part *= unit,
                None => match big_unit(c) {
                    Some(unit) => {
                        total += (section + if read { part } else { 0.0 }) * unit;
                        section = 0.0;
                        closed = true;
                    }
                    None => break,
                },
            }
            any = true;
            read = true;
            at += c.len_utf8();
            if closed || text[at..].starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
        }
        if !read {
            break;
        }
        if !closed {
            section += part;
        }
        end = at;
        // "1억 2천만": a space may stand behind a big magnitude, if a smaller number follows.
        let rest = &text[end..];
        let skip = usize::from(closed && rest.starts_with(' '));
        let digit = rest[skip..].starts_with(|c: char| c.is_ascii_digit());
        let adjacent = any && digit && (skip == 0 || is_followed_by_magnitude(&rest[skip..]));
        if !adjacent {
            break;
        }
        end += skip;
    }
    any.then_some((total + section, end))
}

fn is_followed_by_magnitude(text: &str) -> bool {
    let (_, length) = leading_digits(text);
    text[length..].trim_start_matches(' ').starts_with(is_unit)
}

fn is_unit(c: char) -> bool {
    small_unit(c).is_some() || big_unit(c).is_some()
}

fn small_unit(c: char) -> Option<f64> {
    match c {
        '십' => Some(1e1),
        '백' => Some(1e2),
        '천' => Some(1e3),
        _ => None,
    }
}

fn big_unit(c: char) -> Option<f64> {
    match c {
        '만' => Some(1e4),
        '억' => Some(1e8),
        '조' => Some(1e12),
        _ => None,
    }
}

/// English numerals, alone and together: "two hundred and fifty thousand", "twenty-five", "July".
fn spell_english(text: &str, spelled: &mut Vec<f64>) {
    let (mut total, mut current, mut open) = (0.0, 0.0, false);
    for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).chain([""]) {
        if let Some(value) = worth(ENGLISH_WORDS, word) {
            spelled.push(value);
            (current, open) = (current + value, true);
        } else if let Some(magnitude) = worth(MAGNITUDES, word) {
            spelled.push(magnitude);
            if magnitude < 1e3 {
                current = f64::max(current, 1.0) * magnitude;
            } else {
                (total, current) = (total + f64::max(current, 1.0) * magnitude, 0.0);
            }
            open = true;
        } else if !(open && word.eq_ignore_ascii_case("and")) {
            if open {
                spelled.push(total + current);
            }
            (total, current, open) = (0.0, 0.0, false);
        }
        if let Some(value) = roman(word) {
            spelled.push(value);
        }
    }
    if text.to_lowercase().contains("quarter") {
        spelled.extend([15.0, 25.0, 75.0]);
    }
    if text.to_lowercase().contains("half") {
        spelled.extend([0.5, 2.0, 30.0]);
    }
}

/// Regnal and war numbers: II, IV, XIV.
fn roman(word: &str) -> Option<f64> {
    if word.is_empty() || word.len() > 6 {
        return None;
    }
    let digit = |c: char| match c {
        'I' => Some(1.0),
        'V' => Some(5.0),
        'X' => Some(10.0),
        _ => None,
    };
    let digits: Vec<f64> = word.chars().map(digit).collect::<Option<_>>()?;
    let signed = digits
        .iter()
        .enumerate()
        .map(|(at, digit)| if digits.get(at + 1).is_some_and(|next| next > digit) { -digit } else { *digit });
    Some(signed.sum())
}

/// Korean numerals at the beginning of words: native ones, and Sino-Korean ones that hold a magnitude ("수백", "이십").
fn spell_korean(text: &str, spelled: &mut Vec<f64>) {
    let mut words =
        text.split(|c: char| !crate::language::is_hangul(c)).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        if let Some((_, values)) = KOREAN_WORDS.iter().find(|(known, _)| word.starts_with(known)) {
            spelled.extend(*values);
        }
        if let Some((known, ten)) = KOREAN_TENS.iter().find(|(known, _)| word.starts_with(known)) {
            // "열다섯", and "열 다섯".
            let rest = &word[known.len()..];
            let rest = if rest.is_empty() { words.peek().copied().unwrap_or_default() } else { rest };
            let unit = KOREAN_WORDS
                .iter()
                .find(|(unit, _)| rest.starts_with(unit))
                .map_or(0.0, |(_, values)| values[0]);
            spelled.extend([*ten, ten + unit]);
        }
        let sino = word
            .strip_prefix('수')
            .or_else(|| word.strip_prefix('몇'))
            .or_else(|| word.strip_prefix('제'))
            .unwrap_or(word);
        spelled.extend(sino_korean(sino));
    }
}

/// "이십오", "삼백만", "천": `None` without a magnitude, where 이 and 사 are mostly other words.
fn sino_korean(word: &str) -> Option<f64> {
    let (mut total, mut section, mut digit, mut any) = (0.0, 0.0, None, false);
    for c in word.chars() {
        if let Some(value) = "영일이삼사오육칠팔구".chars().position(|known| known == c) {
            digit = Some(value as f64);
        } else if let Some(unit) = small_unit(c) {
            section += digit.take().unwrap_or(1.0) * unit;
            any = true;
        } else if let Some(unit) = big_unit(c) {
            let whole: f64 = section + digit.take().unwrap_or(0.0);
            total += whole.max(1.0) * unit;
            section = 0.0;
            any = true;
        } else {
            break;
        }
    }
    any.then_some(total + section + digit.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<f64> {
        read(text).stated.iter().map(|number| number.value).collect()
    }

    #[test]
    fn digits_are_read_with_their_magnitudes() {
        assert_eq!(
            values("1,250 of 1.25 trillion, 50k, $3bn, 100 m, 3-1, 2016,"),
            [1250.0, 1.25e12, 5e4, 3e9, 100.0, 3.0, 1.0, 2016.0]
        );
        assert_eq!(
            values("1조2천500억원, 3만5천명, 7만1천300원, 1억 2천만 달러, 500만 2명"),
            [1.25e12, 35_000.0, 71_300.0, 1.2e8, 5e6, 2.0]
        );
        assert_eq!(
            values("1천240개, 2천, 9억530만, 1,240만, 12.4%"),
            [1240.0, 2000.0, 905_300_000.0, 12_400_000.0, 12.4]
        );
    }

    #[test]
    fn words_may_stand_for_numbers() {
        for (text, value) in [
            ("two hundred and fifty thousand", 250_000.0),
            ("twenty-five", 25.0),
            ("World War II", 2.0),
            ("in July", 7.0),
            ("over two decades", 20.0),
            ("two-dozen", 24.0),
            ("돼지 열 다섯 마리", 15.0),
            ("두 명", 2.0),
            ("열두 번째", 12.0),
            ("스물다섯", 25.0),
            ("수백만", 1e6),
            ("이십오", 25.0),
        ] {
            assert!(read(text).spelled.contains(&value), "{text}: {:?}", read(text).spelled);
        }
    }

    #[test]
    fn two_magnitudes_must_agree_and_a_bare_number_matches_bare_digits() {
        let number = |text| read(text).stated[0].clone();
        assert!(!read("5 billion won").holds(&number("5조원")));
        assert!(read("Article 5").holds(&number("제5조")));
        assert!(read("제5조").holds(&number("Article 5")));
    }
}
