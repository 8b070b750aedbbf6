//! Names: in the output but not in the source, or the other way round, in any script.
//!
//! A name is compared by its letters within a language, and across scripts by its sound and a
//! gazetteer. Names are recognized by their form alone: nothing here knows persons or events.

mod across;
mod alike;
mod both;
mod claims;
mod common_words;
mod english;
mod evidence;
mod foreign;
mod gazetteer;
mod hangul;
mod kinds;
mod sounds;
mod swapped;
pub(super) mod variants;
mod within;

pub(super) use alike::is_one_name;
pub(crate) use both::{capitalized_phrases, names_in_both, without_particles};
pub(super) use common_words::is_common;
pub(super) use gazetteer::usual;

use super::check::{Check, Example, OutputKind, Scope};
use super::comparison::Comparison;
use crate::finding::Finding;
use kinds::{ADDED, INVENTED, LOST, MISPLACED, NAME, REORDERED, REPLACED, SWAPPED};

pub(super) const CHECK: Check = Check {
    name: NAME,
    describe: "names that are lost, replaced or invented, across scripts",
    kinds: &[ADDED, INVENTED, LOST, MISPLACED, REORDERED, REPLACED, SWAPPED],
    scope: Scope::Article,
    examples: &[
        Example::found(
            INVENTED,
            "Defense Minister Han Seo-jin met Dale Whitcombe in Busan.",
            "In Busan, Han met Dale Whitmore.",
        )
        .summary(),
        Example::fine(
            "Defense Minister Han Seo-jin met Dale Whitcombe in Busan.",
            "In Busan, Minister Han met Dale Whitcombe.",
        )
        .summary(),
        Example::found(
            INVENTED,
            "The talks in Jakarta failed, said the envoy Dale Whitcombe.",
            "나이로비 회담이 결렬됐다.",
        )
        .summary(),
        Example::fine(
            "The talks in Jakarta failed, said the envoy Dale Whitcombe.",
            "자카르타 회담이 결렬됐다.",
        )
        .summary(),
        Example::found(
            REPLACED,
            "The talks in Jakarta failed, said the envoy Dale Whitcombe.",
            "데일 휘트컴 특사는 나이로비 회담이 결렬됐다고 말했다.",
        ),
        Example::fine(
            "The talks in Jakarta failed, said the envoy Dale Whitcombe.",
            "데일 휘트컴 특사는 자카르타 회담이 결렬됐다고 말했다.",
        ),
        Example::found(
            LOST,
            "크리스티나 올베라(Cristina Olvera) 시장이 항구를 열었다.",
            "The mayor opened the port.",
        ),
        Example::found(ADDED, "시장은 집으로 돌아갔다.", "The mayor flew home to Helsinki."),
        Example::fine(
            "The mayor of Haemin thanked China and the UN.",
            "해민 시장은 중국과 유엔에 감사를 전했다.",
        ),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    match comparison.english_and_korean() {
        Some(_) if comparison.pair.kind == OutputKind::Summary => claims::findings(comparison),
        Some((english, korean)) => {
            let mut findings = across::findings(comparison, english, korean);
            findings.extend(swapped::findings(comparison, english, korean));
            findings
        }
        None if comparison.pair.kind == OutputKind::Summary => within::findings(comparison),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Pair;
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    const ARTICLE: &str = "U.S. Defense Secretary Dale Whitcombe met South Korea's defense minister, Han Seo-jin, in Busan. \"Yes,\" Han said.";

    #[test]
    fn names_of_the_article_in_another_order_or_form_are_no_finding() {
        for good in [
            "Whitcombe met South Korean Minister Han Seo-jin.",
            "Defense Minister Han met Secretary Dale Whitcombe.",
            "Yesterday Whitcombe met Han.",
            "In Busan, U. S. Defense Secretary Dale J. Whitcombe met Han.",
        ] {
            assert!(
                run(&CHECK, &summary(ARTICLE, good)).is_empty(),
                "{good} {:?}",
                run(&CHECK, &summary(ARTICLE, good))
            );
        }
    }

    #[test]
    fn a_name_the_article_does_not_have_is_found() {
        assert_eq!(
            messages(run(&CHECK, &summary(ARTICLE, "In Busan, Dale Whitmore met Han."))),
            ["'Whitmore' (in 'Dale Whitmore') appears in the summary but not in the article"]
        );
        assert_eq!(run(&CHECK, &summary(ARTICLE, "Han met him in Jeju City.")).len(), 1);
    }

    #[test]
    fn a_new_name_in_a_summary_in_the_other_language_is_found() {
        let korean =
            "데일 휘트컴 특사는 자카르타 회담이 결렬됐다고 말했다. 유엔은 유감을 나타냈다.";
        let across = |source, output| {
            let kind = OutputKind::Summary;
            run(&CHECK, &Pair { kind, ..translation(source, output) })
        };
        for good in ["Talks in Jakarta failed, Whitcombe said.", "The U.N. regrets it."] {
            assert!(across(korean, good).is_empty(), "{good}");
        }
        for bad in ["Talks in Stockholm failed.", "The envoy Schumacher regrets it."] {
            assert_eq!(across(korean, bad)[0].kind, "name_invented", "{bad}");
        }
        let bad = "한서진 장관은 로드리게스 특사를 만났다.";
        assert_eq!(across(ARTICLE, bad)[0].kind, "name_invented");
        assert!(across(ARTICLE, "한서진 장관은 휘트컴을 만났다.").is_empty());
    }

    #[test]
    fn a_name_of_another_sentence_of_the_article_is_found_across_languages() {
        let article = "On Monday 34 ships left the port of Jakarta. \
            On Friday 71 trucks reached the border of Denmark.";
        let across = |output| {
            let kind = OutputKind::Summary;
            run(&CHECK, &Pair { kind, ..translation(article, output) })
        };
        assert!(across("월요일에 배 34척이 자카르타 항구를 떠났다.").is_empty());
        let found = across("월요일에 배 34척이 덴마크 항구를 떠났다.");
        assert_eq!(found[0].kind, "name_misplaced");
        assert_eq!(found[0].source.map(|place| place.start), Some(0));
    }

    /// The kinds of the findings of a translation, with what was expected and found.
    fn kinds(source: &str, output: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let findings = run(&CHECK, &translation(source, output));
        let kind =
            |finding: crate::finding::Finding| (finding.kind, finding.expected, finding.found);
        findings.into_iter().map(kind).collect()
    }

    #[test]
    fn another_name_is_found_in_both_directions() {
        for (english, korean, lost, new) in [
            (
                "Whitcombe flew to Nairobi on Monday.",
                "휘트컴은 월요일 헬싱키로 떠났다.",
                "Nairobi",
                "헬싱키",
            ),
            (
                "The ship left Rotterdam at dawn.",
                "배는 새벽에 스톡홀름를 떠났다.",
                "Rotterdam",
                "스톡홀름",
            ),
        ] {
            let found = kinds(english, korean);
            assert_eq!(found.len(), 1, "{english} {found:?}");
            assert_eq!(found[0].0, "name_replaced");
            assert_eq!(found[0].1.as_deref(), Some(lost));
            assert_eq!(found[0].2.as_deref(), Some(new));
            let found = kinds(korean, english);
            assert_eq!((found.len(), found[0].1.as_deref()), (1, Some(new)), "{korean} {found:?}");
        }
    }

    #[test]
    fn lost_names_are_found() {
        let found = kinds("Whitcombe met the envoys in Nairobi.", "휘트컴은 특사들을 만났다.");
        assert_eq!(found, [("name_lost".into(), Some("Nairobi".into()), None)]);
        let found = kinds("The Kremlin warned Ukraine.", "크렘린이 경고했다.");
        assert_eq!(found, [("name_lost".into(), Some("Ukraine".into()), None)]);
        let found = kinds("올베라(Olvera) 시장이 항구를 열었다.", "The mayor opened the port.");
        assert_eq!(found[0].0, "name_lost");
    }

    #[test]
    fn each_of_several_names_in_a_row_may_be_lost() {
        for (source, output) in [
            ("The pact binds Norway and Denmark.", "조약은 노르웨이를 구속한다."),
            ("Ships from Spain, Norway and Denmark left.", "스페인과 노르웨이의 배가 떠났다."),
        ] {
            let lost = ("name_lost".into(), Some("Denmark".into()), None);
            assert_eq!(kinds(source, output), [lost], "{source}");
        }
    }

    #[test]
    fn a_name_may_stand_for_a_pronoun_or_a_capital_for_its_country() {
        for (korean, english) in [
            ("핀란드는 작은 함대를 두었다.", "It kept a small fleet."),
            ("스페인에서는 반대했다.", "Madrid was against it."),
        ] {
            assert!(kinds(korean, english).is_empty(), "{korean} {:?}", kinds(korean, english));
        }
        assert_eq!(kinds("함대는 핀란드로 떠났다.", "The fleet left.")[0].0, "name_lost");
    }

    #[test]
    fn a_new_gloss_is_found() {
        let source = "The mayor opened the port on Monday.";
        let found = kinds(source, "올베라(Olvera) 시장이 월요일에 항구를 열었다.");
        assert_eq!(found, [("name_added".into(), None, Some("올베라".into()))]);
    }

    #[test]
    fn names_in_their_usual_spellings_are_left_alone() {
        for (english, korean) in [
            (
                "Defense Minister Han Seo-jin met Dale Whitcombe in Busan.",
                "한서진 국방부 장관이 부산에서 데일 휘트컴을 만났다.",
            ),
            (
                "Moon Jae-in and Kim Jong-un met at Panmunjom.",
                "문재인 대통령과 김정은 위원장이 판문점에서 만났다.",
            ),
            (
                "The U.S. and China praised the United Nations.",
                "미국과 중국은 유엔을 높이 평가했다.",
            ),
            (
                "German lawmakers criticized NATO and the EU.",
                "독일 의원들이 나토와 유럽연합을 비판했다.",
            ),
            ("Zelenskyy thanked Macron and Scholz.", "젤렌스키는 마크롱과 숄츠에게 감사했다."),
            (
                "Thousands marched in Rio de Janeiro and São Paulo.",
                "리우데자네이루와 상파울루에서 수천 명이 행진했다.",
            ),
            ("Apple and Samsung sued each other.", "애플과 삼성이 서로 소송을 냈다."),
            ("The Cook Islands have no cities.", "쿡 아일랜드에는 도시가 없다."),
            ("US green card holders can go.", "미합중국 영주권자는 갈 수 있다."),
            ("He does not trust Washington.", "그는 미 정부를 믿지 않는다."),
            ("The Supreme Court and Congress disagree.", "대법원과 의회의 의견이 다르다."),
            ("Thousands flew to Las Vegas.", "수천 명이 라스 베가스로 갔다."),
            ("The Haemin Port Authority denied it.", "해민항만공사(HPA)는 이를 부인했다."),
            ("Olvera spoke to the Latin Americans.", "올베라는 중남미인들에게 말했다."),
            ("We've met Catalans and Sikhs.", "우리는 카탈루냐인과 시크교도를 만났다."),
        ] {
            assert!(kinds(english, korean).is_empty(), "{english} {:?}", kinds(english, korean));
            assert!(kinds(korean, english).is_empty(), "{korean} {:?}", kinds(korean, english));
        }
    }

    /// The kinds of the findings of a translation in both directions.
    fn both(english: &str, korean: &str) -> [Vec<String>; 2] {
        [(english, korean), (korean, english)].map(|(source, output)| {
            kinds(source, output).into_iter().map(|(kind, ..)| kind).collect()
        })
    }

    #[test]
    fn names_that_have_changed_places_are_found() {
        for (english, korean) in [
            (
                "President Olvera accused Whitcombe of fraud.",
                "휘트컴 대통령은 올베라가 사기를 쳤다고 비난했다.",
            ),
            (
                "Spain surpassed the exports to Denmark in May.",
                "덴마크는 5월에 스페인으로 가는 수출을 넘었다.",
            ),
            (
                "Norway's Olvera met fishermen from Denmark.",
                "덴마크의 올베라가 노르웨이 어부들을 만났다.",
            ),
        ] {
            let swapped = vec!["names_swapped".to_string()];
            assert_eq!(both(english, korean), [swapped.clone(), swapped], "{english}");
        }
        let reordered = vec!["names_reordered".to_string()];
        let found =
            both("Spain, Norway and Denmark agreed.", "스페인, 덴마크와 노르웨이가 동의했다.");
        assert_eq!(found, [reordered.clone(), reordered]);
    }

    #[test]
    fn names_in_the_order_of_their_language_are_left_alone() {
        for (english, korean) in [
            (
                "President Olvera of Spain accused Whitcombe of fraud.",
                "올베라 스페인 대통령은 휘트컴이 사기를 쳤다고 비난했다.",
            ),
            ("Spain was beaten by Denmark.", "덴마크가 스페인을 이겼다."),
            ("Spain, Norway and Denmark agreed.", "스페인, 노르웨이와 덴마크가 동의했다."),
            ("Whitcombe met Olvera in Norway.", "휘트컴은 노르웨이에서 올베라를 만났다."),
        ] {
            assert_eq!(both(english, korean), [Vec::<String>::new(), Vec::new()], "{english}");
        }
    }
}
