//! Conjugated forms of Korean verbs and adjectives, as beginnings of words.

/// Beginnings of endings after every stem: "오르고", "높지", "줄게".
const ENDINGS: &str = "고지게다던자기거도더든겠죠길진질곤건길";
/// Beginnings of endings after a stem that does not end in ㄹ: "오르는", "높습니다".
const ENDINGS_NOT_L: &str = "는네나느냐";
/// Beginnings of endings after a vowel or ㄹ: "오르면", "줄며".
const ENDINGS_OPEN: &str = "면며려러므라";
/// Beginnings of endings after a vowel: "오르니", "오르시".
const ENDINGS_VOWEL: &str = "니시셔셨세신실십오";
/// Beginnings of endings after a consonant: "높은", "높습니다".
const ENDINGS_CLOSED: &str = "은을음으습소";

const FIRST: u32 = 0xAC00;
const FINALS: u32 = 28;
const VOWELS: u32 = 21;

/// A syllable as the indices of its initial consonant, vowel and final consonant.
#[derive(Clone, Copy)]
struct Syllable {
    initial: u32,
    vowel: u32,
    last: u32,
}

// Indices of vowels and of final consonants in Unicode's order.
const A: u32 = 0;
const AE: u32 = 1;
const YA: u32 = 2;
const EO: u32 = 4;
const E: u32 = 5;
const YEO: u32 = 6;
const O: u32 = 8;
const WA: u32 = 9;
const WAE: u32 = 10;
const OE: u32 = 11;
const U: u32 = 13;
const WO: u32 = 14;
const EU: u32 = 18;
const I: u32 = 20;
const NONE: u32 = 0;
const N: u32 = 4;
const D: u32 = 7;
const L: u32 = 8;
const M: u32 = 16;
const B: u32 = 17;
const S: u32 = 19;
const SS: u32 = 20;
const H: u32 = 27;
const INITIAL_L: u32 = 5;
const INITIAL_H: u32 = 18;

impl Syllable {
    fn of(c: char) -> Option<Self> {
        let index = u32::from(c).checked_sub(FIRST).filter(|index| *index < 11_172)?;
        Some(Self {
            initial: index / (VOWELS * FINALS),
            vowel: index / FINALS % VOWELS,
            last: index % FINALS,
        })
    }

    fn char(self) -> char {
        let index = (self.initial * VOWELS + self.vowel) * FINALS + self.last;
        char::from_u32(FIRST + index).unwrap_or('가')
    }

    fn with_last(self, last: u32) -> Self {
        Self { last, ..self }
    }

    fn with_vowel(self, vowel: u32) -> Self {
        Self { vowel, ..self }
    }

    /// The vowel of the infinitive after this syllable: 아 after ㅏ, ㅑ and ㅗ, else 어.
    fn harmony(self) -> u32 {
        if matches!(self.vowel, A | YA | O) { A } else { EO }
    }
}

/// True for the stems in ㅂ, ㄷ and ㅅ that keep it before a vowel: "좁아", "닫아", "웃어".
fn is_regular(base: &str, last: char) -> bool {
    !base.ends_with('깨') && "좁잡입뽑씹집업굽꼽접뵙닫얻받믿쏟뻗뜯굳곧걷웃벗씻앗솟빗".contains(last)
}

/// Beginnings of all conjugated forms of a stem: for "오르" among others "오르고", "오른", "올라",
/// "올랐". Forms of a single syllable that other words begin with are left out.
///
/// The list has some forms that do not exist; they are harmless.
pub(super) fn forms(stem: &str) -> Vec<String> {
    let Some((at, last)) = stem.char_indices().next_back() else { return Vec::new() };
    let Some(syllable) = Syllable::of(last) else { return vec![stem.to_string()] };
    let base = &stem[..at];
    let is_short = base.is_empty() || base.ends_with(' ');
    let mut found = Vec::new();
    let mut all = |stem: &str, endings: &str| {
        found.extend(endings.chars().map(|ending| format!("{stem}{ending}")));
    };
    let is_l = syllable.last == L;
    let is_open = syllable.last == NONE;
    all(stem, ENDINGS);
    if !is_l {
        all(stem, ENDINGS_NOT_L);
    }
    if is_l || is_open {
        all(stem, ENDINGS_OPEN);
    }
    if is_open {
        all(stem, ENDINGS_VOWEL);
    }
    if !is_l && !is_open {
        all(stem, ENDINGS_CLOSED);
    }
    let with = |last: u32| format!("{base}{}", syllable.with_last(last).char());
    if is_l {
        let dropped = with(NONE);
        if !is_short {
            all(&dropped, "는니네나시");
            found.extend([stem.to_string(), with(N)]);
        }
        found.push(format!("{}니다", with(B)));
    }
    if is_open {
        let ends: &[&str] = if is_short { &[" ", "다"] } else { &[""] };
        for end in ends {
            found.push(format!("{}{end}", with(N)));
        }
        let ends: &[&str] = if is_short { &[" ", "지", "수", "까", "것"] } else { &[""] };
        for end in ends {
            found.push(format!("{}{end}", with(L)));
        }
        found.push(format!("{}니다", with(B)));
        if !is_short {
            found.push(with(M));
        }
    }
    infinitives(base, last, syllable, &mut found);
    found
}

