//! Counts: numbers of the article that a summary gives to another noun.
//!
//! "214 graduates" is in doubt if the article has 214 beside other nouns only, and another number
//! beside its graduates; "14 weeks" if the article has 14 without a unit only, and another number
//! of weeks. Nouns are compared by their stems, across languages by the dictionary.

use std::collections::{HashMap, HashSet};

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::{Comparison, Text};
use super::numerals::{Number, Unit};
use super::spans::around;
use super::support::features::{self, Claim, Feature};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

const OTHER: FindingKind = FindingKind::major("number_of_another");

pub(super) const CHECK: Check = Check {
    name: "counts",
    describe: "numbers of the article that a summary gives to another noun",
    kinds: &[OTHER],
    scope: Scope::Article,
    examples: &[
        Example::found(
            OTHER,
            "A petition of 214 residents kept the school open. It has had 1,326 graduates since \
             1958.",
            "The school has had 214 graduates.",
        )
        .summary(),
        Example::found(
            OTHER,
            "주민 214명이 반대 서명을 냈다. 이 학교의 졸업생은 1천326명이다.",
            "이 학교는 졸업생 214명을 배출했다.",
        )
        .summary(),
        Example::found(
            OTHER,
            "The council voted 14 to 5 for the dam. Work takes 30 weeks.",
            "해민의 댐 공사는 14주 걸린다.",
        )
        .summary(),
        Example::fine(
            "The work takes 14 or 15 weeks, and 30 weeks in winter.",
            "The work takes 14 weeks.",
        )
        .summary(),
        Example::fine(
            "A petition of 214 residents kept the school open. It has had 1,326 graduates since \
             1958.",
            "The school, with 1,326 graduates, stays open after 214 people signed a petition.",
        )
        .summary(),
        Example::fine(
            "주민 214명이 반대 서명을 냈다. 이 학교의 졸업생은 1천326명이다.",
            "주민 214명의 반대로 졸업생 1천326명을 낸 학교가 남는다.",
        )
        .summary(),
    ],
    run,
};

/// Most numbers of an article that are compared.
const MAX_NUMBERS: usize = 256;
/// Words on each side of a number among which its noun may stand.
const NEAR: usize = 10;

/// A number that counts something, as it is compared.
struct Count {
    value: u64,
    span: Span,
    /// What it counts: the words beside it.
    nouns: Vec<Claim>,
}

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    if comparison.pair.kind != OutputKind::Summary {
        return Vec::new();
    }
    let (source, output) = (&comparison.source, &comparison.output);
    let is_portable = source.language != output.language;
    let mut findings = measured(comparison);
    let own = counts(output, is_portable);
    if own.is_empty() {
        return findings;
    }
    let others = counts(source, is_portable);
    let mut places: HashMap<u64, Vec<Vec<Feature>>> = HashMap::new();
    let values: HashSet<u64> = own.iter().map(|count| count.value).collect();
    for number in source.numbers().stated.iter().take(MAX_NUMBERS) {
        if values.contains(&number.value.to_bits()) {
            let near = near(source, number, is_portable);
            places.entry(number.value.to_bits()).or_default().push(near);
        }
    }
    for count in &own {
        let Some(places) = places.get(&count.value) else { continue };
        if places.iter().any(|near| supports(near, &count.nouns)) {
            continue;
        }
        let is_other = |other: &&Count| {
            let nouns: Vec<Feature> = other.nouns.iter().flatten().copied().collect();
            other.value != count.value && supports(&nouns, &count.nouns)
        };
        if let Some(other) = others.iter().find(is_other) {
            findings.push(finding(comparison, &count.span, &other.span));
        }
    }
    findings
}

