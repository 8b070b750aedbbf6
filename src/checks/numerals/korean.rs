//! Korean magnitudes after digits, and native and Sino-Korean numerals in words.

use super::digits::leading;
use super::spelled::Spelled;
use super::units::Unit;
use crate::language::is_hangul;

/// Native numerals, counts of days and the like that no other word begins with, longest first.
#[rustfmt::skip]
const WORDS: &[(&str, &[f64])] = &[
    ("한두", &[2.0]), ("두세", &[2.0, 3.0]), ("두어", &[2.0, 3.0]), ("서너", &[3.0, 4.0]),
    ("너댓", &[4.0, 5.0]), ("너덧", &[4.0, 5.0]), ("대여섯", &[5.0, 6.0]), ("예닐곱", &[6.0, 7.0]),
    ("다섯", &[5.0]), ("남북", &[2.0]), ("반반", &[50.0]),
    ("여섯", &[6.0]), ("일곱", &[7.0]), ("이레", &[7.0]), ("일주일", &[7.0]),
    ("여덟", &[8.0]), ("아홉", &[9.0]), ("보름", &[15.0, 14.0, 2.0]), ("대보름", &[15.0]),
    ("절반", &[50.0, 2.0]), ("정오", &[12.0]), ("자정", &[12.0, 24.0]), ("세기", &[100.0]), ("칠순", &[70.0]),
    ("고희", &[70.0]), ("환갑", &[60.0, 61.0]), ("회갑", &[60.0, 61.0]), ("팔순", &[80.0]), ("구순", &[90.0]),
    ("백수", &[99.0, 100.0]), ("백일", &[100.0]), ("미수", &[88.0]), ("희수", &[77.0]), ("듀오", &[2.0]), ("커플", &[2.0]), ("부부", &[2.0]), ("이중", &[2.0]), ("쌍방", &[2.0]), ("쌍둥이", &[2.0]),
    ("각각", &[2.0]), ("서로", &[2.0]), ("더블", &[2.0]), ("트리오", &[3.0]), ("삼중", &[3.0]), ("삼각", &[3.0]),
    ("삼륜", &[3.0]), ("트리플", &[3.0]), ("해트트릭", &[3.0]), ("사륜", &[4.0]), ("사중", &[4.0]), ("둘", &[2.0]), ("셋", &[3.0]), ("넷째", &[4.0]),
];

/// Words that count days.
#[rustfmt::skip]
const DAYS: &[(&str, f64)] = &[
    ("이틀", 2.0), ("사흘", 3.0), ("나흘", 4.0), ("닷새", 5.0), ("엿새", 6.0), ("여드레", 8.0), ("아흐레", 9.0), ("열흘", 10.0),
];

/// Numerals that many other words begin with: read only alone or before a counter.
#[rustfmt::skip]
const BOUND_WORDS: &[(&str, &[f64])] = &[
    ("두", &[2.0]), ("세", &[3.0]), ("석", &[3.0]), ("네", &[4.0]), ("넷", &[4.0]),
    ("넉", &[4.0]), ("양", &[2.0]), ("쌍", &[2.0]), ("반", &[50.0, 30.0, 6.0, 2.0]),
];

/// Counters that are written directly after a numeral.
#[rustfmt::skip]
const COUNTERS: &[&str] = &[
    "명", "개", "번", "차례", "가지", "곳", "달", "대", "살", "시", "사람", "마리", "배", "팀", "나라", "분", "권", "편",
    "척", "건", "주", "해", "채", "쪽", "국", "측", "끼", "잔", "병", "장", "벌", "줄", "발", "골", "방", "갈래", "군데",
    "그루", "차", "자루", "쌍", "켤레", "통", "판", "표", "학기", "돌", "자릿", "자리", "손", "팔", "다리", "눈", "당",
    "사", "진영", "일", "년", "값", "나절", "세기", "토막", "둥이", "방향", "원", "달러", "여", "째",
];

/// Counters that make a native numeral before them a number.
#[rustfmt::skip]
const SAFE_COUNTERS: &[&str] = &[
    "명", "개", "번", "차례", "가지", "곳", "달", "살", "사람", "마리", "배", "팀", "나라", "국가", "시간", "시", "대",
    "척", "건", "권", "편", "채", "쪽", "분", "주", "해", "골", "갈래", "군데", "그루", "켤레", "자루", "쌍", "잔", "병",
    "장", "벌", "방", "끼", "통", "판", "남자", "여자", "아이", "자녀", "아들", "딸", "형제", "자매", "학기", "경기",
    "도시", "회사", "기관", "단체", "후보", "정당", "학교", "지역", "종류", "단계", "자리", "줄", "발", "돌", "째",
];

