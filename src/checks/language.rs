//! Language: output in another language than requested. Judges the output as a whole.

use super::check::{Check, Example, FindingKind, Pair, Scope};
use super::comparison::Comparison;
use crate::error::Error;
use crate::finding::Finding;
use crate::language::{Language, seems_foreign};

const WRONG: FindingKind = FindingKind::critical("wrong_language");

pub(super) const CHECK: Check = Check {
    name: "language",
    describe: "output in another language than requested",
    kinds: &[WRONG],
    scope: Scope::Article,
    examples: &[
        Example::found(WRONG, "그는 월요일에 서울로 돌아왔다.", "그는 월요일 서울로 돌아왔다."),
        Example::fine("The economy grew.", "경제가 성장했다."),
    ],
    run,
};

/// Fewest letters that tell a language: "AI" and "G7" do not.
const MIN_LETTERS: usize = 10;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let (_, result) = pair.kind.words();
    let letters = pair.output.chars().filter(|c| c.is_alphabetic()).count();
    let written = Language::detect(pair.output);
    // A motto in a third language is the same in a translation.
    let is_kept = pair.output.trim() == pair.source.trim() && seems_foreign(pair.source);
    if letters >= MIN_LETTERS && written != Some(pair.to) && !is_kept {
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
    Vec::new()
}

fn wrong_language(pair: &Pair<'_>, written: &str) -> String {
    let (_, result) = pair.kind.korean_words();
    format!("{result}의 언어가 다름: {written} (요청: {})", pair.to.korean_name())
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
}