/// The infinitive and the past: "올라", "올랐".
fn infinitives(base: &str, last: char, syllable: Syllable, found: &mut Vec<String>) {
    let before = base.chars().next_back().and_then(Syllable::of);
    let mut push = |base: &str, syllable: Syllable| {
        found.push(format!("{base}{}", syllable.char()));
        found.push(format!("{base}{}", syllable.with_last(SS).char()));
    };
    let vowel = |vowel| Syllable { initial: 11, vowel, last: NONE };
    let whole = format!("{base}{last}");
    match (syllable.last, syllable.vowel) {
        (NONE, EU) if syllable.initial == INITIAL_L && before.is_some() => {
            // 르: "올라", and without the doubled ㄹ "따라".
            let before = before.unwrap_or(syllable);
            let head = &base[..base.len() - '가'.len_utf8()];
            let doubled = format!("{head}{}", before.with_last(L).char());
            push(&doubled, syllable.with_vowel(before.harmony()));
            if "따치들다".contains(before.char()) {
                push(base, syllable.with_vowel(before.harmony()));
            }
        }
        (NONE, EU) => {
            let harmony = before.map_or(EO, Syllable::harmony);
            push(base, syllable.with_vowel(harmony));
        }
        (NONE, A) if syllable.initial == INITIAL_H => {
            push(base, syllable.with_vowel(AE));
            found.extend([format!("{whole}여"), format!("{whole}였")]);
        }
        (NONE, A | AE | EO | E | YEO) => {
            found.push(format!("{base}{}", syllable.with_last(SS).char()));
            let ends = ["서", "야", "도", "져", "졌", "진", "지", " "];
            found.extend(ends.iter().map(|end| format!("{whole}{end}")));
        }
        (NONE, O) => {
            push(base, syllable.with_vowel(WA));
            push(&whole, vowel(A));
        }
        (NONE, U) => {
            push(base, syllable.with_vowel(WO));
            push(&whole, vowel(EO));
        }
        (NONE, OE) => {
            push(base, syllable.with_vowel(WAE));
            push(&whole, vowel(EO));
        }
        (NONE, I) => {
            push(base, syllable.with_vowel(YEO));
            push(&whole, vowel(EO));
        }
        (NONE, _) => push(&whole, vowel(EO)),
        (B, _) if !is_regular(base, last) => {
            let open = format!("{base}{}", syllable.with_last(NONE).char());
            for end in ["우", "워", "웠", "운", "울", "움", "와", "왔"] {
                found.push(format!("{open}{end}"));
            }
        }
        (D, _) if !is_regular(base, last) => {
            let open = format!("{base}{}", syllable.with_last(L).char());
            for end in ["어", "었", "아", "았", "은", "을", "으"] {
                found.push(format!("{open}{end}"));
            }
        }
        (S, _) if !is_regular(base, last) => {
            let open = format!("{base}{}", syllable.with_last(NONE).char());
            for end in ["어", "었", "아", "았", "은", "을", "으"] {
                found.push(format!("{open}{end}"));
            }
        }
        (H, _) => {
            push(&whole, vowel(syllable.harmony()));
        }
        _ => push(&whole, vowel(syllable.harmony())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_conjugated_by_the_stem() {
        for (stem, expected) in [
            ("오르", "오르고 오른 오를 오릅니다 올라 올랐 오르면 오르는"),
            ("줄", "줄어 줄었 줄고 줄면 줍니다 줄지"),
            ("만들", "만들어 만드는 만든 만듭니다 만들 만드니"),
            ("되", "되고 돼 됐 되어 되었 됩니다"),
            ("하", "하고 해 했 하여 합니다"),
            ("이기", "이겨 이겼 이긴 이길 이깁니다"),
            ("어렵", "어려운 어려워 어려웠 어렵다 어렵습"),
            ("좁", "좁아 좁았 좁은"),
            ("깨닫", "깨달아 깨달았 깨달은 깨닫고"),
            ("닫", "닫아 닫았 닫은 닫는"),
            ("높", "높은 높아 높았 높습 높다 높고"),
            ("낫", "나은 나았 낫다"),
            ("크", "크다 컸 커"),
            ("모으", "모아 모았 모은"),
            ("보내", "보냈 보낸 보냅니다 보내서"),
            ("나오", "나와 나왔 나온"),
            ("죽", "죽었 죽은 죽어"),
            ("따르", "따라 따랐"),
            ("나누", "나눠 나눴 나누어"),
        ] {
            let found = forms(stem);
            for form in expected.split(' ') {
                assert!(
                    found.iter().any(|found| form.starts_with(found.as_str())),
                    "{stem} {form} {found:?}"
                );
            }
        }
        assert!(!forms("줄").iter().any(|form| "주는".starts_with(form.as_str())));
    }
}