/// Particles after a numeral without a counter.
const PARTICLES: &[&str] = &["과", "은", "이", "을", "으로", "중", "에", "만에"];

/// Native tens, which units may follow: 열두, 스물다섯.
#[rustfmt::skip]
const TENS: &[(&str, f64)] = &[
    ("열", 10.0), ("스물", 20.0), ("스무", 20.0), ("서른", 30.0), ("마흔", 40.0), ("쉰", 50.0),
    ("예순", 60.0), ("일흔", 70.0), ("여든", 80.0), ("아흔", 90.0),
];

/// Native units after tens.
#[rustfmt::skip]
const UNITS: &[(&str, f64)] = &[
    ("하나", 1.0), ("한", 1.0), ("둘", 2.0), ("두", 2.0), ("셋", 3.0), ("세", 3.0), ("석", 3.0), ("넷", 4.0),
    ("네", 4.0), ("다섯", 5.0), ("여섯", 6.0), ("일곱", 7.0), ("여덟", 8.0), ("아홉", 9.0),
];

/// The number with Korean magnitudes that a text begins with, and its length: "1조2천500억",
/// "3만5천", "1억 2천만", "1천 5백". `None` without a magnitude.
pub(super) fn number(text: &str) -> Option<(f64, usize)> {
    // The sum so far; the part that the next large unit multiplies; the smallest units so far.
    let (mut total, mut section) = (0.0, 0.0);
    let (mut big, mut small) = (f64::INFINITY, f64::INFINITY);
    let (mut end, mut any) = (0, false);
    while let Some(group) = Group::read(&text[end..]) {
        end += group.length;
        if group.small > 1.0 {
            (small, any) = (group.small, true);
        }
        section += group.value;
        if let Some(unit) = group.big {
            total += section * unit;
            (section, big, small, any) = (0.0, unit, f64::INFINITY, true);
        }
        if !any {
            break;
        }
        let rest = &text[end..];
        let skip = usize::from(rest.starts_with(' '));
        let Some(next) = Group::read(&rest[skip..]) else {
            break;
        };
        // A space may be inside before a smaller number: "1억 2천만", "2,345만 6,789".
        let smaller = next.big.map_or(next.small < small, |unit| unit < big);
        let continues = match (next.small > 1.0 || next.big.is_some(), section == 0.0) {
            (true, _) => smaller,
            (false, true) => next.is_rest(&rest[skip + next.length..]) && next.value < big,
            (false, false) => false,
        };
        if skip == 1 && !continues {
            break;
        }
        end += skip;
    }
    any.then_some((total + section, end))
}

/// Digits with the units directly after them: "2천", "500억", "3백만".
struct Group {
    /// The value without the large unit.
    value: f64,
    /// The product of the small units (십, 백, 천).
    small: f64,
    /// The large unit (만, 억, 조, 경).
    big: Option<f64>,
    length: usize,
    /// Bytes of its digits and commas.
    digits: usize,
}

impl Group {
    fn read(text: &str) -> Option<Self> {
        let (number, digits) = leading(text, true);
        if digits == 0 {
            return None;
        }
        let mut group = Self { value: number, small: 1.0, big: None, length: digits, digits };
        let mut rest = &text[digits..];
        // Some write a space before the unit: "22 억 5 천만".
        if rest.starts_with(' ') && rest[1..].starts_with(is_unit) {
            rest = &rest[1..];
        }
        while let Some(c) = rest.chars().next() {
            if let Some(unit) = small_unit(c) {
                group.small *= unit;
            } else if let Some(unit) = big_unit(c).filter(|_| !is_other_word(rest)) {
                group.big = Some(unit);
            } else {
                break;
            }
            rest = &rest[c.len_utf8()..];
            group.length = text.len() - rest.len();
            if group.big.is_some() {
                break;
            }
        }
        group.value *= group.small;
        Some(group)
    }

    /// True if it may be the end of an amount, as "6,789" before "원". "500만 2명" is two
    /// numbers, and so is "3만 2016년".
    fn is_rest(&self, after: &str) -> bool {
        const MIN_DIGITS: usize = 3;
        self.digits >= MIN_DIGITS && !after.starts_with(['년', '월', '일'])
    }
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
        '경' => Some(1e16),
        _ => None,
    }
}

/// True if 경 begins another word: "6경기", "3경찰서". As 10^16 it is followed by money, a
/// space or a smaller number.
fn is_other_word(text: &str) -> bool {
    let behind = text.strip_prefix('경');
    behind.is_some_and(|rest| {
        let amount = ["원", "달러", "여"].iter().any(|measure| rest.starts_with(measure));
        !amount && rest.chars().next().is_some_and(char::is_alphabetic)
    })
}