/// Findings for quantities of the summary whose number the article has without a unit only, and
/// whose unit it has with other numbers.
fn measured(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    let stated = &source.numbers().stated;
    let mut findings = Vec::new();
    for number in output.numbers().stated.iter().take(MAX_NUMBERS) {
        let Some(unit) = number.unit.filter(|_| is_measure(output, number)) else { continue };
        let has_value = |other: &&Number<'_>| other.value == number.value;
        let same = stated.iter().filter(has_value);
        let is_bare = same.clone().all(|other| {
            let is_without = other.unit.is_none_or(|unit| unit == Unit::Person);
            is_without
                && !other.is_day
                && !is_shared(source, other, unit)
                && !is_named_after(source, other, unit)
        });
        // Every reading of the article with this value is one of these numbers.
        let is_known = same.count() == source.numbers().count(number.value);
        let other = stated.iter().find(|other| other.unit == Some(unit) && !has_value(other));
        if let Some(other) = other
            && is_bare
            && is_known
            && source.numbers().has_counterpart(number)
            && !source.numbers().has_converted(number)
        {
            findings.push(finding(comparison, &number.quantity(), &other.quantity()));
        }
    }
    findings
}

/// True for a quantity other than an age, a date, an amount of money or a share.
fn is_measure(text: &Text<'_>, number: &Number<'_>) -> bool {
    const AGES: &[&str] = &["old", "살", "세"];
    let span = number.quantity();
    let after = text.text[span.end..].trim_start_matches([' ', '-']);
    let words = &text.text[number.span().end..span.end];
    number.needs_counterpart()
        && number
            .unit
            .is_some_and(|unit| unit != Unit::Person && !unit.is_currency() && !unit.is_share())
        && !number.is_day
        && number.hour.is_none()
        && !AGES.iter().any(|age| after.starts_with(age) || words.ends_with(age))
}

/// True if a number may share the unit of another close to it: "14 or 15 weeks".
fn is_shared(text: &Text<'_>, number: &Number<'_>, unit: Unit) -> bool {
    const MAX_DISTANCE: usize = 24;
    let stated = &text.numbers().stated;
    let own = number.span();
    let from = stated.partition_point(|other| other.start + MAX_DISTANCE < own.start);
    let near = stated[from..].iter().take_while(|other| other.start < own.end + MAX_DISTANCE);
    near.into_iter().any(|other| other.unit == Some(unit))
}

/// True if the word after a number names the unit where no unit was read: "20도로", "20-degree",
/// "three seasons" for years.
fn is_named_after(text: &Text<'_>, number: &Number<'_>, unit: Unit) -> bool {
    const SEASONS: &[&str] = &["season", "시즌"];
    let after = text.text[number.span().end..].trim_start_matches([' ', '-', '‑', '–']);
    let word: String =
        after.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let (english, korean) = unit.names();
    let singular = match english {
        "feet" => "foot",
        "inches" => "inch",
        _ => english.trim_end_matches('s'),
    };
    let is_named = |name: &str| !name.is_empty() && word.starts_with(name);
    is_named(singular)
        || is_named(english)
        || is_named(korean)
        || unit == Unit::Year && SEASONS.iter().any(|name| is_named(name))
}

/// True for the number of a model or a code: "Il-76", "747s", "A380".
fn is_code(text: &str, number: &Number<'_>) -> bool {
    let span = number.span();
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let is_latin = |c: char| c.is_ascii_alphabetic();
    before.strip_suffix('-').unwrap_or(before).ends_with(is_latin)
        || number.text.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(is_latin)
}

fn finding(comparison: &Comparison<'_>, own: &Span, other: &Span) -> Finding {
    let pair = comparison.pair;
    let (expected, found) = (&pair.source[other.clone()], &pair.output[own.clone()]);
    let ((original, result), (original_ko, result_ko)) =
        (comparison.words(), comparison.korean_words());
    let message = format!(
        "'{found}' in the {result} belongs to something else: the {original} has '{expected}'"
    );
    let korean = format!("다른 대상의 숫자: {result_ko} '{found}', {original_ko} '{expected}'");
    CHECK
        .finding(OTHER, message, korean)
        .in_source(other.clone())
        .in_output(own.clone())
        .expected(expected)
        .found(found)
}

/// True if a feature is among those that one of the nouns may have.
fn supports(features: &[Feature], nouns: &[Claim]) -> bool {
    nouns.iter().flatten().any(|noun| features.contains(noun))
}

