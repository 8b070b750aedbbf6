//! Language: output that is not, or not entirely, in the requested language.

use super::check::{Check, Example, FindingKind, Pair, Scope};
use super::comparison::Comparison;
use super::spans::{excerpt, with_offsets};
use crate::error::Error;
use crate::finding::Finding;
use crate::language::{Language, is_hangul, is_latin};
use crate::segment::sentences;

const WRONG: FindingKind = FindingKind::critical("wrong_language");
const UNTRANSLATED: FindingKind = FindingKind::critical("untranslated");

pub(super) const CHECK: Check = Check {
    name: "language",
    describe: "output in another language or script than requested",
    kinds: &[WRONG, UNTRANSLATED],
    scope: Scope::Article,
    examples: &[
        Example::found(WRONG, "그는 월요일에 서울로 돌아왔다.", "그는 월요일 서울로 돌아왔다."),
        Example::fine("The economy grew.", "경제가 성장했다."),
    ],
    run,
};

/// Fewest Latin words of an untranslated sentence in a Korean text: shorter ones are names and
/// titles.
const MIN_LATIN_WORDS: usize = 5;
/// Fewest Hangul letters of an untranslated sentence in an English text.
const MIN_HANGUL: usize = 4;
/// Fewest letters that tell a language: "AI" and "G7" do not.
const MIN_LETTERS: usize = 10;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let (_, result) = pair.kind.words();
    let letters = pair.output.chars().filter(|c| c.is_alphabetic()).count();
    let written = Language::detect(pair.output);
    if letters >= MIN_LETTERS && written != Some(pair.to) {
        let name = written.map_or("an unknown language", Language::name);
        let message = format!("the {result} is in {name}, not in {}", pair.to.name());
        let korean = wrong_language(pair, written.map_or("알 수 없는 언어", Language::korean_name));
        let finding = CHECK.finding(WRONG, message, korean).value("asked", pair.to.code());
        return vec![match written {
            Some(written) => finding.value("written", written.code()),
            None => finding,
        }];
    }
    if let Err(Error::ForeignText { seems }) = Language::recognize(pair.output) {
        let message = format!("the {result} seems to be in {seems}, not in {}", pair.to.name());
        return vec![
            CHECK
                .finding(WRONG, message, wrong_language(pair, &seems))
                .value("asked", pair.to.code())
                .value("written", seems),
        ];
    }
    let mut findings = Vec::new();
    for (start, sentence) in with_offsets(sentences(pair.output)) {
        if !is_foreign(sentence, pair.to) {
            continue;
        }
        let message = format!("'{}' is not in {}", excerpt(sentence), pair.to.name());
        let korean =
            format!("{}로 옮기지 않은 문장: '{}'", pair.to.korean_name(), excerpt(sentence));
        let place = start..start + sentence.trim_end().len();
        findings.push(CHECK.finding(UNTRANSLATED, message, korean).in_output(place));
    }
    findings
}

fn wrong_language(pair: &Pair<'_>, written: &str) -> String {
    let (_, result) = pair.kind.korean_words();
    format!("{result}의 언어가 다름: {written} (요청: {})", pair.to.korean_name())
}

/// True if a sentence of the output is entirely in the other language.
fn is_foreign(sentence: &str, to: Language) -> bool {
    match to {
        Language::Korean => {
            let words =
                sentence.split_whitespace().filter(|word| word.chars().any(is_latin)).count();
            // Capitalized words are names: "PARIS SAINT-GERMAIN FC".
            let small = sentence
                .split_whitespace()
                .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
                .count();
            words >= MIN_LATIN_WORDS && small * 2 >= words && !sentence.contains(is_hangul)
        }
        Language::English => {
            let hangul = sentence.chars().filter(|c| is_hangul(*c)).count();
            let latin = sentence.chars().filter(|c| is_latin(*c)).count();
            hangul >= MIN_HANGUL && hangul > latin
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, translation};
    use super::*;

    #[test]
    fn names_and_abbreviations_may_stay_latin() {
        for good in [
            "삼성(Samsung)은 AI를 썼다.",
            "G7",
            "그는 \"Yes\"라고 했다. PARIS SAINT-GERMAIN FC.",
            "美 국방장관이 말했다.",
        ] {
            assert!(run(&CHECK, &translation("He said yes.", good)).is_empty(), "{good}");
        }
    }

    #[test]
    fn an_answer_in_the_wrong_language_is_one_finding() {
        assert_eq!(
            messages(run(
                &CHECK,
                &translation("The ministers met.", "The ministers have met in Seoul.")
            )),
            ["the translation is in English, not in Korean"]
        );
    }

    #[test]
    fn an_untranslated_sentence_is_found() {
        let output = "두 장관은 서울에서 만나 협력을 논의했다고 국방부가 밝혔다. 그들은 모두 만족했다고 한다. They will meet again in the spring.";
        assert_eq!(
            messages(run(&CHECK, &translation("They met.", output))),
            ["'They will meet again in the spring.' is not in Korean"]
        );
        assert_eq!(
            run(
                &CHECK,
                &translation(
                    "장관들이 만났다.",
                    "The ministers met in Seoul on Friday to talk. 장관들이 만났다."
                )
            )
            .len(),
            1
        );
    }
}
