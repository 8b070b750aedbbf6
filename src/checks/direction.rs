//! Direction: words of a text whose opposites stand in the output: rose and fell, approved and
//! rejected, north and south.
//!
//! Both must be seen: the word of the source is lost, and its opposite is new. Knows pairs of
//! opposites in the folder `lexicon/opposites`; of the words before a noun, those of one noun are
//! compared.

mod attributive;

use std::sync::LazyLock;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::contrast::Contrast;
use super::lexicon::{Hit, Lexicon, english_words};
use super::spans::shifted;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

const REVERSED: FindingKind =
    FindingKind::major("direction_reversed").up_to_sentences(2).in_passages();

pub(super) const CHECK: Check = Check {
    name: "direction",
    describe: "opposites: rose and fell, approved and rejected, north and south",
    kinds: &[REVERSED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            REVERSED,
            "Exports to Haemin rose 4 percent in May.",
            "5월 해민 수출이 4% 감소했다.",
        ),
        Example::found(
            REVERSED,
            "법원은 한 씨에게 무죄를 선고했다.",
            "The court found Han guilty.",
        ),
        Example::fine(
            "Haemin will build a second breakwater at its old fishing harbour.",
            "Haemin will build a new breakwater.",
        )
        .summary(),
        Example::found(
            REVERSED,
            "Haemin will build a second breakwater at its old fishing harbour.",
            "Haemin will build a breakwater at its new harbour.",
        )
        .summary(),
        Example::fine("Exports to Haemin rose 4 percent in May.", "5월 해민 수출이 4% 늘어났다."),
        Example::fine("법원은 한 씨에게 무죄를 선고했다.", "The court acquitted Han."),
    ],
    run,
};

static OPPOSITES: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(OPPOSITES_BY_TOPIC));

/// The tables of opposites by topic; each begins with a title and an empty line.
const OPPOSITES_BY_TOPIC: &str = concat!(
    include_str!("lexicon/opposites/amounts.txt"),
    include_str!("lexicon/opposites/places.txt"),
    include_str!("lexicon/opposites/time.txt"),
    include_str!("lexicon/opposites/decisions.txt"),
    include_str!("lexicon/opposites/harm.txt"),
    include_str!("lexicon/opposites/contests.txt"),
    include_str!("lexicon/opposites/business.txt"),
    include_str!("lexicon/opposites/acts.txt"),
    include_str!("lexicon/opposites/people.txt"),
    include_str!("lexicon/opposites/things.txt"),
);

/// Most sentences of an article that a summary sentence in another language is compared with.
const MAX_SUPPORT: usize = 3;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    let is_summary = comparison.pair.kind == OutputKind::Summary;
    let is_other_language = source.language != output.language;
    if is_summary && is_other_language && source.sentences().len() > MAX_SUPPORT {
        return Vec::new();
    }
    let is_loose = is_summary
        && is_other_language
        && !(comparison.is_whole() && source.sentences().len() == 1);
    let demand = if comparison.is_passage || is_loose { Demand::Unmixed } else { Demand::More };
    let mut findings = Vec::new();
    for (from, to) in comparison.equal_sentences() {
        let original = words(&source.text[from.clone()], source.language);
        let result = words(&output.text[to.clone()], output.language);
        let is_of_one = |lost: &Span, new: &Span| {
            let (lost, new) = (shifted(lost.clone(), from.start), shifted(new.clone(), to.start));
            !attributive::have_different_nouns((source, &lost), (output, &new))
        };
        let translated = (!is_summary).then_some(output.language);
        for (lost, new) in reversed(&original, &result, demand, translated, is_of_one) {
            let (lost, new) = (shifted(lost, from.start), shifted(new, to.start));
            findings.push(finding(comparison, lost, new));
        }
    }
    findings
}

fn finding(comparison: &Comparison<'_>, lost: Span, new: Span) -> Finding {
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let contrast = Contrast::new(comparison, lost, new);
    let (expected, found) = contrast.words();
    let english =
        format!("'{found}' in the {result} is the opposite of '{expected}' in the {original}");
    let korean = format!("뜻이 반대인 말: {original_ko} '{expected}', {result_ko} '{found}'");
    contrast.finding(&CHECK, REVERSED, english, korean)
}

/// The words of a text. A negated word may have either meaning.
fn words(text: &str, language: Language) -> Vec<Hit> {
    let mut hits = OPPOSITES.find(text, language);
    hits.retain(|hit| !is_currency(text, &hit.span));
    let mut opposites = Vec::new();
    for hit in &mut hits {
        if is_negated(text, &hit.span, language) {
            hit.is_certain = false;
            opposites.push(Hit { is_opposite: !hit.is_opposite, ..hit.clone() });
        }
    }
    hits.extend(opposites);
    hits
}

