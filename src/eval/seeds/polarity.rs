//! Polarity: negations lost and added, opposites, other modality and tense.

use std::ops::Range;
use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, spots, whole_words, words};
use crate::language::{Language, is_hangul};

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("negation_lost", negation_lost),
    Seed::line("negation_added", negation_added),
    Seed::line("direction_swapped", direction),
    Seed::line("modality_tense", modality),
];

#[rustfmt::skip]
const KOREAN_NEGATIONS: &[(&str, &str)] = &[
    ("하지 않았다", "했다"), ("되지 않았다", "됐다"), ("하지 않는다", "한다"), ("되지 않는다", "된다"),
    ("하지 않았습니다", "했습니다"), ("되지 않았습니다", "되었습니다"), ("하지 않습니다", "합니다"), ("되지 않습니다", "됩니다"),
    ("할 수 없", "할 수 있"), ("될 수 없", "될 수 있"), ("하지 못했", "했"), ("있지 않", "있"), ("없었", "있었"),
    ("없습니다", "있습니다"), ("없다", "있다"), ("없는", "있는"), ("이 아니다", "이다"), ("가 아니다", "이다"),
    ("이 아닙니다", "입니다"), ("가 아닙니다", "입니다"),
    ("하지 않은", "한"), ("하지 않을", "할"), ("하지 않고", "하고"), ("지 않았다", "었다"), ("지 않는", "는"),
];
#[rustfmt::skip]
const KOREAN_ASSERTIONS: &[(&str, &str)] = &[
    ("했다", "하지 않았다"), ("했습니다", "하지 않았습니다"), ("합니다", "하지 않습니다"), ("됩니다", "되지 않습니다"),
    ("되었습니다", "되지 않았습니다"), ("되었다", "되지 않았다"), ("됐다", "되지 않았다"), ("있다", "없다"),
    ("있습니다", "없습니다"), ("한다", "하지 않는다"), ("된다", "되지 않는다"), ("있었다", "없었다"),
];
#[rustfmt::skip]
const ENGLISH_NEGATIONS: &[(&str, &str)] = &[
    ("cannot", "can"), ("can't", "can"), ("can’t", "can"), ("don't", "do"), ("don’t", "do"), ("never", "always"),
    ("no longer", "still"), ("without", "with"),
];
#[rustfmt::skip]
const KOREAN_OPPOSITES: &[(&str, &str)] = &[
    ("수출", "수입"), ("수입", "수출"), ("상승", "하락"), ("하락", "상승"), ("증가", "감소"), ("감소", "증가"), ("북한", "한국"),
    ("남한", "북한"), ("북부", "남부"), ("남부", "북부"), ("북쪽", "남쪽"), ("남쪽", "북쪽"), ("동쪽", "서쪽"), ("서쪽", "동쪽"),
    ("동부", "서부"), ("서부", "동부"), ("승리", "패배"), ("패배", "승리"), ("찬성", "반대"), ("반대", "찬성"), ("이전", "이후"),
    ("이후", "이전"), ("최대", "최소"), ("이상", "이하"), ("가장 큰", "가장 작은"), ("가장 높은", "가장 낮은"), ("더 많은", "더 적은"),
    ("북서", "남서"), ("남성", "여성"), ("여성", "남성"), ("높은", "낮은"), ("성공", "실패"), ("실패", "성공"), ("개선", "악화"),
    ("공급", "수요"), ("처음", "마지막"), ("시작", "종료"), ("전에", "후에"), ("후에", "전에"), ("승인", "거부"), ("늘었", "줄었"),
    ("줄었", "늘었"), ("올랐", "내렸"), ("내렸", "올랐"), ("숨졌", "다쳤"), ("다쳤", "숨졌"), ("무죄", "유죄"), ("유죄", "무죄"),
];
#[rustfmt::skip]
const ENGLISH_OPPOSITES: &[(&str, &str)] = &[
    ("rose", "fell"), ("fell", "rose"), ("increase", "decrease"), ("increased", "decreased"), ("decrease", "increase"),
    ("north", "south"), ("south", "north"), ("North", "South"), ("South", "North"), ("east", "west"), ("west", "east"),
    ("East", "West"), ("West", "East"), ("northern", "southern"), ("southern", "northern"), ("won", "lost"), ("lost", "won"),
    ("victory", "defeat"), ("before", "after"), ("after", "before"), ("more than", "less than"), ("less than", "more than"),
    ("above", "below"), ("below", "above"), ("largest", "smallest"), ("highest", "lowest"), ("best", "worst"),
    ("export", "import"), ("exports", "imports"), ("up to", "at least"), ("at least", "at most"), ("support", "oppose"),
    ("supporters", "opponents"), ("against", "for"), ("higher", "lower"), ("lower", "higher"), ("success", "failure"),
    ("men", "women"), ("women", "men"), ("first", "last"), ("last", "first"), ("buy", "sell"), ("over", "under"),
    ("approved", "rejected"), ("rejected", "approved"), ("killed", "injured"), ("injured", "killed"),
    ("acquitted", "convicted"), ("convicted", "acquitted"),
];
#[rustfmt::skip]
const KOREAN_MODALITY: &[(&str, &str)] = &[
    ("할 것이다", "할 수도 있다"), ("될 것이다", "될 수도 있다"), ("할 것입니다", "할 수도 있습니다"),
    ("될 것입니다", "될 수도 있습니다"), ("해야 한다", "할 수 있다"), ("해야 합니다", "할 수 있습니다"),
    ("할 수 있다", "해야 한다"), ("할 수 있습니다", "해야 합니다"), ("했다", "할 것이다"), ("했습니다", "할 것입니다"),
    ("할 예정이다", "했다"), ("할 예정입니다", "했습니다"), ("될 수 있습니다", "됩니다"), ("될 수 있다", "된다"),
];
#[rustfmt::skip]
const ENGLISH_MODALITY: &[(&str, &str)] = &[
    ("will", "may"), ("will", "might"), ("would", "will"), ("must", "may"), ("may", "will"), ("may", "must"),
    ("might", "will"), ("could", "will"), ("should", "must"), ("should", "may"), ("can", "must"),
];