/// True if the text after "5조" makes it an amount, not an article of a law.
pub(super) fn is_amount(after: &str) -> bool {
    #[rustfmt::skip]
    const MEASURES: &[&str] = &[
        "원", "달러", "유로", "엔", "위안", "파운드", "루피", "루블", "프랑", "톤", "개", "명", "대", "여", "가량", "규모",
        "안팎", "어치", "이상", "미만", "이하", "가까", "넘",
    ];
    let after = after.trim_start();
    MEASURES.iter().any(|measure| after.starts_with(measure))
}

/// True if the text after a number makes it an hour: "3시", "3시쯤", but not "3시간".
pub(super) fn is_hour(after: &str) -> bool {
    let rest = after.trim_start_matches(' ').strip_prefix('시');
    rest.is_some_and(|rest| {
        !rest.starts_with(['간', '즌', '리', '장', '민', '대', '군', '청', '내', '험', '작'])
    })
}

/// Adds Korean numerals at the start of words: native numerals, and Sino-Korean numerals with a
/// magnitude ("수백", "이십"). Native numerals before a counted noun are stated.
pub(super) fn spell(text: &str, spelled: &mut Spelled) {
    // Sum and end of the Sino-Korean words before this one: "일억 이천만".
    let mut before: Option<(f64, usize)> = None;
    let mut words = words(text).peekable();
    while let Some((at, word)) = words.next() {
        let sum = before.take().filter(|(_, end)| text[*end..at] == *" ").map(|(sum, _)| sum);
        // A magnitude after digits belongs to their number: "억원" of "3억원".
        if text[..at].ends_with(super::digits::is_digit) {
            continue;
        }
        let end = at + word.len();
        let next = words.peek().filter(|(start, _)| text[end..*start] == *" ");
        let next = next.map_or("", |(_, next)| *next);
        if let Some((name, days)) = DAYS.iter().find(|(name, _)| word.starts_with(name)) {
            spelled.stated.push((at..at + name.len(), *days, Some(Unit::Day)));
            continue;
        }
        if let Some((length, value)) = counted(word, next) {
            // "열 다섯 마리" is read from its first word.
            if length > word.len() {
                words.next();
            }
            spelled.stated.push((at..at + length, value, None));
            continue;
        }
        spell_word(word, next, &mut spelled.values);
        spelled.values.extend(foreign(word));
        spelled.values.extend(digit_word(word, next));
        if let Some(value) = sino_korean(word) {
            let whole = sum.unwrap_or(0.0) + value;
            spelled.values.extend([value, whole]);
            before = Some((whole, end));
        }
    }
}

/// Adds the values that a native numeral at the start of a word may have.
fn spell_word(word: &str, next: &str, values: &mut Vec<f64>) {
    if let Some((_, own)) = WORDS.iter().find(|(numeral, _)| word.starts_with(numeral)) {
        values.extend(*own);
    }
    for (numeral, own) in BOUND_WORDS {
        if word.strip_prefix(numeral).is_some_and(is_counted) {
            values.extend(*own);
        }
    }
    if let Some((numeral, ten)) = TENS.iter().find(|(numeral, _)| word.starts_with(numeral)) {
        let rest = &word[numeral.len()..];
        values.extend([*ten, ten + unit(if rest.is_empty() { next } else { rest })]);
    }
}

/// The English numeral that a word writes in Hangul, as in names: "식스 플래그".
fn foreign(word: &str) -> Option<f64> {
    #[rustfmt::skip]
    const NUMERALS: &[(&str, f64)] = &[
        ("투", 2.0), ("쓰리", 3.0), ("스리", 3.0), ("포", 4.0), ("파이브", 5.0), ("식스", 6.0), ("세븐", 7.0),
        ("에이트", 8.0), ("나인", 9.0), ("텐", 10.0), ("트웰브", 12.0), ("틴", 10.0),
    ];
    let is_long = |name: &str| name.chars().count() > 1;
    let found =
        NUMERALS.iter().find(|(name, _)| word == *name || is_long(name) && word.starts_with(name));
    found.map(|(_, value)| *value)
}

/// The Sino-Korean digit that a word is before a counter: "오 주", "삼 년".
fn digit_word(word: &str, next: &str) -> Option<f64> {
    const COUNTERS: &[&str] = &[
        "년",
        "개월",
        "주",
        "일",
        "분",
        "초",
        "월",
        "층",
        "위",
        "등",
        "세",
        "개",
        "회",
        "차",
        "원",
        "달러",
        "퍼센트",
    ];
    let mut letters = word.chars();
    let digit =
        "영일이삼사오육칠팔구십".chars().position(|digit| Some(digit) == letters.clone().next())?;
    letters.next();
    let behind = if letters.as_str().is_empty() { next } else { letters.as_str() };
    COUNTERS.iter().any(|counter| behind.starts_with(counter)).then_some(digit as f64)
}

