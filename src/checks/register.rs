//! Register: sentences in plain style (한다체) among polite ones (합니다체), or in a register
//! that was not asked for. Quotations keep their own register.

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::quotations::Zone;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, Register, is_hangul};

const MIXED: FindingKind = FindingKind::minor("register_mixed").up_to_sentences(8);
const OTHER: FindingKind = FindingKind::minor("register_other");

pub(super) const CHECK: Check = Check {
    name: "register",
    describe: "plain and polite Korean endings mixed, or other than asked",
    kinds: &[MIXED, OTHER],
    scope: Scope::Article,
    examples: &[
        Example::found(
            MIXED,
            "The port reopened. Ships left. The mayor thanked them.",
            "항구가 다시 열렸다. 배들이 떠났습니다. 시장은 감사를 전했다.",
        ),
        Example::found(
            MIXED,
            "The port reopened. Ships left.",
            "항구가 다시 열렸습니다. 배들이 떠났다.",
        ),
        Example::fine(
            "The port reopened. \"Ships are leaving,\" the mayor said.",
            "항구가 다시 열렸다. 시장은 \"배들이 떠납니다.\"라고 말했다.",
        ),
        Example::fine(
            "Is the port open? It is.",
            "항구가 열렸습니까? 네, 열렸습니다. 확인해 보세요.",
        ),
    ],
    run,
};

/// Most sentences of an output whose mixture is a finding: longer texts quote without marks.
const MAX_SENTENCES: usize = 4;

/// Fewest sentences of a summary whose mixture is a finding: one of two may be a headline.
const MIN_OF_SUMMARY: usize = 3;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if pair.to != Language::Korean {
        return Vec::new();
    }
    let mut endings = endings(comparison);
    let finding = match comparison.options.register {
        Some(asked) => other(&endings, asked, pair.output),
        None => {
            // A speaker keeps to one register as well.
            endings.sort_by_key(|ending| ending.zone);
            endings.chunk_by(|a, b| a.zone == b.zone).find_map(|part| {
                let fewest = if pair.kind == OutputKind::Summary { MIN_OF_SUMMARY } else { 2 };
                mixed(part, pair.output).filter(|_| part.len() >= fewest)
            })
        }
    };
    finding.into_iter().collect()
}

/// The end of a sentence: its register and its last word.
struct Ending {
    zone: Zone,
    register: Register,
    word: Span,
}

fn other(endings: &[Ending], asked: Register, output: &str) -> Option<Finding> {
    // Requests end in "-세요" in both polite registers.
    let is_other = |ending: &&Ending| {
        ending.zone == Zone::Outside
            && ending.register != asked
            && !(asked == Register::Hamnida && output[ending.word.clone()].ends_with("세요"))
    };
    let first = endings.iter().find(is_other)?;
    let count = endings.iter().filter(is_other).count();
    let word = excerpt(&output[first.word.clone()]);
    let (asked, is) = (asked.korean_name(), first.register.korean_name());
    let message = format!("'{word}' is {is}, not {asked} as asked");
    let korean = format!("요청한 {asked}가 아닌 {is}: '{word}'");
    Some(CHECK.finding(OTHER, message, korean).in_output(first.word.clone()).value("count", count))
}

/// The mixture of registers outside quotations or in one of them.
fn mixed(endings: &[Ending], output: &str) -> Option<Finding> {
    let is_plain = |ending: &&Ending| ending.register == Register::Handa;
    let is_polite = |ending: &&Ending| ending.register == Register::Hamnida;
    let (plain, polite) =
        (endings.iter().filter(is_plain).count(), endings.iter().filter(is_polite).count());
    if plain == 0 || polite == 0 || plain + polite > MAX_SENTENCES {
        return None;
    }
    let rarer = if plain < polite {
        endings.iter().find(is_plain)
    } else {
        endings.iter().find(is_polite)
    }?;
    let usual = if plain < polite { Register::Hamnida } else { Register::Handa };
    let word = excerpt(&output[rarer.word.clone()]);
    let (is, usual) = (rarer.register.korean_name(), usual.korean_name());
    let message = format!("'{word}' is {is}, among sentences in {usual}");
    let korean = format!("문체 혼용: {usual} 문장 사이의 {is} '{word}'");
    let finding = CHECK.finding(MIXED, message, korean).in_output(rarer.word.clone());
    Some(finding.value("plain", plain).value("polite", polite))
}

