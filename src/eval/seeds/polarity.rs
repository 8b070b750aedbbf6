//! Polarity: negations lost and added, opposites, other modality and tense.

use std::ops::Range;
use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, spots, whole_words, words};
use crate::language::Language;

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
    ("없습니다", "있습니다"), ("없다", "있다"), ("없는", "있는"), ("아니다", "이다"), ("아닙니다", "입니다"),
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

type Replacements = Vec<(Range<usize>, String)>;

fn changed(case: &Case<'_>, dice: &mut Dice, places: &Replacements) -> Option<Changed> {
    dice.replaced(case.output, places).map(Changed::from)
}

pub(super) fn negation_lost(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if case.to == Language::Korean {
        return changed(case, dice, &words(case.output, KOREAN_NEGATIONS));
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
    let places = match case.to {
        Language::Korean => words(case.output, KOREAN_OPPOSITES),
        Language::English => whole_words(case.output, ENGLISH_OPPOSITES),
    };
    changed(case, dice, &places)
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
