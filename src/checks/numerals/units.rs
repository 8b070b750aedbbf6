//! Units after and before numbers in both languages: "km", "percentage points", "$", 개월, 파운드.
//!
//! Knows the units of news, their sizes and which of them one language writes for another. A word
//! with several meanings (m, 킬로) has no unit.

use crate::language::{Language, is_hangul};

/// Relative tolerance of conversions within a system of units.
const EXACT: f64 = 0.004;

/// Relative tolerance of conversions between systems: news writes 5 km for 3 miles.
pub(super) const ROUNDED: f64 = 0.06;

/// A unit of measurement, a currency or a counted class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in super::super) enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Kilometer,
    Meter,
    Centimeter,
    Millimeter,
    Mile,
    Yard,
    Foot,
    Inch,
    Knot,
    SquareKilometer,
    SquareMeter,
    SquareMile,
    SquareFoot,
    Acre,
    Hectare,
    Ton,
    Kilogram,
    Gram,
    Milligram,
    Ounce,
    Liter,
    Milliliter,
    Gallon,
    Barrel,
    Celsius,
    Fahrenheit,
    /// Degrees of an unnamed scale.
    Degree,
    Percent,
    PercentagePoint,
    /// British currency, and the unit of mass.
    Pound,
    Penny,
    Dollar,
    Cent,
    Euro,
    Yen,
    Won,
    Yuan,
    Rupee,
    Ruble,
    Franc,
    Peso,
    Lira,
    Krona,
    Person,
    Times,
}

/// Smallest number before 년 that is a year of the calendar.
const MIN_CALENDAR_YEAR: f64 = 1000.0;

/// Quantities of one dimension can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Time,
    Length,
    Area,
    Mass,
    Volume,
    Pounds,
    Dollars,
}

/// A system of units. Conversions between systems are rounded in news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Metric,
    Imperial,
}

use Unit::*;

/// Units with a size in a unit of their dimension: second, meter, square meter, kilogram, liter.
#[rustfmt::skip]
const SIZES: &[(Unit, Dimension, System, f64)] = &[
    (Year, Dimension::Time, System::Metric, 31_536_000.0), (Month, Dimension::Time, System::Metric, 2_628_000.0),
    (Week, Dimension::Time, System::Metric, 604_800.0), (Day, Dimension::Time, System::Metric, 86_400.0),
    (Hour, Dimension::Time, System::Metric, 3600.0), (Minute, Dimension::Time, System::Metric, 60.0),
    (Second, Dimension::Time, System::Metric, 1.0),
    (Kilometer, Dimension::Length, System::Metric, 1000.0), (Meter, Dimension::Length, System::Metric, 1.0),
    (Centimeter, Dimension::Length, System::Metric, 0.01), (Millimeter, Dimension::Length, System::Metric, 0.001),
    (Mile, Dimension::Length, System::Imperial, 1609.344), (Yard, Dimension::Length, System::Imperial, 0.9144),
    (Foot, Dimension::Length, System::Imperial, 0.3048), (Inch, Dimension::Length, System::Imperial, 0.0254),
    (Knot, Dimension::Length, System::Imperial, 1852.0),
    (SquareKilometer, Dimension::Area, System::Metric, 1e6), (SquareMeter, Dimension::Area, System::Metric, 1.0),
    (Hectare, Dimension::Area, System::Metric, 1e4), (SquareMile, Dimension::Area, System::Imperial, 2_589_988.0),
    (SquareFoot, Dimension::Area, System::Imperial, 0.092_903), (Acre, Dimension::Area, System::Imperial, 4046.86),
    (Ton, Dimension::Mass, System::Metric, 1000.0), (Kilogram, Dimension::Mass, System::Metric, 1.0),
    (Gram, Dimension::Mass, System::Metric, 0.001), (Milligram, Dimension::Mass, System::Metric, 1e-6),
    (Pound, Dimension::Mass, System::Imperial, 0.453_592), (Ounce, Dimension::Mass, System::Imperial, 0.028_350),
    (Liter, Dimension::Volume, System::Metric, 1.0), (Milliliter, Dimension::Volume, System::Metric, 0.001),
    (Gallon, Dimension::Volume, System::Imperial, 3.785), (Barrel, Dimension::Volume, System::Imperial, 158.987),
    (Pound, Dimension::Pounds, System::Metric, 1.0), (Penny, Dimension::Pounds, System::Metric, 0.01),
    (Dollar, Dimension::Dollars, System::Metric, 1.0), (Cent, Dimension::Dollars, System::Metric, 0.01),
];

