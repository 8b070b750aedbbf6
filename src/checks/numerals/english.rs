//! English magnitudes after digits, and English numerals in words.

/// A word that multiplies the number before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Magnitude {
    pub value: f64,
    /// True if it may also be a unit: "100m" is meters or millions, "3 decades" is 30 years or
    /// three decades.
    is_ambiguous: bool,
}

impl Magnitude {
    /// True if the number may be meant without the magnitude in this context.
    pub fn is_ambiguous(self, before: &str, after: &str) -> bool {
        const COUNTED: &[&str] =
            &["people", "won", "dollar", "euro", "pound", "user", "home", "job", "vote"];
        let money = before.ends_with(['$', '€', '£', '¥', '₩']);
        let counted = after
            .strip_prefix(' ')
            .is_some_and(|rest| COUNTED.iter().any(|word| rest.starts_with(word)));
        self.is_ambiguous && !money && !counted
    }
}

/// Words that multiply the number before them.
#[rustfmt::skip]
const MAGNITUDES: &[(&str, f64)] = &[
    ("decade", 10.0), ("dozen", 12.0), ("hundred", 1e2), ("thousand", 1e3), ("lakh", 1e5), ("million", 1e6),
    ("crore", 1e7), ("billion", 1e9), ("trillion", 1e12), ("quadrillion", 1e15),
];

/// Abbreviations of them, written directly after digits.
#[rustfmt::skip]
const SHORT_MAGNITUDES: &[(&str, f64)] = &[
    ("mln", 1e6), ("bln", 1e9), ("trln", 1e12), ("bn", 1e9), ("tn", 1e12), ("k", 1e3), ("m", 1e6),
];

#[rustfmt::skip]
const WORDS: &[(&str, f64)] = &[
    ("one", 1.0), ("two", 2.0), ("twice", 2.0), ("second", 2.0), ("double", 2.0), ("doubled", 2.0),
    ("both", 2.0), ("pair", 2.0), ("couple", 2.0), ("twin", 2.0), ("dual", 2.0), ("duo", 2.0),
    ("three", 3.0), ("thrice", 3.0), ("third", 3.0), ("triple", 3.0), ("tripled", 3.0), ("triplet", 3.0),
    ("trio", 3.0), ("four", 4.0), ("fourth", 4.0), ("quarter", 4.0), ("quadruple", 4.0),
    ("quadrupled", 4.0), ("quartet", 4.0), ("five", 5.0), ("fifth", 5.0), ("quintuple", 5.0), ("six", 6.0),
    ("sixth", 6.0), ("seven", 7.0), ("seventh", 7.0), ("week", 7.0), ("eight", 8.0), ("eighth", 8.0),
    ("nine", 9.0), ("ninth", 9.0), ("ten", 10.0), ("tenth", 10.0), ("teen", 10.0), ("teenage", 10.0),
    ("teenager", 10.0), ("eleven", 11.0), ("eleventh", 11.0), ("twelve", 12.0), ("twelfth", 12.0),
    ("noon", 12.0), ("midnight", 12.0), ("thirteen", 13.0), ("thirteenth", 13.0), ("fourteen", 14.0),
    ("fourteenth", 14.0), ("fortnight", 14.0), ("fifteen", 15.0), ("fifteenth", 15.0), ("sixteen", 16.0),
    ("sixteenth", 16.0), ("seventeen", 17.0), ("seventeenth", 17.0), ("eighteen", 18.0),
    ("eighteenth", 18.0), ("nineteen", 19.0), ("nineteenth", 19.0), ("twenty", 20.0), ("twentieth", 20.0),
    ("twenties", 20.0), ("thirty", 30.0), ("thirties", 30.0), ("thirtieth", 30.0), ("forty", 40.0),
    ("forties", 40.0), ("fortieth", 40.0), ("fifty", 50.0), ("fifties", 50.0), ("fiftieth", 50.0),
    ("half", 50.0), ("sixty", 60.0), ("sixties", 60.0), ("sexagenarian", 60.0), ("seventy", 70.0),
    ("seventies", 70.0), ("septuagenarian", 70.0), ("eighty", 80.0), ("eighties", 80.0),
    ("octogenarian", 80.0), ("ninety", 90.0), ("nineties", 90.0), ("nonagenarian", 90.0),
    ("century", 100.0), ("centuries", 100.0), ("hundredth", 100.0), ("centennial", 100.0),
    ("centenary", 100.0), ("centenarian", 100.0), ("bicentennial", 200.0),
    ("thousandth", 1e3), ("millionth", 1e6), ("billionth", 1e9), ("semifinal", 4.0), ("quarterfinal", 8.0),
    ("wwii", 2.0), ("ww", 2.0),
];

