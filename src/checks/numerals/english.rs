//! English magnitudes after digits, and English numerals in words.

use super::spelled::Spelled;
use crate::document::Span;

/// A word that multiplies the number before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Magnitude {
    pub value: f64,
    /// True for a single letter, which is a unit in Korean texts.
    pub is_letter: bool,
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
    ("one", 1.0), ("once", 1.0), ("first", 1.0), ("single", 1.0), ("solo", 1.0), ("top", 1.0), ("topped", 1.0),
    ("leader", 1.0), ("leading", 1.0), ("winner", 1.0), ("champion", 1.0), ("either", 2.0), ("neither", 2.0),
    ("brace", 2.0), ("trick", 3.0), ("two", 2.0), ("twice", 2.0), ("second", 2.0), ("double", 2.0), ("doubled", 2.0), ("doubling", 2.0), ("secondly", 2.0), ("secondary", 2.0),
    ("duel", 2.0), ("dueling", 2.0), ("duelling", 2.0), ("bilateral", 2.0), ("bipartisan", 2.0),
    ("both", 2.0), ("pair", 2.0), ("couple", 2.0), ("twin", 2.0), ("dual", 2.0), ("duo", 2.0),
    ("three", 3.0), ("thrice", 3.0), ("third", 3.0), ("triple", 3.0), ("tripled", 3.0), ("tripling", 3.0), ("trilateral", 3.0), ("treble", 3.0), ("triplet", 3.0),
    ("trio", 3.0), ("four", 4.0), ("fourth", 4.0), ("quarter", 4.0), ("quadruple", 4.0),
    ("quadrupled", 4.0), ("quartet", 4.0), ("quintet", 5.0), ("pentathlon", 5.0), ("decathlon", 10.0), ("five", 5.0), ("fifth", 5.0), ("quintuple", 5.0), ("six", 6.0),
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
    ("millennium", 1e3), ("millennia", 1e3), ("thousandth", 1e3), ("millionth", 1e6), ("billionth", 1e9), ("semifinal", 4.0), ("quarterfinal", 8.0),
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
    let is_letter = word == "m";
    Some((Magnitude { value, is_letter, is_ambiguous }, gap + word.len()))
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

/// Adds English numerals, single and combined: "two hundred and fifty thousand", "twenty-five",
/// "July". Cardinals from two on and ordinals from the third on are stated; months and vague words
/// may be something else.
pub(super) fn spell(text: &str, spelled: &mut Spelled) {
    let mut reading = Reading::default();
    let mut at = 0;
    while let Some(start) =
        text[at..].find(|c: char| c.is_ascii_alphabetic()).map(|offset| at + offset)
    {
        let word = &text[start..];
        let word = &word[..word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len())];
        let gap = &text[at..start];
        at = start + word.len();
        let is_gap = gap.chars().count() == 1 && gap.starts_with(is_gap);
        if !is_gap {
            reading.close(spelled);
        }
        let before = &text[..start];
        let before = before.strip_suffix(self::is_gap).unwrap_or(before);
        // A magnitude after digits belongs to their number.
        if before.ends_with(super::digits::is_digit) && lookup(MAGNITUDES, word).is_some() {
            reading.close(spelled);
            continue;
        }
        reading.take(text, start..at, spelled);
        spelled.values.extend(roman(word));
    }
    reading.close(spelled);
    let lower = text.to_lowercase();
    if lower.contains("quarter") {
        spelled.values.extend([15.0, 25.0, 75.0]);
    }
    if lower.contains("fortnight") {
        // Two weeks.
        spelled.values.push(2.0);
    }
    if lower.contains("half") {
        // A half as a fraction, of two, of a year in months, of an hour in minutes.
        spelled.values.extend([0.5, 2.0, 6.0, 30.0]);
    }
}

/// A numeral of several words while it is read.
#[derive(Default)]
struct Reading {
    total: f64,
    current: f64,
    /// The words read so far.
    span: Option<Span>,
    /// True if a word is an ordinal or vague: "third", "dozens".
    is_vague: bool,
    /// The value before "and a", which "half" may follow.
    whole: Option<f64>,
    /// True after "and", which a smaller numeral may follow.
    joined: bool,
    /// True after a half: "half a million".
    half: bool,
}

