//! Scripts: letters of a script that neither language uses, as models trained on many languages mix
//! into a text. Knows letters of the source, which may be quoted; knows nothing of words.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use crate::finding::Finding;
use crate::language::{Language, is_hangul};

const FOREIGN: FindingKind = FindingKind::major("foreign_script");

pub(super) const CHECK: Check = Check {
    name: "script",
    describe: "letters of a script that neither language uses",
    kinds: &[FOREIGN],
    scope: Scope::Article,
    examples: &[
        Example::found(FOREIGN, "The port opened in Haemin.", "해민에서 港口가 문을 열었다."),
        Example::found(FOREIGN, "항구가 다시 문을 열었다.", "The port также opened again."),
        Example::fine("The cause of death is known.", "사인(死因)이 밝혀졌다."),
        Example::fine("그는 카페에서 α-파를 설명했다.", "He explained α waves in a café."),
    ],
    run,
};

/// Hanja that Korean newspapers use for countries, people and a few words: 美, 北, 尹.
const CUSTOMARY: &str =
    "美北中日英獨佛露韓南伊印豪前現故新舊反親脫非對與野外內男女軍法檢警靑盧文朴尹李金大小上下全";

/// French and other words with accents that English has taken over.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "à", "appliqué", "attaché", "blasé", "brûlée", "café", "cafés", "château", "châteaux", "cliché", "clichés", "clichéd",
    "communiqué", "consommé", "coup d'état", "cortège", "crème", "crêpe", "crêpes", "débâcle", "début", "décor", "déjà",
    "détente", "divorcé", "divorcée", "doppelgänger", "éclair", "élan", "élite", "émigré", "émigrés", "entrée", "entrées",
    "état", "être", "exposé", "façade", "façades", "fête", "fiancé", "fiancée", "flambé", "führer", "garçon", "gruyère",
    "habitué", "jalapeño", "jalapeños", "macramé", "mâché", "malagueña", "maté", "matinée", "mêlée", "ménage", "moiré",
    "naïve", "naïvely", "naïveté", "née", "nouveau", "outré", "passé", "pâté", "piñata", "piqué", "piña", "première",
    "protégé", "protégés", "protégée", "purée", "raison", "régime", "résumé", "résumés", "risqué", "rosé", "sauté",
    "séance", "señor", "señora", "señorita", "smörgåsbord", "sombré", "soufflé", "soupçon", "tête", "touché", "über",
    "vis-à-vis", "voilà",
];

/// Runs of letters of a script that is neither Latin nor Hangul.
static RUNS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let letters = r"\p{L}\p{M}&&[^\p{Latin}\p{Hangul}\p{Common}\p{Inherited}]";
    Regex::new(&format!("[{letters}][{letters}ー]*")).ok()
});
/// Lower-case words with an accent.
static ACCENTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{Ll}']*[\p{Ll}&&\p{Latin}&&[^a-zªº]][\p{Ll}']*").ok());

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let output = pair.output;
    let source: HashSet<char> = pair.source.chars().filter(|c| !c.is_ascii()).collect();
    let mut leaked: Vec<(usize, &str)> = Vec::new();
    for run in RUNS.iter().flat_map(|runs| runs.find_iter(output)) {
        let is_new = run.as_str().chars().any(|c| !source.contains(&c));
        if is_new && !is_customary(output, run.start(), run.as_str(), pair.to) {
            leaked.push((run.start(), run.as_str()));
        }
    }
    if leaked.is_empty() {
        leaked.extend(accented(output, pair.source));
    }
    let Some((start, first)) = leaked.first() else { return Vec::new() };
    let place = *start..start + first.len();
    let words: Vec<&str> = leaked.iter().map(|(_, word)| *word).collect();
    let words = words.join(" ");
    let shown = excerpt(&words);
    let (original, _) = pair.kind.words();
    let message = format!("'{shown}' is foreign script that is not in the {original}");
    let (original, _) = pair.kind.korean_words();
    let korean = format!("{original}에 없는 다른 문자: '{shown}'");
    vec![CHECK.finding(FOREIGN, message, korean).in_output(place).value("letters", words)]
}

/// True for foreign letters that texts in this language may contain.
fn is_customary(text: &str, start: usize, run: &str, language: Language) -> bool {
    let mut chars = run.chars();
    let single = chars.next().filter(|_| chars.next().is_none());
    // Particles, stars and formulas: α, Ω.
    if single.is_some_and(|c| matches!(c, '\u{370}'..='\u{3FF}')) {
        return true;
    }
    if language != Language::Korean {
        return false;
    }
    // The Hanja of the Korean word before it: "사인(死因)".
    let is_gloss = text[start + run.len()..].starts_with(')')
        && text[..start].strip_suffix('(').is_some_and(|word| word.ends_with(is_hangul));
    is_gloss || run.chars().all(|c| CUSTOMARY.contains(c))
}

/// Words with accents that are no names and no English, and that the source does not have.
fn accented<'t>(output: &'t str, source: &str) -> Vec<(usize, &'t str)> {
    let words = ACCENTED.iter().flat_map(|words| words.find_iter(output));
    words
        .filter(|word| {
            let before = output[..word.start()].chars().next_back();
            let after = output[word.end()..].chars().next();
            let is_whole = [before, after]
                .into_iter()
                .flatten()
                .all(|c| !c.is_alphanumeric() && !matches!(c, '.' | '@' | '/') || is_hangul(c));
            is_whole && !ENGLISH.contains(&word.as_str())
        })
        .map(|word| (word.start(), word.as_str()))
        .filter(|(_, word)| !source.contains(word))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    #[test]
    fn letters_of_other_scripts_are_found_in_both_languages() {
        for word in [
            "также",
            "แล้ว",
            "अब",
            "גם",
            "أيضا",
            "και",
            "それは",
            "コース",
            "经济",
            "của được",
            "você",
            "déjeuner",
        ] {
            let korean = format!("장관은 {word} 새 항구를 둘러봤다.");
            let english = format!("The minister {word} visited the new port.");
            for pair in [
                translation("The minister visited the new port.", &korean),
                translation("장관은 새 항구를 둘러봤다.", &english),
                summary("The minister visited the new port. It rained.", &english),
            ] {
                assert_eq!(run(&CHECK, &pair).len(), 1, "{word}");
            }
        }
        assert_eq!(
            messages(run(&CHECK, &translation("In Haemin.", "해민 瑞草区에서 열렸다."))),
            ["'瑞草区' is foreign script that is not in the original"]
        );
    }

    #[test]
    fn quoted_letters_names_and_customs_are_left_alone() {
        for (source, output) in [
            ("He wrote 福 on the wall.", "그는 벽에 福을 썼다."),
            ("The U.S. minister spoke.", "美 국방장관이 말했다."),
            ("The cause of death is known.", "사인(死因)이 밝혀졌다."),
            ("José Núñez sang in São Paulo.", "호세 누녜스(José Núñez)가 상파울루에서 노래했다."),
            ("카페와 이력서", "A café, a résumé and a protégé of Peña."),
            ("β-차단제와 10μm", "β blockers and 10 μm"),
            ("Mr. Lee·Mr. Kim", "이씨・김씨"),
            ("The motto was 'égalité'.", "표어는 'égalité'였다."),
            ("20 ℃, 5 ㎞, Ⅱ", "20 ℃, 5 ㎞, Ⅱ, № 3, ⓐ, 𝑥"),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)), [], "{output}");
        }
    }
}