/// The ends of the output's sentences.
fn endings(comparison: &Comparison<'_>) -> Vec<Ending> {
    let text = comparison.pair.output;
    let quotations = comparison.output.quotations();
    let mut endings = Vec::new();
    let mut word: Option<Span> = None;
    for (at, c) in text.char_indices() {
        if is_hangul(c) {
            let start = word.filter(|word| word.end == at).map_or(at, |word| word.start);
            word = Some(start..at + c.len_utf8());
            continue;
        }
        if !matches!(c, '.' | '!' | '?' | '…' | '。') {
            continue;
        }
        if let Some(word) = word.take().filter(|word| word.end == at)
            && let Some(register) = register_of(&text[word.clone()])
        {
            endings.push(Ending { zone: quotations.zone(at), register, word });
        }
    }
    endings
}

/// The register of a sentence's last word.
fn register_of(word: &str) -> Option<Register> {
    /// Nouns with the last syllable of an ending.
    const NOUNS: &[&str] = &[
        "캐나다",
        "르완다",
        "우간다",
        "플로리다",
        "바다",
        "필요",
        "중요",
        "수요",
        "강요",
        "동요",
        "소요",
        "개요",
        "주요",
        "민요",
        "가요",
        "고요",
    ];
    if NOUNS.contains(&word) {
        return None;
    }
    let stem = |ending: &str| word.strip_suffix(ending).and_then(|stem| stem.chars().next_back());
    let has_bieup = |stem: Option<char>| stem.is_some_and(|c| final_consonant(c) == Some(17));
    if has_bieup(stem("니다")) || has_bieup(stem("니까")) || word.ends_with("십시오") {
        Some(Register::Hamnida)
    } else if word.ends_with('요') || word.ends_with('죠') {
        Some(Register::Haeyo)
    } else if word.ends_with('다') && word.chars().nth(1).is_some() {
        Some(Register::Handa)
    } else {
        None
    }
}

/// Index of a syllable's final consonant in Unicode's order; 0 for none, 17 for ㅂ.
fn final_consonant(syllable: char) -> Option<u32> {
    ('가'..='힣').contains(&syllable).then(|| (syllable as u32 - '가' as u32) % 28)
}

#[cfg(test)]
mod tests {
    use super::super::options::CheckOptions;
    use super::super::pairs::{messages, run, translation};
    use super::*;

    const ENGLISH: &str = "The port reopened. Ships left. The mayor thanked them.";

    #[test]
    fn the_rarer_register_is_named() {
        let korean = "항구가 열렸습니다. 배가 떠났다. 시장이 감사했습니다.";
        let found = run(&CHECK, &translation(ENGLISH, korean));
        assert_eq!(found[0].output.unwrap().of(korean), Some("떠났다"));
        assert_eq!(messages(found)[0], "'떠났다' is 한다체, among sentences in 합니다체");
    }

    #[test]
    fn one_register_is_fine_and_quotations_have_their_own() {
        for good in [
            "그는 의사가 아니다. 배를 지닌다.",
            "이렇게 말했다. “배가 떠납니다. 감사합니다.",
            "배가 떠납니다.” 시장이 말했다.",
            "그는 ‘갑니다.’라고 했다. 끝났다.",
            "항구가 열렸습니다. 왜 그럴까요? 보시죠.",
        ] {
            assert!(run(&CHECK, &translation(ENGLISH, good)).is_empty(), "{good}");
        }
    }

    #[test]
    fn a_register_that_was_asked_for_is_expected_of_every_sentence() {
        let register = Some(Register::Hamnida);
        let mut options = CheckOptions { register, ..CheckOptions::default() };
        let found = |text| CHECK.findings(&translation(ENGLISH, text), &options);
        assert_eq!(found("항구가 열렸다. 배가 떠났다.")[0].values["count"], 2);
        assert!(found("항구가 열렸습니다. 가 보세요. 그는 \"간다.\"고 했습니다.").is_empty());
        options.register = Some(Register::Handa);
        let found = CHECK.findings(&translation(ENGLISH, "항구가 열렸어요."), &options);
        assert_eq!(messages(found), ["'열렸어요' is 해요체, not 한다체 as asked"]);
    }
}