/// English names and symbols, in lower case and in the singular.
#[rustfmt::skip]
const ENGLISH: &[(&str, Unit)] = &[
    ("year", Year), ("yr", Year), ("month", Month), ("week", Week), ("day", Day), ("hour", Hour), ("hr", Hour),
    ("minute", Minute), ("min", Minute), ("second", Second), ("sec", Second),
    ("kilometer", Kilometer), ("kilometre", Kilometer), ("km", Kilometer), ("kph", Kilometer), ("kmh", Kilometer),
    ("meter", Meter), ("metre", Meter), ("centimeter", Centimeter), ("centimetre", Centimeter), ("cm", Centimeter),
    ("millimeter", Millimeter), ("millimetre", Millimeter), ("mm", Millimeter),
    ("mile", Mile), ("mi", Mile), ("mph", Mile), ("yard", Yard), ("foot", Foot), ("feet", Foot), ("ft", Foot),
    ("inch", Inch), ("inche", Inch), ("knot", Knot), ("acre", Acre), ("hectare", Hectare), ("ha", Hectare),
    ("ton", Ton), ("tonne", Ton), ("kilogram", Kilogram), ("kilogramme", Kilogram), ("kg", Kilogram),
    ("gram", Gram), ("gramme", Gram), ("milligram", Milligram), ("mg", Milligram), ("ounce", Ounce), ("oz", Ounce),
    ("lb", Pound), ("liter", Liter), ("litre", Liter), ("milliliter", Milliliter), ("millilitre", Milliliter),
    ("ml", Milliliter), ("gallon", Gallon), ("barrel", Barrel), ("percent", Percent), ("pct", Percent),
    ("pp", PercentagePoint), ("pound", Pound), ("quid", Pound), ("pence", Penny), ("penny", Penny),
    ("dollar", Dollar), ("buck", Dollar), ("usd", Dollar), ("cent", Cent), ("euro", Euro), ("eur", Euro),
    ("gbp", Pound), ("yen", Yen), ("jpy", Yen), ("won", Won), ("krw", Won), ("yuan", Yuan), ("renminbi", Yuan),
    ("rmb", Yuan), ("cny", Yuan), ("rupee", Rupee), ("ruble", Ruble), ("rouble", Ruble), ("franc", Franc),
    ("peso", Peso), ("lira", Lira), ("krona", Krona), ("kronor", Krona), ("krone", Krona), ("kroner", Krona),
    ("people", Person), ("person", Person), ("time", Times),
];

/// English units of several words, in lower case.
#[rustfmt::skip]
const PHRASES: &[(&str, Unit)] = &[
    ("percentage point", PercentagePoint), ("percentage-point", PercentagePoint), ("%-point", PercentagePoint),
    ("% point", PercentagePoint), ("percent point", PercentagePoint), ("per cent", Percent),
    ("square kilomet", SquareKilometer), ("sq km", SquareKilometer), ("sq. km", SquareKilometer),
    ("square met", SquareMeter), ("sq m", SquareMeter), ("square mile", SquareMile), ("sq mi", SquareMile),
    ("sq. mi", SquareMile), ("square feet", SquareFoot), ("square foot", SquareFoot), ("square-foot", SquareFoot),
    ("sq ft", SquareFoot), ("sq. ft", SquareFoot), ("degrees celsius", Celsius), ("degree celsius", Celsius),
    ("degrees c", Celsius), ("degrees centigrade", Celsius), ("degrees fahrenheit", Fahrenheit),
    ("degree fahrenheit", Fahrenheit), ("degrees f", Fahrenheit), ("degree", Degree),
    ("u.s. dollar", Dollar), ("us dollar", Dollar), ("american dollar", Dollar), ("australian dollar", Dollar),
    ("canadian dollar", Dollar), ("hong kong dollar", Dollar), ("singapore dollar", Dollar),
    ("british pound", Pound), ("japanese yen", Yen), ("korean won", Won), ("south korean won", Won),
    ("chinese yuan", Yuan), ("indian rupee", Rupee), ("swiss franc", Franc),
];