/// Months. Some are other words in lower case.
#[rustfmt::skip]
const MONTHS: &[(&str, f64)] = &[
    ("January", 1.0), ("Jan", 1.0), ("February", 2.0), ("Feb", 2.0), ("March", 3.0), ("Mar", 3.0),
    ("April", 4.0), ("Apr", 4.0), ("May", 5.0), ("June", 6.0), ("Jun", 6.0), ("July", 7.0), ("Jul", 7.0),
    ("August", 8.0), ("Aug", 8.0), ("September", 9.0), ("Sept", 9.0), ("Sep", 9.0), ("October", 10.0),
    ("Oct", 10.0), ("November", 11.0), ("Nov", 11.0), ("December", 12.0), ("Dec", 12.0),
];

/// The magnitude directly after a number and its length: " million", "-billion", "bn", but not the
/// "m" of "100 metres".
pub(super) fn magnitude(text: &str) -> Option<(Magnitude, usize)> {
    let gap = text.chars().next().filter(|c| is_gap(*c)).map_or(0, char::len_utf8);
    let word = &text[gap..];
    let word = &word[..word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len())];
    // "5 m" is meters; "$5m" and "50k" are not.
    let short = || (gap == 0).then(|| lookup(SHORT_MAGNITUDES, word)).flatten();
    let value = lookup(MAGNITUDES, word).or_else(short)?;
    let is_ambiguous = value <= 12.0 || word.len() == 1;
    Some((Magnitude { value, is_ambiguous }, gap + word.len()))
}

fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '-' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// The value of a word in a table, in the singular or plural.
fn lookup(table: &[(&str, f64)], word: &str) -> Option<f64> {
    const MAX_LENGTH: usize = 16;
    if word.len() > MAX_LENGTH {
        return None;
    }
    let lower = word.to_lowercase();
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    table.iter().find(|(entry, _)| *entry == lower || *entry == singular).map(|(_, value)| *value)
}

/// The value of a numeral, a month or a word such as "tenfold".
fn numeral(word: &str) -> Option<f64> {
    let month = MONTHS
        .iter()
        .find(|(name, _)| *name == word || (word.len() > 4 && name.eq_ignore_ascii_case(word)));
    let fold = word.strip_suffix("fold").and_then(|number| lookup(WORDS, number));
    lookup(WORDS, word).or(fold).or(month.map(|(_, value)| *value))
}

/// Adds the values of English numerals, single and combined: "two hundred and fifty thousand",
/// "twenty-five", "July".
pub(super) fn spell(text: &str, spelled: &mut Vec<f64>) {
    let mut reading = Reading::default();
    let mut at = 0;
    while let Some(start) =
        text[at..].find(|c: char| c.is_ascii_alphabetic()).map(|offset| at + offset)
    {
        let word = &text[start..];
        let word = &word[..word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len())];
        at = start + word.len();
        let before = &text[..start];
        let before = before.strip_suffix(is_gap).unwrap_or(before);
        // A magnitude after digits belongs to their number.
        if before.ends_with(super::digits::is_digit) && lookup(MAGNITUDES, word).is_some() {
            reading.close(spelled);
            continue;
        }
        reading.take(word, spelled);
        spelled.extend(roman(word));
    }
    reading.close(spelled);
    let lower = text.to_lowercase();
    if lower.contains("quarter") {
        spelled.extend([15.0, 25.0, 75.0]);
    }
    if lower.contains("half") {
        // A half as a fraction, of two, of a year in months, of an hour in minutes.
        spelled.extend([0.5, 2.0, 6.0, 30.0]);
    }
}

/// A numeral of several words while it is read.
#[derive(Default)]
struct Reading {
    total: f64,
    current: f64,
    /// True if a word has been read.
    open: bool,
    /// The value before "and a", which "half" may follow.
    whole: Option<f64>,
    /// True after a half: "half a million".
    half: bool,
}

impl Reading {
    fn take(&mut self, word: &str, spelled: &mut Vec<f64>) {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        if is("half")
            && let Some(whole) = self.whole.take()
        {
            *self = Self { current: whole + 0.5, open: true, ..Self::default() };
            spelled.push(self.current);
        } else if let Some(value) = numeral(word) {
            spelled.push(value);
            self.current += value;
            (self.open, self.half, self.whole) = (true, is("half"), None);
        } else if let Some(magnitude) = lookup(MAGNITUDES, word) {
            spelled.push(magnitude);
            if self.half {
                spelled.push(magnitude / 2.0);
            }
            if magnitude < 1e3 {
                self.current = f64::max(self.current, 1.0) * magnitude;
            } else {
                self.total += f64::max(self.current, 1.0) * magnitude;
                self.current = 0.0;
            }
            (self.open, self.half, self.whole) = (true, false, None);
        } else if self.open && is("and") {
            self.whole = Some(self.total + self.current);
        } else if !(is("a") && (self.whole.is_some() || self.half)) {
            self.close(spelled);
        }
    }

    fn close(&mut self, spelled: &mut Vec<f64>) {
        if self.open {
            spelled.push(self.total + self.current);
        }
        *self = Self::default();
    }
}

/// The value of a Roman numeral of monarchs and wars: II, IV, XIV.
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
    let signed = digits.iter().enumerate().map(|(at, digit)| {
        if digits.get(at + 1).is_some_and(|next| next > digit) { -digit } else { *digit }
    });
    Some(signed.sum())
}