/// True for the won of an amount: "5,000 won", "3 million won". A year is no amount.
fn is_currency(text: &str, span: &Span) -> bool {
    const LARGE: &[&str] = &["thousand", "million", "billion", "trillion"];
    if !text[span.clone()].eq_ignore_ascii_case("won") {
        return false;
    }
    let before = text[..span.start].trim_end_matches([' ', '-', '\u{A0}']);
    let is_outside = |c: char| !c.is_ascii_alphanumeric() && c != ',';
    let word = before.rsplit(is_outside).next().unwrap_or_default();
    let is_year = word.len() == 4 && word.starts_with(['1', '2']);
    let is_number = word.ends_with(|c: char| c.is_ascii_digit()) && !is_year;
    is_number || LARGE.iter().any(|large| word.eq_ignore_ascii_case(large))
}

/// Syllables that negate the rest of a word: "비우호적", "미해결".
const NEGATIVE_PREFIXES: &[char] = &['비', '불', '무', '미'];

/// True if a word is negated: "not happy", "좋지 않다".
fn is_negated(text: &str, span: &Span, language: Language) -> bool {
    match language {
        Language::Korean => {
            const AFTER: &[&str] = &[
                "지 않",
                "지 못",
                "지는 않",
                "지는 못",
                "지도 않",
                "지 말",
                "지 아니",
                "수 없",
                "이 아니",
                "가 아니",
                "이 없",
                "가 없",
                " 못",
                " 않",
            ];
            let after: String = text[span.end..].chars().take(7).collect();
            let last: String = text[span.clone()].chars().next_back().into_iter().collect();
            let after = last + &after;
            let before = text[..span.start].chars().next_back();
            AFTER.iter().any(|negation| after.contains(negation))
                || before.is_some_and(|c| NEGATIVE_PREFIXES.contains(&c))
        }
        Language::English => {
            const BEFORE: &[&str] =
                &["not", "no", "never", "without", "nor", "cannot", "hardly", "unable", "neither"];
            let mut start = span.start.saturating_sub(32);
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let words = english_words(&text[start..span.start]);
            words
                .iter()
                .rev()
                .take(3)
                .any(|word| BEFORE.contains(&word.text.as_str()) || word.text.ends_with("n't"))
        }
    }
}

/// How clearly a word must be lost, and its opposite new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// There are fewer of the one and more of the other.
    More,
    /// Neither text has both.
    Unmixed,
}

/// For each pair of opposites that was turned round, the lost word and the new one.
/// `translated` is the language of the result if it is a translation. `is_of_one` is false for
/// words that tell of different nouns: not asked of a translation with no other words of the kind.
fn reversed(
    original: &[Hit],
    result: &[Hit],
    demand: Demand,
    translated: Option<Language>,
    is_of_one: impl Fn(&Span, &Span) -> bool,
) -> Vec<(Span, Span)> {
    /// Most words of each meaning that are compared.
    const MOST: usize = 6;
    let (original, result) = (by_meaning(original), by_meaning(result));
    let mut found = Vec::new();
    for record in 0..OPPOSITES.records() {
        for pole in 0..2 {
            let (same, opposite) = (2 * record + pole, 2 * record + 1 - pole);
            let (lost, known) = (&original[same], &original[opposite]);
            let (new, kept) = (&result[opposite], &result[same]);
            let is_unmixed = kept.is_empty() && known.is_empty();
            let is_clear = match demand {
                Demand::More => {
                    let (english, korean) = match translated {
                        Some(Language::Korean) => (known, kept),
                        _ => (kept, known),
                    };
                    is_more(lost, kept) && is_more(new, known)
                        || translated.is_some() && has_no_excuse(english, korean)
                }
                Demand::Unmixed => is_unmixed,
            };
            if !is_clear {
                continue;
            }
            let is_alone = translated.is_some() && is_unmixed && lost.len() == 1 && new.len() == 1;
            let mut pairs = certain(lost).take(MOST).flat_map(|lost| {
                certain(new).take(MOST).map(move |new| (lost.span.clone(), new.span.clone()))
            });
            found.extend(pairs.find(|(lost, new)| is_alone || is_of_one(lost, new)));
        }
    }
    found.dedup();
    found
}