/// Names for messages.
#[rustfmt::skip]
const PLURALS: &[(&str, Unit)] = &[
    ("years", Year), ("months", Month), ("weeks", Week), ("days", Day), ("hours", Hour), ("minutes", Minute),
    ("seconds", Second), ("kilometers", Kilometer), ("meters", Meter), ("centimeters", Centimeter),
    ("millimeters", Millimeter), ("miles", Mile), ("yards", Yard), ("knots", Knot),
    ("square kilometers", SquareKilometer), ("square meters", SquareMeter), ("square miles", SquareMile),
    ("square feet", SquareFoot), ("acres", Acre), ("hectares", Hectare), ("tons", Ton), ("kilograms", Kilogram),
    ("grams", Gram), ("milligrams", Milligram), ("ounces", Ounce), ("liters", Liter), ("milliliters", Milliliter),
    ("gallons", Gallon), ("barrels", Barrel), ("pounds", Pound), ("dollars", Dollar), ("cents", Cent),
    ("euros", Euro), ("rupees", Rupee), ("rubles", Ruble), ("francs", Franc), ("pesos", Peso), ("lira", Lira),
];

/// Symbols directly after digits, the longest first.
#[rustfmt::skip]
const SYMBOLS: &[(&str, Unit)] = &[
    ("%포인트", PercentagePoint), ("% 포인트", PercentagePoint), ("%p", PercentagePoint), ("%P", PercentagePoint),
    ("％", Percent), ("%", Percent), ("°C", Celsius), ("° C", Celsius), ("ºC", Celsius), ("℃", Celsius),
    ("°F", Fahrenheit), ("° F", Fahrenheit), ("ºF", Fahrenheit), ("℉", Fahrenheit), ("°", Degree),
    ("㎞", Kilometer), ("㎢", SquareKilometer), ("㎡", SquareMeter), ("㎝", Centimeter), ("㎜", Millimeter),
    ("㎏", Kilogram), ("㎖", Milliliter), ("ℓ", Liter), ("km²", SquareKilometer), ("km2", SquareKilometer),
    ("m²", SquareMeter), ("m2", SquareMeter), ("㎎", Milligram), ("€", Euro), ("£", Pound), ("¥", Yen), ("₩", Won),
];