static AUXILIARY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:is|was|are|were|do|does|did|has|have|had|will|would|could|should|must|can|may|might)( not)\b",
    )
});
static CONTRACTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:is|was|are|were|does|did|has|have|had|would|could|should)(n['’]t)\b")
});
static ASSERTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(is|was|are|were|will|would|could|should|must|can|may|has been|have been|had been)\b",
    )
});
static NEGATED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\b(?:not|no|never|cannot)\b|n['’]t\b)"));

/// A negation, or a word that denies, in either language.
static DENIED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(\b(?:not|no|nor|none|never|neither|nobody|nothing|nowhere|cannot|without|unable|hardly|rarely|little|few|devoid)\b|n['’]t\b|\b(?:fail|lack|refus|den[iy]|reject|absen|impossib|un(?:[a-hj-z]|i[a-mo-su-z])[a-z]{3}|non-?[a-z]{3})|\b(?:in|im|ir|il)[a-z]+[ai]ble\b|[a-z]{3}less\b|않|못|없|아니|아닌|아닙|아닐|말라|말고|안 [가-힣]|금지|거부|부인|실패|부족|(?:^| )(?:불|미|무|비)[가-힣]{2})",
    )
});
/// English for the 수입 that is no import.
static INCOME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(income|revenues?|earnings|proceeds)\b"));
/// Words before 없다 that make one expression with it, which has no positive form.
const FIXED: &[&str] = &["밖에 ", "거의 ", "터무니 "];

type Replacements = Vec<(Range<usize>, String)>;

fn changed(case: &Case<'_>, dice: &mut Dice, places: &Replacements) -> Option<Changed> {
    dice.replaced(case.output, places).map(Changed::from)
}

/// A negation of the output goes, if the source denies something as well.
pub(super) fn negation_lost(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if !DENIED.is_match(case.source) {
        return None;
    }
    if case.to == Language::Korean {
        let mut places = words(case.output, KOREAN_NEGATIONS);
        let is_fixed =
            |start: usize| FIXED.iter().any(|before| case.output[..start].ends_with(before));
        places.retain(|(span, _)| !is_fixed(span.start));
        return changed(case, dice, &places);
    }
    let mut places = whole_words(case.output, ENGLISH_NEGATIONS);
    for pattern in [&AUXILIARY, &CONTRACTED] {
        places.extend(spots(case.output, pattern).into_iter().map(|span| (span, String::new())));
    }
    changed(case, dice, &places)
}