/// The native numeral from two on that a word begins with if it counts something, and its length:
/// "두 명", "열두 번째", "다섯 마리". `next` is the word after it.
fn counted(word: &str, next: &str) -> Option<(usize, f64)> {
    let (ten, mut length) = TENS
        .iter()
        .find(|(numeral, _)| word.starts_with(numeral))
        .map_or((0.0, 0), |(numeral, ten)| (*ten, numeral.len()));
    let mut rest = &word[length..];
    let (mut next, mut apart) = (next, false);
    if ten > 0.0 && rest.is_empty() && unit(next) > 0.0 {
        // "열 다섯 마리"
        (rest, next, length, apart) = (next, "", length + 1, true);
    }
    let numeral = UNITS.iter().find(|(numeral, _)| rest.starts_with(numeral));
    let (numeral, one) = numeral.map_or(("", 0.0), |(numeral, one)| (*numeral, *one));
    let value = ten + one;
    rest = &rest[numeral.len()..];
    length += numeral.len();
    if value < 2.0 || matches!(numeral, "둘" | "셋" | "넷") {
        return None;
    }
    let counts = |word: &str| SAFE_COUNTERS.iter().any(|counter| word.starts_with(counter));
    // "세 " and "두 " come before a noun; "네" is also "your", "열" also "heat".
    let is_determiner = matches!(numeral, "두" | "세" | "다섯" | "여섯" | "일곱" | "여덟" | "아홉");
    let is_counted = if rest.is_empty() {
        apart || counts(next) || (is_determiner && next.starts_with(is_hangul))
    } else {
        counts(rest) && (apart || !makes_another_word(numeral, rest))
    };
    // "석 달", but not 석방 or 네트워크
    let is_short = matches!(numeral, "석" | "넉") && ten == 0.0;
    (is_counted && (!is_short || rest.trim_start().starts_with('달') || next.starts_with('달')))
        .then_some((length, value))
}

/// True if a numeral and what looks like a counter after it are another word: 세대, 세시풍속.
fn makes_another_word(numeral: &str, rest: &str) -> bool {
    numeral == "세"
        && ["대", "시", "살", "방", "주", "분", "장", "통", "해"]
            .iter()
            .any(|end| rest.starts_with(end))
        || numeral == "네" && rest.starts_with("시")
        || numeral.is_empty()
            && ["대", "시", "병", "발", "줄", "통"].iter().any(|end| rest.starts_with(end))
        || numeral == "두"
            && ["통", "발", "방", "해", "주", "건"].iter().any(|end| rest.starts_with(end))
}

/// The value of the native unit a word begins with; 0 without one.
fn unit(word: &str) -> f64 {
    UNITS.iter().find(|(unit, _)| word.starts_with(unit)).map_or(0.0, |(_, value)| *value)
}

/// Runs of Hangul with their byte offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    super::super::spans::with_offsets(text.split_inclusive(|c| !is_hangul(c)).collect())
        .map(|(at, word)| (at, word.trim_end_matches(|c| !is_hangul(c))))
        .filter(|(_, word)| !word.is_empty())
}

/// True if the text after a numeral is empty, a particle or a counter.
fn is_counted(rest: &str) -> bool {
    rest.is_empty()
        || PARTICLES.contains(&rest)
        || COUNTERS.iter().any(|counter| rest.starts_with(counter))
}

/// The Sino-Korean numeral a word begins with: "이십오", "삼백만", "수천". `None` without a
/// magnitude, as 이 and 사 are mostly other words, and for a single magnitude without a counter:
/// "조사", "만나".
fn sino_korean(word: &str) -> Option<f64> {
    let stripped = word.strip_prefix(['수', '몇', '제']);
    let (mut total, mut section, mut digit) = (0.0, 0.0, None);
    let (mut magnitudes, mut led) = (0, false);
    let mut rest = stripped.unwrap_or(word);
    while let Some(c) = rest.chars().next() {
        if let Some(value) = "영일이삼사오육칠팔구".chars().position(|digit| digit == c) {
            digit = Some(value as f64);
        } else if let Some(unit) = small_unit(c).or(big_unit(c)) {
            led |= digit.is_some();
            magnitudes += 1;
            if unit < 1e4 {
                section += digit.take().unwrap_or(1.0) * unit;
            } else {
                let whole: f64 = section + digit.take().unwrap_or(0.0);
                total += whole.max(1.0) * unit;
                section = 0.0;
            }
        } else {
            break;
        }
        rest = &rest[c.len_utf8()..];
    }
    let bare = magnitudes == 1 && !led && stripped.is_none();
    let is_other_word = bare && (digit.is_some() || !is_counted(rest));
    (magnitudes > 0 && !is_other_word).then_some(total + section + digit.unwrap_or(0.0))
}