/// Korean units, the longest of those with one beginning first.
#[rustfmt::skip]
const KOREAN: &[(&str, Unit)] = &[
    ("퍼센트포인트", PercentagePoint), ("퍼센트 포인트", PercentagePoint), ("프로포인트", PercentagePoint),
    ("퍼센트", Percent), ("개월", Month), ("년", Year), ("살", Year), ("세", Year), ("주년", Year), ("달러", Dollar),
    ("달", Month), ("주일", Week), ("주간", Week), ("주", Week), ("일", Day), ("시간", Hour), ("분", Minute),
    ("초", Second), ("제곱킬로미터", SquareKilometer), ("평방킬로미터", SquareKilometer),
    ("제곱미터", SquareMeter), ("평방미터", SquareMeter), ("제곱마일", SquareMile), ("평방마일", SquareMile),
    ("제곱피트", SquareFoot), ("평방피트", SquareFoot), ("킬로미터", Kilometer), ("미터", Meter),
    ("센티미터", Centimeter), ("센티", Centimeter), ("밀리미터", Millimeter), ("마일", Mile), ("야드", Yard),
    ("피트", Foot), ("인치", Inch), ("노트", Knot), ("에이커", Acre), ("헥타르", Hectare), ("톤", Ton),
    ("킬로그램", Kilogram), ("그램", Gram), ("밀리그램", Milligram), ("온스", Ounce), ("리터", Liter),
    ("밀리리터", Milliliter), ("갤런", Gallon), ("배럴", Barrel), ("도", Degree), ("파운드", Pound), ("펜스", Penny),
    ("미국 달러", Dollar), ("미 달러", Dollar), ("미국달러", Dollar), ("호주 달러", Dollar), ("호주달러", Dollar),
    ("캐나다 달러", Dollar), ("캐나다달러", Dollar), ("홍콩 달러", Dollar), ("홍콩달러", Dollar), ("불", Dollar),
    ("센트", Cent), ("유로", Euro), ("엔", Yen), ("원", Won), ("위안", Yuan), ("루피", Rupee), ("루블", Ruble),
    ("프랑", Franc), ("페소", Peso), ("리라", Lira), ("크로나", Krona), ("크로네", Krona), ("명", Person),
    ("사람", Person), ("번", Times), ("차례", Times), ("회", Times), ("배", Times),
];

/// Continuations that make another word of a Korean unit: 3분기 is a quarter, 2세기 a century.
#[rustfmt::skip]
const OTHER_WORDS: &[(&str, &[&str])] = &[
    ("년", &["대", "생", "도"]), ("세", &["기", "대", "트", "션", "계"]), ("분", &["의", "기", "야", "량"]),
    ("초", &["등", "대", "기", "선", "반", "봉", "고", "순", "중"]), ("주", &["요", "자", "택", "주", "민", "의", "지", "말", "전"]),
    ("일", &["본", "반", "부", "요", "자", "대"]), ("도", &["로", "민", "시", "의", "움", "심", "중", "쿄"]),
    ("달", &["성", "걀"]), ("번", &["째", "호", "지", "역"]), ("회", &["사", "의", "원", "장", "담", "째", "차", "초", "말", "전"]),
    ("배", &["럴", "터", "우", "송", "달"]), ("원", &["자", "유", "내", "정"]), ("엔", &["진", "터"]),
    ("불", &["법", "교", "참", "명", "가"]), ("유로", &["파", "존", "화", "터", "20"]), ("명", &["령", "예", "칭"]),
    ("톤", &["즈"]), ("프랑", &["스"]), ("시간", &["대"]), ("노트", &["북"]),
];

