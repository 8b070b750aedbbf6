//! Consistency: the same sentence or name of a source, rendered in two ways by one translation.
//!
//! Compares the parts of one document, which may be translated one by one; [`Consistency`] compares
//! the pairs of a run. Knows no right rendering, only that there are two.

mod kinds;
mod run;
mod sentences;

use super::check::{Check, Example, OutputKind, Pair, Scope};
use super::comparison::Comparison;
use super::names::variants::{self, Variant};
use super::options::CheckOptions;
use super::spans::{InPart, excerpt};
use crate::finding::Finding;

use kinds::{NAME, SAME_TRANSLATION, SENTENCE, TWO_TRANSLATIONS, finding};
pub use run::Consistency;
use sentences::SecondWay;

pub(super) const CHECK: Check = Check {
    name: kinds::CHECK,
    describe: "a sentence or a name with two translations, in a text or in a run",
    kinds: &[SENTENCE, NAME, TWO_TRANSLATIONS, SAME_TRANSLATION],
    scope: Scope::Translations,
    examples: &[
        Example::found(
            SENTENCE,
            "The port is closed today. Ships wait outside. The port is closed today.",
            "항구가 오늘 문을 닫았다. 배들은 밖에서 기다린다. 오늘 항만 운영을 중단했다.",
        ),
        Example::found(
            NAME,
            "Kim Min-ho won the race. The crowd cheered for Kim Min-ho.",
            "김민호가 경기에서 이겼다. 관중은 김민오를 응원했다.",
        ),
        Example::fine(
            "Kim Min-ho beat Kim Min-su. The crowd cheered for Kim Min-ho.",
            "김민호가 김민수를 이겼다. 관중은 김민호를 응원했다.",
        ),
        Example::fine(
            "The port is closed today. Ships wait outside. The port is closed today.",
            "항구가 오늘 문을 닫았다. 배들은 밖에서 기다린다. 항구가 오늘 문을 닫았다.",
        ),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    findings(std::slice::from_ref(comparison)).into_iter().map(|(_, finding)| finding).collect()
}

/// What the parts of one translation render in two ways, each finding with the index of its part.
/// What is inside one part is left to [`check`](super::check()).
pub fn between_parts(parts: &[Pair<'_>], options: &CheckOptions) -> Vec<(usize, Finding)> {
    let comparisons: Vec<_> = parts.iter().map(|pair| Comparison::new(pair, options)).collect();
    let mut found = findings(&comparisons);
    found.retain(|(part, finding)| finding.values["first_part"] != *part);
    for (part, finding) in &mut found {
        let pair = &parts[*part];
        finding.hash = finding.fingerprint(pair.source, pair.output);
        finding.dismissed = options.dismissed.contains(&finding.hash);
    }
    found
}

fn findings(parts: &[Comparison<'_>]) -> Vec<(usize, Finding)> {
    let is_translation = |part: &Comparison<'_>| {
        part.pair.kind == OutputKind::Translation && part.pair.from != part.pair.to
    };
    if !parts.iter().all(is_translation) {
        return Vec::new();
    }
    let mut found: Vec<_> =
        sentences::two_ways(parts).iter().map(|way| of_sentence(parts, way)).collect();
    found.extend(variants::of(parts).iter().map(|variant| of_name(parts, variant)));
    found
}

fn of_sentence(parts: &[Comparison<'_>], way: &SecondWay) -> (usize, Finding) {
    let output = |place: &InPart| &parts[place.part].pair.output[place.span.clone()];
    let (first, second) = (excerpt(output(&way.first)), excerpt(output(&way.second)));
    let message = format!("the same sentence is also translated as '{first}'");
    let finding = finding(SENTENCE, message, format!("같은 문장의 다른 번역: '{first}'"))
        .in_source(way.source.span.clone())
        .in_output(way.second.span.clone())
        .expected(first)
        .found(second)
        .value("first_part", way.first.part);
    (way.second.part, finding)
}

fn of_name(parts: &[Comparison<'_>], variant: &Variant) -> (usize, Finding) {
    let output = |place: &InPart| &parts[place.part].pair.output[place.span.clone()];
    let (first, second) = (output(&variant.first), output(&variant.second));
    let name = &variant.name;
    let message = format!("'{name}' is '{first}' in one place and '{second}' in another");
    let korean = format!("'{name}'의 두 가지 표기: '{first}', '{second}'");
    let finding = finding(NAME, message, korean)
        .in_output(variant.second.span.clone())
        .expected(first)
        .found(second)
        .value("name", name.as_str())
        .value("first_part", variant.first.part);
    (variant.second.part, finding)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, translation};
    use super::*;
    use crate::language::Language;

    fn found(source: &str, output: &str) -> Vec<String> {
        messages(super::super::pairs::run(&CHECK, &translation(source, output)))
    }

    #[test]
    fn a_name_with_two_renderings_is_named_in_both_directions() {
        for (source, output, message) in [
            (
                "Dale Whitcombe came. Later Whitcombe left.",
                "데일 휘트컴이 왔다. 나중에 위트컴은 떠났다.",
                "'Whitcombe' is '휘트컴' in one place and '위트컴' in another",
            ),
            (
                "휘트컴 특사가 왔다. 휘트컴은 곧 떠났다.",
                "Envoy Whitcombe came. The city saw Whitcome off.",
                "'휘트컴' is 'Whitcombe' in one place and 'Whitcome' in another",
            ),
            (
                "Voters in Arizona agreed. Arizona is dry.",
                "애리조나 유권자들이 동의했다. 아리조나는 건조하다.",
                "'Arizona' is '애리조나' in one place and '아리조나' in another",
            ),
        ] {
            assert_eq!(found(source, output), [message], "{output}");
        }
    }

    #[test]
    fn other_names_and_forms_of_words_are_left_alone() {
        for (source, output) in [
            (
                "Han Seo-jin met Han Seo-jun. Han Seo-jin left.",
                "한서진이 한서준을 만났다. 한서진은 떠났다.",
            ),
            ("The port of Haemin and the city of Haemin agreed.", "해민항과 해민시가 동의했다."),
            (
                "Macedonia voted. Macedonians and Macedonia won.",
                "마케도니아가 투표했다. 마케도니안과 마케도니아가 이겼다.",
            ),
            (
                "Whitcombe announced it. Whitcombe had announced it.",
                "휘트컴이 발표했다. 휘트컴은 발표했었다.",
            ),
            (
                "박민호와 박민오가 왔다. 박민호가 떠났다.",
                "Park Min-ho and Park Min-oh came. Park Min-ho left.",
            ),
            ("박민호가 왔다. 박민호가 갔다.", "Park Min-ho came. Park Minho's gone."),
        ] {
            assert_eq!(found(source, output), [""; 0], "{output}");
        }
    }

    #[test]
    fn the_parts_of_a_document_are_compared_with_each_other() {
        let texts = [
            ("The port is closed today.", "항구가 오늘 문을 닫았다."),
            ("Kim Min-ho waits for Kim Min-ho.", "김민호가 김민호를 기다린다."),
            ("The port is closed today.", "오늘 항만 운영을 중단했다."),
            ("Kim Min-ho left.", "김민오가 떠났다."),
        ];
        let (from, to) = (Language::English, Language::Korean);
        let kind = OutputKind::Translation;
        let parts = texts.map(|(source, output)| Pair { source, output, from, to, kind });
        let found = between_parts(&parts, &CheckOptions::default());
        let kinds: Vec<_> = found.iter().map(|(part, one)| (*part, one.kind.as_str())).collect();
        assert_eq!(kinds, [(2, SENTENCE.name), (3, NAME.name)]);
        assert_eq!(found[1].1.output.unwrap().of(texts[3].1), Some("김민오"));
        assert_eq!(between_parts(&parts[..2], &CheckOptions::default()), []);
    }
}