pub(super) fn negation_added(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if case.to == Language::Korean {
        return changed(case, dice, &words(case.output, KOREAN_ASSERTIONS));
    }
    if NEGATED.is_match(case.output) {
        return None;
    }
    let places = spots(case.output, &ASSERTED).into_iter();
    changed(case, dice, &places.map(|span| (span.end..span.end, " not".to_string())).collect())
}

pub(super) fn direction(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let text = case.output;
    let places = match case.to {
        Language::Korean => {
            let places = words(text, KOREAN_OPPOSITES).into_iter();
            let fitting = places.filter(|(span, _)| {
                is_korean_opposite(text, span)
                    && !(text[span.clone()] == *"수입" && INCOME.is_match(case.source))
            });
            fitting.map(|(span, new)| with_particle(text, span, new)).collect()
        }
        Language::English => {
            let places = whole_words(text, ENGLISH_OPPOSITES).into_iter();
            let fitting = places.filter(|(span, _)| is_english_opposite(text, span));
            fitting.map(|(span, new)| with_article(text, span, new)).collect()
        }
    };
    changed(case, dice, &places)
}

/// True if a Korean word has its opposite where it stands: it begins a word, and is no auxiliary
/// ("하기 시작했다") or adverb ("더 이상", "최대한", "처음 보는").
fn is_korean_opposite(text: &str, span: &Range<usize>) -> bool {
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let is_inside = before.chars().next_back().is_some_and(is_hangul);
    let is_other = match &text[span.clone()] {
        "시작" => before.ends_with("기 "),
        "이상" => before.ends_with("더 ") || after.starts_with('적'),
        "성공" | "실패" => after.starts_with('적'),
        "공급" => after.starts_with(['하', '되', '받']),
        "내렸" | "올랐" => IDIOMS.iter().any(|idiom| before.ends_with(idiom)),
        "최대" | "최소" => after.starts_with('한'),
        "처음" => !after.starts_with("으로"),
        _ => false,
    };
    !is_inside && !is_other
}

/// Words before 내리다 and 오르다 where neither is the opposite of the other: "결정을 내렸다".
#[rustfmt::skip]
const IDIOMS: &[&str] = &[
    "결정을 ", "결론을 ", "명령을 ", "판결을 ", "지시를 ", "조치를 ", "처분을 ", "평가를 ", "진단을 ", "선고를 ", "경보를 ",
    "주의보를 ", "비가 ", "눈이 ", "소나기가 ", "무대에 ", "시험대에 ", "도마에 ", "심판대에 ", "배에 ", "차에 ", "위에 ",
];

/// The replacement of a word with the particle after it in the form that the new word takes.
fn with_particle(text: &str, span: Range<usize>, new: String) -> (Range<usize>, String) {
    const FORMS: &[(&str, &str)] =
        &[("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로")];
    let after = &text[span.end..];
    let ending = &after[..after.find(|c| !is_hangul(c)).unwrap_or(after.len())];
    let is_closed = new.chars().next_back().is_some_and(has_final);
    let Some((closed, open)) =
        FORMS.iter().find(|(closed, open)| ending == *closed || ending == *open)
    else {
        return (span, new);
    };
    (span.start..span.end + ending.len(), new + if is_closed { closed } else { open })
}

/// True for a syllable with a final consonant.
fn has_final(c: char) -> bool {
    u32::from(c).checked_sub(0xAC00).is_some_and(|index| index % 28 != 0)
}