impl Unit {
    /// Its name in a message, English and Korean.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            PercentagePoint => ("percentage points", "%포인트"),
            Percent => ("percent", "%"),
            Celsius => ("degrees Celsius", "섭씨"),
            Fahrenheit => ("degrees Fahrenheit", "화씨"),
            Degree => ("degrees", "도"),
            Foot => ("feet", "피트"),
            Inch => ("inches", "인치"),
            Penny => ("pence", "펜스"),
            Yen => ("yen", "엔"),
            Won => ("won", "원"),
            Yuan => ("yuan", "위안"),
            Krona => ("kronor", "크로나"),
            Person => ("people", "명"),
            Times => ("times", "번"),
            _ => {
                let english = PLURALS.iter().find(|(_, unit)| *unit == self);
                let korean = KOREAN.iter().find(|(_, unit)| *unit == self);
                let name = english.map_or("", |(name, _)| name);
                (name, korean.map_or(name, |(name, _)| name))
            }
        }
    }

    pub fn is_currency(self) -> bool {
        (Pound..=Krona).contains(&self)
    }

    pub fn is_share(self) -> bool {
        matches!(self, Percent | PercentagePoint)
    }

    /// The smaller unit that is said after this one, and how many of them are one.
    pub fn smaller(self) -> Option<(Self, f64)> {
        match self {
            Pound => Some((Ounce, 16.0)),
            Foot => Some((Inch, 12.0)),
            Year => Some((Month, 12.0)),
            Hour => Some((Minute, 60.0)),
            Minute => Some((Second, 60.0)),
            Meter => Some((Centimeter, 100.0)),
            _ => None,
        }
    }

    /// True if two units may be one unit in two notations.
    pub fn may_equal(self, other: Self) -> bool {
        let scale = |unit| matches!(unit, Celsius | Fahrenheit);
        self == other || (self == Degree && scale(other)) || (other == Degree && scale(self))
    }

    /// The value of a quantity in each other unit that measures the same, with the relative
    /// tolerance: conversions between systems are rounded.
    pub fn conversions(self, value: f64) -> impl Iterator<Item = (Self, f64, f64)> {
        let sizes = SIZES.iter().filter(move |(unit, ..)| *unit == self).flat_map(
            move |(_, dimension, system, size)| {
                SIZES
                    .iter()
                    .filter(move |(unit, other, ..)| other == dimension && *unit != self)
                    .map(move |(unit, _, other_system, other)| {
                        let tolerance = if system == other_system { EXACT } else { ROUNDED };
                        (*unit, value * size / other, tolerance)
                    })
            },
        );
        let celsius = (value - 32.0) / 1.8;
        let fahrenheit = value * 1.8 + 32.0;
        let degrees: &[(Self, f64)] = match self {
            Fahrenheit => &[(Celsius, celsius), (Degree, celsius)],
            Celsius => &[(Fahrenheit, fahrenheit), (Degree, fahrenheit)],
            Degree => &[
                (Celsius, celsius),
                (Fahrenheit, fahrenheit),
                (Degree, celsius),
                (Degree, fahrenheit),
            ],
            _ => &[],
        };
        let degrees: Vec<_> =
            degrees.iter().map(|(unit, value)| (*unit, *value, ROUNDED)).collect();
        sizes.chain(degrees)
    }
}

/// The unit of a number between two texts, and the length of its name after the number.
pub(super) fn of(
    before: &str,
    value: f64,
    after: &str,
    language: Language,
) -> Option<(Unit, usize)> {
    let behind = self::after(after, language);
    // The minutes of a time of day are no duration: "5시 30분".
    let behind = behind.filter(|(unit, _)| *unit != Minute || !before.trim_end().ends_with('시'));
    // "£5 million pounds" is one amount; a year of the calendar is no number of years.
    let behind = behind.filter(|(unit, _)| *unit != Year || value < MIN_CALENDAR_YEAR);
    match (self::before(before), behind) {
        (Some(unit), Some((behind, length))) if behind == Degree || behind == unit => {
            Some((unit, length))
        }
        (Some(unit), _) if unit.is_currency() => Some((unit, 0)),
        (_, None) if after.starts_with('s') && is_temperature(before) => Some((Fahrenheit, 0)),
        (_, behind) => behind,
    }
}

/// The unit that a text directly after a number begins with, and its length with the gap before it.
pub(super) fn after(text: &str, language: Language) -> Option<(Unit, usize)> {
    if let Some((symbol, unit)) = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol)) {
        // "5% points"
        let rest = &text[symbol.len()..];
        if *unit == Percent
            && ["-point", " point", " percentage point"].iter().any(|word| rest.starts_with(word))
        {
            return Some((PercentagePoint, symbol.len()));
        }
        return Some((*unit, symbol.len()));
    }
    let counted = text.trim_start_matches(['여', '남']);
    let rest = counted.trim_start_matches([' ', '-', '\u{a0}', '\u{2009}', '\u{202f}']);
    let gap = text.len() - rest.len();
    const MAX_GAP: usize = 5;
    if gap > MAX_GAP {
        return None;
    }
    if let Some((symbol, unit)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
        return (*unit != Euro && *unit != Pound).then_some((*unit, gap + symbol.len()));
    }
    let in_text = language == Language::Korean || gap > 0;
    let (unit, length) =
        if rest.starts_with(is_hangul) { korean(rest)? } else { english(rest, in_text)? };
    Some((unit, gap + length))
}