impl Reading {
    fn take(&mut self, text: &str, span: Span, spelled: &mut Spelled) {
        let word = &text[span.clone()];
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        if is("half")
            && let Some(whole) = self.whole.take()
        {
            let start = self.span.as_ref().map_or(span.start, |own| own.start);
            *self = Self { current: whole + 0.5, span: Some(start..span.end), ..Self::default() };
        } else if let Some(value) = numeral(word) {
            if !self.continues_with(value) {
                self.close(spelled);
            }
            self.current += value;
            let is_certain = CARDINALS.iter().chain(ORDINALS).any(|numeral| is(numeral));
            self.is_vague |= !is_certain || is_name(text, &span);
            self.extend(span);
            self.half = is("half");
        } else if let Some(magnitude) = lookup(MAGNITUDES, word) {
            if self.half {
                spelled.values.push(magnitude / 2.0);
                (self.current, self.is_vague) = (0.5, false);
            }
            // "three decades" are thirty years or three decades.
            if magnitude < 20.0 {
                spelled.values.extend([self.current, magnitude]);
            }
            let is_plural = word.ends_with(['s', 'S']);
            self.is_vague |= is_plural && (self.span.is_none() || magnitude > 20.0);
            self.is_vague |= magnitude < 20.0 && self.span.is_none();
            let factor = if self.current == 0.0 { 1.0 } else { self.current };
            if magnitude < 1e3 {
                self.current = factor * magnitude;
            } else {
                self.total += factor * magnitude;
                self.current = 0.0;
            }
            self.extend(span);
            self.half = false;
        } else if self.span.is_some() && is("and") && !self.joined {
            self.whole = Some(self.total + self.current);
            self.joined = true;
        } else if self.is_vague && is("of") && self.current >= 10.0 {
            // "tens of thousands"
        } else if !(is("a") && (self.whole.is_some() || self.half)) {
            self.close(spelled);
        }
    }

    fn extend(&mut self, span: Span) {
        let start = self.span.as_ref().map_or(span.start, |own| own.start);
        self.span = Some(start..span.end);
        (self.joined, self.whole) = (false, None);
    }

    /// True if a value may be added to the words so far: "twenty five", "two hundred and fifty".
    fn continues_with(&self, value: f64) -> bool {
        let last = if self.current > 0.0 { self.current } else { self.total };
        let is_tens = (20.0..100.0).contains(&last) && last % 10.0 == 0.0 && value < 10.0;
        let is_hundreds = last >= 100.0 && last % 100.0 == 0.0 && value < 100.0;
        self.span.is_none() || (is_tens && !self.joined) || is_hundreds
    }

    fn close(&mut self, spelled: &mut Spelled) {
        let value = self.total + self.current;
        if let Some(span) = self.span.take() {
            if self.is_vague || value < 1.0 {
                spelled.values.push(value);
            } else {
                spelled.stated.push((span, value, None));
            }
        }
        *self = Self::default();
    }
}

/// True for a numeral in a name: "the Four Corners". A sentence may begin with a capital.
fn is_name(text: &str, span: &Span) -> bool {
    let capital = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase());
    let before = text[..span.start].strip_suffix(' ').unwrap_or_default();
    let inside = before.ends_with(|c: char| c.is_alphanumeric() || c == ',');
    let behind = text[span.end..].strip_prefix([' ', '-']).unwrap_or_default();
    inside && capital(&text[span.clone()]) && capital(behind)
}

/// Words of cardinal numbers, which state a number wherever they are.
#[rustfmt::skip]
const CARDINALS: &[&str] = &[
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty",
    "sixty", "seventy", "eighty", "ninety",
];

/// Words of ordinals that are always numbers; "second" is also a unit of time.
#[rustfmt::skip]
const ORDINALS: &[&str] = &[
    "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "thirtieth",
];

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