/// True if an English word has its opposite where it stands: amounts before a number, "support"
/// after an auxiliary, "first" and "last" after an article.
fn is_english_opposite(text: &str, span: &Range<usize>) -> bool {
    const AUXILIARIES: &[&str] =
        &["to", "will", "would", "can", "could", "should", "not", "who", "they", "we", "i"];
    const ARTICLES: &[&str] = &["the", "its", "his", "her", "their", "our", "a"];
    let before = text[..span.start].trim_end();
    let before = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or("").to_lowercase();
    let is_before_number = || {
        let next = text[span.end..].trim_start().trim_start_matches(['$', '£', '€']);
        next.starts_with(|c: char| c.is_ascii_digit())
    };
    // "won't" is no victory.
    if text[span.end..].starts_with(['\'', '’']) && text[span.clone()] == *"won" {
        return false;
    }
    match &text[span.clone()] {
        "over" | "up to" | "at least" => is_before_number(),
        "support" => AUXILIARIES.contains(&before.as_str()),
        "first" | "last" => ARTICLES.contains(&before.as_str()),
        _ => true,
    }
}

/// The replacement of a word with the article before it: "a decrease" for "an increase".
fn with_article(text: &str, span: Range<usize>, new: String) -> (Range<usize>, String) {
    let starts_with_vowel = |word: &str| word.starts_with(['a', 'e', 'i', 'o']);
    let is_vowel = starts_with_vowel(&text[span.clone()]);
    let before = &text[..span.start];
    match (is_vowel, starts_with_vowel(&new)) {
        (true, false) if before.ends_with(" an ") => (span.start - 3..span.end, format!("a {new}")),
        (false, true) if before.ends_with(" a ") => (span.start - 2..span.end, format!("an {new}")),
        _ => (span, new),
    }
}

pub(super) fn modality(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let places = match case.to {
        Language::Korean => words(case.output, KOREAN_MODALITY),
        Language::English => {
            let mut places = whole_words(case.output, ENGLISH_MODALITY);
            places.retain(|(span, _)| !case.output[span.end..].starts_with(" not"));
            places
        }
    };
    changed(case, dice, &places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::bank::Bank;

    /// Every changed output that a seed makes of a pair.
    fn outputs(
        seed: fn(&Case<'_>, &mut Dice) -> Option<Changed>,
        source: &str,
        output: &str,
        to: Language,
    ) -> Vec<String> {
        let bank = Bank::new(&[]);
        let (sources, outputs) = (&[source][..], &[output][..]);
        let case = Case { source, output, sources, outputs, to, bank: &bank };
        let changed = (0..20).filter_map(|roll| seed(&case, &mut Dice::new(roll)));
        let mut found: Vec<String> = changed.map(|changed| changed.output).collect();
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn an_opposite_takes_its_place_where_the_word_has_its_own_meaning() {
        let direction = |output, to| outputs(direction, "", output, to);
        for (text, expected) in [
            ("반대는 없다.", vec!["찬성은 없다."]),
            ("도전에 나섰다. 더 이상 없다. 읽기 시작했다. 최대한 많다.", vec![]),
            ("결정을 내렸다. 비가 내렸다. 무대에 올랐다. 이상적이고 성공적이다.", vec![]),
            ("값이 내렸다.", vec!["값이 올랐다."]),
            ("40명 이상이 왔다.", vec!["40명 이하가 왔다."]),
        ] {
            assert_eq!(direction(text, Language::Korean), expected, "{text}");
        }
        for (text, expected) in [
            ("It is an increase.", vec!["It is a decrease."]),
            ("It was taken over last night, and it led up to the end.", vec![]),
            ("Over there, over 40 came.", vec!["Over there, under 40 came."]),
            ("He will support it with support.", vec!["He will oppose it with support."]),
            ("The last bus left.", vec!["The first bus left."]),
            ("They won't go, and we won’t.", vec![]),
        ] {
            assert_eq!(direction(text, Language::English), expected, "{text}");
        }
    }

    #[test]
    fn a_negation_is_lost_only_if_the_source_denies_something() {
        let lost = |source, output| outputs(negation_lost, source, output, Language::Korean);
        assert_eq!(lost("It is not new.", "중국이 아닙니다."), ["중국입니다."]);
        assert_eq!(lost("Interest remained high.", "관심은 낮지 않았다."), [""; 0]);
        assert_eq!(lost("Only he could not.", "그럴 수밖에 없었다."), [""; 0]);
    }
}