/// True if no word makes good for a lost or a new one: there are none in one of the texts, and in
/// the other none that is certain, nor an uncertain one of more than a syllable in Korean.
fn has_no_excuse(english: &[&Hit], korean: &[&Hit]) -> bool {
    const SYLLABLE: usize = '가'.len_utf8();
    (english.is_empty() || korean.is_empty())
        && english.iter().all(|hit| !hit.is_certain)
        && korean.iter().all(|hit| !hit.is_certain && hit.span.len() <= SYLLABLE)
}

/// True if there are more of some words than of others, and more that are certain.
fn is_more(words: &[&Hit], others: &[&Hit]) -> bool {
    words.len() > others.len() && certain(words).count() > certain(others).count()
}

/// The words by meaning: two for each record, the second its opposite.
fn by_meaning(hits: &[Hit]) -> Vec<Vec<&Hit>> {
    let mut found = vec![Vec::new(); 2 * OPPOSITES.records()];
    for hit in hits {
        found[2 * hit.record + usize::from(hit.is_opposite)].push(hit);
    }
    found
}

fn certain<'h>(hits: &'h [&'h Hit]) -> impl Iterator<Item = &'h &'h Hit> {
    hits.iter().filter(|hit| hit.is_certain)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    /// Opposites in both languages, each in a sentence.
    const OPPOSED: &[[&str; 4]] = &[
        ["Prices rose.", "물가가 올랐다.", "Prices fell.", "물가가 떨어졌다."],
        ["Sales are climbing.", "매출이 늘고 있다.", "Sales are shrinking.", "매출이 줄고 있다."],
        [
            "The council approved it.",
            "의회가 승인했다.",
            "The council rejected it.",
            "의회가 부결했다.",
        ],
        [
            "The plan was praised.",
            "계획은 칭찬을 받았다.",
            "The plan was condemned.",
            "계획은 규탄받았다.",
        ],
        ["He was acquitted.", "그는 무죄가 됐다.", "He was convicted.", "그는 유죄가 됐다."],
        ["Exports matter.", "수출이 관건이다.", "Imports matter.", "수입이 관건이다."],
        ["They advanced.", "그들은 전진했다.", "They retreated.", "그들은 후퇴했다."],
        [
            "The museum reopened.",
            "박물관이 재개관했다.",
            "The museum was shut.",
            "박물관이 폐관했다.",
        ],
        ["Growth accelerated quickly.", "성장이 빨라졌다.", "It moved slowly.", "느리게 움직였다."],
        ["It is expensive.", "비싸다.", "It is cheap.", "저렴하다."],
        ["The talks succeeded.", "회담이 성공했다.", "The talks failed.", "회담이 실패했다."],
        ["The north was hit.", "북부가 피해를 봤다.", "The south was hit.", "남부가 피해를 봤다."],
        ["The eastern bank.", "동쪽 둑이다.", "The western bank.", "서쪽 둑이다."],
        ["The first bus.", "첫 버스다.", "The last bus.", "마지막 버스다."],
        ["Conditions improved.", "여건이 개선됐다.", "Conditions worsened.", "여건이 악화됐다."],
        [
            "Police arrested him.",
            "경찰이 그를 체포했다.",
            "Police released him.",
            "경찰이 그를 석방했다.",
        ],
        ["It is dangerous.", "위험하다.", "It is safe.", "안전하다."],
        ["It was a profit.", "흑자였다.", "It was a deficit.", "적자였다."],
        ["Employees agreed.", "직원들이 합의했다.", "Employees objected.", "직원들이 이의를 냈다."],
        ["They bought ships.", "배를 사들였다.", "They sold ships.", "배를 팔았다."],
        ["The price is high.", "값이 높다.", "The price is low.", "값이 낮다."],
        ["The men waited.", "남성들이 기다렸다.", "The women waited.", "여성들이 기다렸다."],
        ["It is the largest.", "가장 크다.", "It is the smallest.", "가장 작다."],
        ["More than 40 came.", "40명 이상이 왔다.", "Fewer than 40 came.", "40명 미만이 왔다."],
        [
            "It closed before noon.",
            "정오 전에 닫았다.",
            "It closed after noon.",
            "정오 이후에 닫았다.",
        ],
    ];

    #[test]
    fn an_opposite_is_found_in_both_directions_and_the_word_itself_is_not() {
        let mut missed = Vec::new();
        for [english, korean, other_english, other_korean] in OPPOSED {
            for (source, wrong, right) in [
                (english, other_korean, korean),
                (other_english, korean, other_korean),
                (korean, other_english, english),
                (other_korean, english, other_english),
            ] {
                assert!(run(&CHECK, &translation(source, right)).is_empty(), "{source} {right}");
                if run(&CHECK, &translation(source, wrong)).is_empty() {
                    missed.push((source, wrong));
                }
            }
        }
        assert!(missed.len() <= 5, "{missed:#?}");
    }

    #[test]
    fn amounts_and_times_are_read_with_their_particles() {
        for (source, output) in [
            (
                "시는 다리에 100만 달러 이상을 썼다.",
                "The city spent less than $1 million on the bridge.",
            ),
            ("40명 이하를 뽑는다.", "More than 40 will be chosen."),
            ("정오가 막 지난 후 문을 열었다.", "It opened just before noon."),
            (
                "회사는 3년 전 공장을 매각한 후에 이전했다.",
                "The firm moved before it sold the plant three years ago.",
            ),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)).len(), 1, "{source}");
        }
        for (source, output) in [
            (
                "시는 다리에 100만 달러 이상을 썼다.",
                "The city spent over $1 million on the bridge.",
            ),
            ("정오가 막 지난 후 문을 열었다.", "It opened just after noon."),
            (
                "회사는 3년 전 공장을 매각한 후에 이전했다.",
                "The firm moved after it sold the plant three years ago.",
            ),
        ] {
            assert!(run(&CHECK, &translation(source, output)).is_empty(), "{source}");
        }
    }

    #[test]
    fn a_word_that_only_may_have_the_other_meaning_does_not_hide_an_opposite() {
        for (english, wrong, right) in [
            (
                "Haemin banned boats after the war.",
                "해민은 전쟁 이전 배를 금지했다.",
                "해민은 전쟁 이후 배를 금지했다.",
            ),
            (
                "The ferry stopped just before Somi on its last trip.",
                "배는 마지막 운항에서 소미 바로 후에 멈췄다.",
                "배는 마지막 운항에서 소미 바로 전에 멈췄다.",
            ),
            (
                "The mayor lost his glasses at the quay.",
                "시장은 부두에서 안경을 얻었다.",
                "시장은 부두에서 안경을 잃었다.",
            ),
            (
                "In the last 30 years the port has grown.",
                "처음 30년 동안 항구는 커졌다.",
                "지난 30년 동안 항구는 커졌다.",
            ),
            ("A drone flew above the boats.", "드론이 배 아래를 날았다.", "드론이 배 위로 날았다."),
        ] {
            for (source, wrong, right) in [(english, wrong, right), (wrong, english, "")] {
                assert!(!run(&CHECK, &translation(source, wrong)).is_empty(), "{source} {wrong}");
                assert!(run(&CHECK, &translation(source, right)).is_empty(), "{source} {right}");
            }
        }
    }

    #[test]
    fn an_amount_of_won_is_no_victory() {
        for (korean, english) in [
            (
                "면허를 상실한 선장은 벌금 300만 원을 냈다.",
                "Stripped of his licence, the captain paid a fine of 3 million won.",
            ),
            (
                "참패한 구단은 입장료로 5,000원을 받았다.",
                "After the rout the club charged 5,000 won.",
            ),
        ] {
            assert!(run(&CHECK, &translation(korean, english)).is_empty(), "{english}");
            assert!(run(&CHECK, &translation(english, korean)).is_empty(), "{english}");
        }
        let (korean, english) = ("2019년 팀은 참패했다.", "The team of 2019 won.");
        assert_eq!(run(&CHECK, &translation(korean, english)).len(), 1);
    }

    #[test]
    fn other_words_with_the_syllables_of_above_are_no_directions() {
        for (korean, english) in [
            ("부두 시위에 온 사람은 적었다.", "Turnout at the pier protest was below forecasts."),
            ("항만은 순위에 들지 못했다.", "The port was below the others."),
            ("시장은 유족을 위로했다.", "The mayor met the bereaved below deck."),
            ("유족은 위로금을 받았다.", "The bereaved got a sum below the norm."),
            ("해민상공회의소가 어제 모였다.", "The Haemin chamber met below deck."),
            ("선장은 영상통화를 했다.", "The captain made a call from below."),
        ] {
            assert!(run(&CHECK, &translation(korean, english)).is_empty(), "{korean}");
        }
        let korean = "갈매기가 배 위에 앉았다.";
        assert_eq!(run(&CHECK, &translation(korean, "The gull sat below the boat.")).len(), 1);
    }

    #[test]
    fn a_date_in_the_past_is_no_last_time() {
        for (korean, english) in [
            ("새 배는 지난 7일 떴다.", "The new ship first sailed on the 7th."),
            ("등대는 지난 1998년 켜졌다.", "The lighthouse was first lit in 1998."),
            ("등대는 지난 수요일 켜졌다.", "The lighthouse was first lit on Wednesday."),
        ] {
            assert!(run(&CHECK, &translation(korean, english)).is_empty(), "{korean}");
        }
        for korean in ["지난 12년간 배가 늘었다.", "지난 3개월 배가 늘었다."] {
            let english = "Ships grew in number in the first years.";
            assert_eq!(run(&CHECK, &translation(korean, english)).len(), 1, "{korean}");
        }
    }

    #[test]
    fn a_vote_for_a_plan_is_the_opposite_of_one_against_it() {
        let article =
            "The council of Haemin voted 14 to 5 for the plan, which costs 4 million won.";
        for (summary_of, is_found) in [
            ("The plan costs 4 million won, with the council voting against the plan.", true),
            ("The plan costs 4 million won, with the council voting for the plan.", false),
            ("The council of Haemin voted 14-5 for the plan.", false),
        ] {
            let found = run(&CHECK, &summary(article, summary_of));
            assert_eq!(!found.is_empty(), is_found, "{summary_of}");
        }
    }

    #[test]
    fn a_negated_opposite_is_no_opposite() {
        for (source, output) in [
            ("The weather was bad.", "날씨가 좋지 않았다."),
            ("그는 기쁘지 않았다.", "He was sad."),
            ("비우호적인 이웃이었다.", "It was a hostile neighbor."),
        ] {
            assert!(run(&CHECK, &translation(source, output)).is_empty(), "{source}");
        }
    }

    #[test]
    fn converse_and_ambiguous_words_are_no_opposites() {
        for (source, output) in [
            ("Winners will receive a bicycle.", "당첨자에게 자전거를 제공한다."),
            ("Others said the same.", "다른 이들도 그렇게 말했다."),
            ("A closed meeting took place.", "비공개 회의가 열렸다."),
            ("It is the first time in May.", "지난 5월 이후로 있던 일이다."),
            (
                "The harbor is 20 miles away, and prices rose.",
                "항구는 30㎞ 떨어진 곳이고 값이 올랐다.",
            ),
            (
                "Haemin is the biggest market, which tops 300 firms.",
                "해민은 300개 기업을 넘는 최대 시장이다.",
            ),
        ] {
            assert!(run(&CHECK, &translation(source, output)).is_empty(), "{source}");
        }
    }

    /// Summaries in which an opposite tells of another noun, and of the same noun.
    const ATTRIBUTIVE: &[[&str; 3]] = &[
        [
            "The council of Haemin approved a second breakwater at its old fishing harbour.",
            "Haemin approved a new breakwater.",
            "Haemin approved a breakwater at its new harbour.",
        ],
        [
            "해민시의회는 낡은 항구에 두 번째 다리를 놓기로 했다.",
            "해민시의회는 새로운 다리를 놓기로 했다.",
            "해민시의회는 새로운 항구에 다리를 놓기로 했다.",
        ],
        [
            "The last ferry left the small island on Monday.",
            "The ferry left the first harbour on Monday.",
            "The first ferry left the island on Monday.",
        ],
        [
            "해민시는 낡은 병원에 의사 두 명을 보냈다.",
            "Haemin sent two new doctors to the hospital.",
            "Haemin sent two doctors to the new hospital.",
        ],
        [
            "Haemin sent two doctors to its old hospital.",
            "해민시는 병원에 새로운 의사 두 명을 보냈다.",
            "해민시는 새로운 병원에 의사 두 명을 보냈다.",
        ],
        [
            "The mayor of North Haemin met a team from Somi.",
            "The mayor met a team from South Somi.",
            "The mayor of South Haemin met a team from Somi.",
        ],
    ];

    #[test]
    fn words_before_different_nouns_are_no_opposites() {
        for [source, other, opposite] in ATTRIBUTIVE {
            let pair = |output| {
                let to = Language::detect(output).unwrap();
                crate::checks::Pair { to, ..summary(source, output) }
            };
            assert!(run(&CHECK, &pair(other)).is_empty(), "{source} {other}");
            assert_eq!(run(&CHECK, &pair(opposite)).len(), 1, "{source} {opposite}");
        }
    }

    #[test]
    fn a_summary_in_one_language_is_compared() {
        let article = "The port of Haemin raised its fees on Monday after losses.";
        assert_eq!(run(&CHECK, &summary(article, "Haemin's port cut its fees.")).len(), 1);
        assert!(run(&CHECK, &summary(article, "Haemin's port raised its fees.")).is_empty());
    }
}
