//! Negations that were lost or added.
//!
//! Negations of both texts are counted, sentence by sentence where both have as many. One text with
//! more is a doubt if the other states what the first negates. It is a weaker one if the other has
//! no words that may stand for a negation ("refuse", "거부") without being a translation.

mod balance;
mod english;
mod force;
mod korean;
mod same;
mod statements;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::contrast::Contrast;
use super::spans::shifted;
use crate::document::Span;
use crate::finding::Finding;
use balance::Negations;

const LOST: FindingKind = FindingKind::major("negation_lost").up_to_sentences(2).in_passages();
const ADDED: FindingKind = FindingKind::major("negation_added").up_to_sentences(2).in_passages();

pub(super) const CHECK: Check = Check {
    name: "negation",
    describe: "negations that were lost or added",
    kinds: &[LOST, ADDED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            LOST,
            "The ministry did not confirm the order.",
            "국방부는 명령을 확인했다.",
        ),
        Example::found(
            ADDED,
            "시는 새 항구를 열 수 있다고 밝혔다.",
            "The city said it could not open the new port.",
        ),
        Example::fine(
            "The ministry did not confirm the order.",
            "국방부는 명령을 확인하지 않았다.",
        ),
        Example::fine("The mayor refused to resign.", "시장은 물러나지 않겠다고 했다."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    if source.language == output.language {
        return same_language(comparison);
    }
    let is_summary = comparison.pair.kind == OutputKind::Summary;
    let mut findings = Vec::new();
    for (from, to) in comparison.equal_sentences() {
        let original = Negations::of(&source.text[from.clone()], source.language);
        let result = Negations::of(&output.text[to.clone()], output.language);
        let is_whole = !is_summary || comparison.is_whole();
        if is_whole && let Some(lost) = original.beyond(&result) {
            findings.push(lost_finding(comparison, shifted(lost, from.start), to));
        } else if let Some(added) = result.beyond(&original) {
            let added = shifted(added, to.start);
            findings.push(added_finding(comparison, from, added));
        }
    }
    findings
}

/// Findings for a summary in the language of its article: what both say, once with a negation.
fn same_language(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    let language = source.language;
    if let Some((added, stated)) = same::contradiction(output.text, source.text, language) {
        return vec![added_finding(comparison, stated, added)];
    }
    if let Some((lost, stated)) = same::contradiction(source.text, output.text, language) {
        return vec![lost_finding(comparison, lost, stated)];
    }
    let result = Negations::of(output.text, language);
    let added = result.beyond(&Negations::of(source.text, language));
    let whole = 0..source.text.len();
    added.map(|added| added_finding(comparison, whole, added)).into_iter().collect()
}

fn lost_finding(comparison: &Comparison<'_>, lost: Span, sentence: Span) -> Finding {
    let (original, result) = comparison.words();
    let (_, result_ko) = comparison.korean_words();
    let contrast = Contrast::new(comparison, lost, None);
    let (negation, _) = contrast.words();
    let english = format!("'{negation}' in the {original} is not negated in the {result}");
    let korean = format!("{result_ko}에서 빠진 부정: '{negation}'");
    contrast.finding(&CHECK, LOST, english, korean).in_output(sentence)
}

fn added_finding(comparison: &Comparison<'_>, sentence: Span, added: Span) -> Finding {
    let (original, result) = comparison.words();
    let (original_ko, _) = comparison.korean_words();
    let contrast = Contrast::new(comparison, None, added);
    let (_, negation) = contrast.words();
    let english = format!("'{negation}' in the {result} is not negated in the {original}");
    let korean = format!("{original_ko}에 없는 부정: '{negation}'");
    contrast.finding(&CHECK, ADDED, english, korean).in_source(sentence)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    fn kinds(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.kind.as_str()).collect()
    }

    /// Stated and negated in both languages.
    const STATED: &[[&str; 4]] = &[
        [
            "It announced a date.",
            "날짜를 발표했다.",
            "It did not announce a date.",
            "날짜를 발표하지 않았다.",
        ],
        ["The bus came.", "버스가 왔다.", "The bus never came.", "버스가 오지 않았다."],
        ["The ferry can sail.", "배가 뜰 수 있다.", "The ferry cannot sail.", "배가 뜰 수 없다."],
        ["There is a witness.", "목격자가 있다.", "There is no witness.", "목격자가 없다."],
        ["He is the mayor.", "그가 시장이다.", "He isn't the mayor.", "그는 시장이 아니다."],
        [
            "They left with money.",
            "돈을 갖고 떠났다.",
            "They left without money.",
            "돈 없이 떠났다.",
        ],
        ["Go there.", "거기 가라.", "Don't go there.", "거기 가지 말라."],
        ["It works.", "된다.", "It doesn't work.", "안 된다."],
        ["She voted.", "그는 투표했다.", "She didn't vote.", "그는 투표하지 못했다."],
    ];

    #[test]
    fn a_lost_and_an_added_negation_are_found_in_both_directions() {
        let mut missed = Vec::new();
        for [english, korean, no_english, no_korean] in STATED {
            for (source, right) in [
                (english, korean),
                (korean, english),
                (no_english, no_korean),
                (no_korean, no_english),
            ] {
                assert!(run(&CHECK, &translation(source, right)).is_empty(), "{source} {right}");
            }
            for (source, wrong, kind) in [
                (english, no_korean, ADDED),
                (korean, no_english, ADDED),
                (no_english, korean, LOST),
                (no_korean, english, LOST),
            ] {
                if kinds(&run(&CHECK, &translation(source, wrong))) != [kind.name] {
                    missed.push((source, wrong));
                }
            }
        }
        // "돈 없이" inside a phrase is not counted when it alone is lost or added.
        assert!(missed.len() <= 2, "{missed:#?}");
    }

    #[test]
    fn what_denies_without_a_negation_may_be_given_with_one() {
        for (source, output) in [
            ("The union refused the offer.", "노조는 제안을 받아들이지 않았다."),
            ("Residents must leave.", "주민들은 떠나지 않으면 안 된다."),
            ("Only the mayor knew.", "시장밖에 몰랐다."),
            ("It was not only late but wrong.", "늦었을 뿐만 아니라 틀렸다."),
            ("The name is unknown.", "이름은 알려지지 않았다."),
            ("그 일은 틀림없이 끝난다.", "The work will certainly end."),
            ("회의에는 불참했다.", "He did not attend the meeting."),
            ("두 명밖에 오지 않았다.", "Only two people came."),
            ("개장까지 얼마 남지 않았다.", "The opening is near."),
            ("비용은 100만 원도 안 된다.", "It costs less than a million won."),
            ("매출이 목표에 못 미쳤다.", "Sales fell short of the target."),
            ("시는 다리를 닫지 않을 수 없었다.", "The city had to close the bridge."),
            ("그는 놀라움을 금치 못했다.", "He was surprised."),
            ("Peace was never so close.", "평화는 어느 때보다 가까웠다."),
            ("They left no stone unturned.", "그들은 모든 곳을 살폈다."),
            ("The mayor may or may not come.", "시장은 올 수도 있다."),
            ("It was anything but easy, he said, not a picnic but work.", "힘든 일이었다고 했다."),
            ("Planes avoid the no-fly zone.", "비행기는 비행 금지 구역을 피한다."),
            ("그는 의자에 않아 있었다.", "He sat on a chair."),
        ] {
            assert!(run(&CHECK, &translation(source, output)).is_empty(), "{source} {output}");
        }
    }

    #[test]
    fn a_contradiction_is_found_whatever_else_the_text_denies() {
        for (source, output, kind) in [
            (
                "The ministry denied the report and did not confirm the order.",
                "국방부는 보도를 부인하고 명령을 확인했다.",
                LOST,
            ),
            (
                "시는 새 규정에 반대했고 예산을 승인했다.",
                "The city opposed the new rule and did not approve the budget.",
                ADDED,
            ),
            ("He left without permission.", "그는 허가를 받고 떠났다.", LOST),
        ] {
            assert_eq!(kinds(&run(&CHECK, &translation(source, output))), [kind.name], "{source}");
        }
        for (source, output) in [
            ("The ministry did not confirm the order.", "국방부는 명령에 대한 확인을 거부했다."),
            ("The results are not normal.", "결과는 비정상이다."),
            ("He left without a ticket.", "그는 무임승차했다."),
        ] {
            assert!(run(&CHECK, &translation(source, output)).is_empty(), "{source}");
        }
    }

    #[test]
    fn a_negative_affix_is_a_negation_of_its_stem() {
        for (english, wrong, right) in [
            (
                "The fire was unrelated to the strike.",
                "화재는 파업과 관련이 있었다.",
                "화재는 파업과 무관하다.",
            ),
            ("It is an irreplaceable bell.", "대체할 수 있는 종이다.", "대체할 수 없는 종이다."),
            (
                "Haemin built an impenetrable wall.",
                "해민은 뚫을 수 있는 벽을 세웠다.",
                "해민은 철벽을 세웠다.",
            ),
        ] {
            assert_eq!(kinds(&run(&CHECK, &translation(english, wrong))), [LOST.name], "{english}");
            assert_eq!(
                kinds(&run(&CHECK, &translation(wrong, english))),
                [ADDED.name],
                "{english}"
            );
            assert!(run(&CHECK, &translation(english, right)).is_empty(), "{english}");
            assert!(run(&CHECK, &translation(right, english)).is_empty(), "{english}");
        }
        let (korean, lost) = ("시는 조사 없이 떠났다.", "The city left with the investigation.");
        assert_eq!(kinds(&run(&CHECK, &translation(korean, lost))), [LOST.name]);
        for fine in ["The city left without an investigation.", "The city left with no inquiry."] {
            assert!(run(&CHECK, &translation(korean, fine)).is_empty(), "{fine}");
        }
    }

    #[test]
    fn a_negation_of_form_is_lost_where_the_other_text_denies_nothing() {
        for (source, wrong, right) in [
            (
                "다리를 놓기는 쉽지 않다.",
                "Building the bridge is easy.",
                "It is not easy to build it.",
            ),
            (
                "해민의 겨울은 비정상적으로 춥다.",
                "Winters in Haemin are normally cold.",
                "It is abnormally cold.",
            ),
            ("It is an invisible force.", "눈에 보이는 힘이다.", "눈에 보이지 않는 힘이다."),
        ] {
            assert_eq!(kinds(&run(&CHECK, &translation(source, wrong))), [LOST.name], "{source}");
            assert!(run(&CHECK, &translation(source, right)).is_empty(), "{source}");
        }
        for (korean, fine) in [
            ("도둑이 아닌 이웃이었다.", "It was a neighbor rather than a thief."),
            ("배 여섯 척이 아니라 한 척이 왔다.", "One boat came instead of six."),
            ("시는 낡은 동상을 없애기로 했다.", "The city will take away the old statue."),
            ("걷기는커녕 서기도 힘들다.", "He can hardly stand, let alone walk."),
        ] {
            assert!(run(&CHECK, &translation(korean, fine)).is_empty(), "{korean}");
            assert!(run(&CHECK, &translation(fine, korean)).is_empty(), "{fine}");
        }
    }

    #[test]
    fn in_one_language_the_same_verb_is_compared() {
        let article = "The mayor of Haemin did not sign the contract on Monday.";
        assert!(run(&CHECK, &summary(article, article)).is_empty());
        assert_eq!(
            kinds(&run(
                &CHECK,
                &summary("해민시는 계약에 서명했다.", "해민시는 계약에 서명하지 않았다.")
            )),
            [ADDED.name]
        );
        assert_eq!(
            kinds(&run(
                &CHECK,
                &summary("해민시는 계약에 서명하지 않았다.", "해민시는 계약에 서명했다.")
            )),
            [LOST.name]
        );
        assert_eq!(
            kinds(&run(
                &CHECK,
                &summary("The port will open soon.", "The port will not open soon.")
            )),
            [ADDED.name]
        );
        assert_eq!(
            kinds(&run(&CHECK, &summary("The port never opened again.", "The port opened again."))),
            [LOST.name]
        );
    }
}