fn korean(text: &str) -> Option<(Unit, usize)> {
    let (name, unit) = KOREAN.iter().find(|(name, _)| text.starts_with(name))?;
    let rest = &text[name.len()..];
    let others =
        OTHER_WORDS.iter().find(|(word, _)| word == name).map_or(&[][..], |(_, others)| others);
    if others.iter().any(|other| rest.starts_with(other)) {
        return None;
    }
    if *unit == Percent && rest.trim_start().starts_with("포인트") {
        return Some((PercentagePoint, name.len()));
    }
    Some((*unit, name.len()))
}

/// `letters` if a single letter may be a unit: in English "5m" is rather five million.
fn english(text: &str, letters: bool) -> Option<(Unit, usize)> {
    const MAX_LENGTH: usize = 32;
    let head = &text[..text.floor_char_boundary(MAX_LENGTH)];
    let lower = head.to_ascii_lowercase();
    for (phrase, unit) in PHRASES {
        let Some(rest) = lower.strip_prefix(phrase) else { continue };
        let tail = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        // "percentage points" and "square kilometers", but neither "per century" nor "degrees for"
        if matches!(&rest[..tail], "" | "s") || phrase.ends_with("met") {
            return Some((*unit, phrase.len() + tail));
        }
    }
    let length = lower.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(lower.len());
    let word = &lower[..length];
    let singular = word.strip_suffix('s').unwrap_or(word);
    match word {
        "m" if letters => return Some((Meter, 1)),
        "g" if letters => return Some((Gram, 1)),
        "t" if letters => return Some((Ton, 1)),
        _ => {}
    }
    // "76 has" are no hectares.
    let is_name = |name: &str| name == word || (name == singular && name != "ha");
    let (_, unit) = ENGLISH.iter().find(|(name, _)| is_name(name))?;
    // "five times more", but "won 5 won" is no money; "2 km2" is an area.
    if *unit == Kilometer && head[length..].starts_with('2') {
        return Some((SquareKilometer, length + 1));
    }
    Some((*unit, length))
}

/// The currency that a text ends with before a number: "$", "US$", "€", "GBP ".
pub(super) fn before(text: &str) -> Option<Unit> {
    let text = text.trim_end_matches([' ', '\u{a0}']);
    let symbol = match text.chars().next_back()? {
        '$' | '＄' => Some(Dollar),
        '€' => Some(Euro),
        '£' | '￡' => Some(Pound),
        '¥' | '￥' => Some(Yen),
        '₩' | '￦' => Some(Won),
        _ => None,
    };
    let code = || {
        let codes = [
            ("USD", Dollar),
            ("EUR", Euro),
            ("GBP", Pound),
            ("JPY", Yen),
            ("KRW", Won),
            ("CNY", Yuan),
            ("RMB", Yuan),
        ];
        codes.iter().find(|(code, _)| text.ends_with(code)).map(|(_, unit)| *unit)
    };
    let scale = || {
        let scales = [("섭씨", Celsius), ("화씨", Fahrenheit)];
        scales.iter().find(|(name, _)| text.ends_with(name)).map(|(_, unit)| *unit)
    };
    symbol.or_else(code).or_else(scale)
}

/// True if a text ends with words about temperature before a number without a unit.
pub(super) fn is_temperature(before: &str) -> bool {
    const MAX_DISTANCE: usize = 40;
    let near = &before[before.floor_char_boundary(before.len().saturating_sub(MAX_DISTANCE))..];
    ["temperature", "mercury", "highs", "lows"].iter().any(|word| near.contains(word))
}