/// The numbers of a text that count something.
fn counts(text: &Text<'_>, is_portable: bool) -> Vec<Count> {
    let numbers = text.numbers().stated.iter().take(MAX_NUMBERS);
    let counts = |number: &&Number<'_>| {
        number.needs_counterpart()
            && !is_ordinal(text.text, number)
            && !is_code(text.text, number)
            && number.value.fract() == 0.0
            && number.unit.is_none_or(|unit| unit == Unit::Person)
            && !number.is_day
            && number.hour.is_none()
    };
    let count = |number: &Number<'_>| {
        let span = number.quantity();
        let (before, after) = around(text.text, &span, NEAR);
        let side = match text.language {
            Language::English => noun(after.iter(), text, is_portable),
            Language::Korean => noun(before.iter().rev(), text, is_portable),
        };
        Count { value: number.value.to_bits(), nouns: side, span }
    };
    numbers.filter(counts).map(count).filter(|count| !count.nouns.is_empty()).collect()
}

/// True for a number that orders: "third", "19th", "제3".
fn is_ordinal(text: &str, number: &Number<'_>) -> bool {
    const ENGLISH: &[&str] = &["first", "second", "third", "fourth", "fifth", "sixth", "seventh"];
    const AFTER: &[&str] = &["st", "nd", "rd", "th", "번째", "번", "차", "세기", "위", "호"];
    let end = number.start + number.text.len();
    let after = text.get(end..).unwrap_or_default().trim_start_matches('-');
    ENGLISH.contains(&number.text.to_lowercase().as_str())
        || number.text.ends_with("th")
        || AFTER.iter().any(|ending| after.starts_with(ending))
        || text[..number.start].ends_with('제')
}

/// The claim of the first word that says something, of the two nearest.
fn noun<'w>(
    words: impl Iterator<Item = &'w Span>,
    text: &Text<'_>,
    is_portable: bool,
) -> Vec<Claim> {
    words
        .take(2)
        .find_map(|word| features::of_one(&text.text[word.clone()], text.language, is_portable))
        .into_iter()
        .collect()
}

/// The features of the words near a number.
fn near(text: &Text<'_>, number: &Number<'_>, is_portable: bool) -> Vec<Feature> {
    let (before, after) = around(text.text, &number.quantity(), NEAR);
    let span = before.first().unwrap_or(&number.quantity()).start
        ..after.last().unwrap_or(&number.quantity()).end;
    features::of(text, &span, is_portable)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary};
    use super::*;

    #[test]
    fn a_number_of_votes_is_no_number_of_weeks() {
        let english = "The council voted 14 to 5 for the plan, seven weeks after the storm.";
        let korean =
            "시의회는 찬성 14표로 가결했다. 태풍이 지나간 지 7주 만이다. 공사비는 412억원이다.";
        for source in [english.replace(", seven", ". It met seven"), korean.to_string()] {
            for output in ["Work will take 14 weeks.", "공사는 14주 걸린다."] {
                let found = run(&CHECK, &summary(&source, output));
                assert_eq!(found.len(), 1, "{source} {output}");
            }
        }
        for (source, output) in [
            ("Kim, 30, waited for five years.", "Kim is 30 years old."),
            ("It took 14 to 16 weeks and not 30 weeks.", "It took 14 weeks."),
            ("The trial lasted 14 days, the next 3 weeks.", "재판은 2주 걸렸다."),
            ("It is 33 in Haemin. Somi has 28 degrees.", "해민은 28도다."),
            ("A 20-degree slope slid after a 35 degrees one.", "비탈 20도가 무너졌다."),
            ("A 20‑degree slope slid. The next has 35 degrees.", "20도 비탈이 무너졌다."),
            ("비탈은 20도로, 다음은 35도이다.", "A slope of 20 degrees slid."),
            ("Olvera, 28, came three seasons ago, and Whitcombe five years ago.", "3년 전에 왔다."),
            ("The Tu-76s flew. It has had 1,326 Tu planes since 1958.", "Tu-76은 날았다."),
        ] {
            assert!(run(&CHECK, &summary(source, output)).is_empty(), "{source} {output}");
        }
    }

    #[test]
    fn the_noun_of_a_number_stands_beside_it() {
        let text =
            Text::new("이 학교의 졸업생은 1천326명이고 주민 214명이 산다.", Language::Korean);
        let counts = counts(&text, false);
        let shown: Vec<&str> = counts.iter().map(|count| &text.text[count.span.clone()]).collect();
        assert_eq!(shown, ["1천326명", "214명"]);
        assert!(!supports(&counts[0].nouns.concat(), &counts[1].nouns));
    }
}
