//! Renderings: how a language may write the numbers of a text in digits, for a generator that must
//! write no others. Conversions of units and currencies are not among them.

use super::{Number, Numbers, digits, read};
use crate::checks::calendar;
use crate::language::Language;

/// The magnitudes of Korean news, largest first.
const KOREAN: &[(f64, &str)] = &[(1e16, "경"), (1e12, "조"), (1e8, "억"), (1e4, "만")];
/// Those of English news, with the short forms of amounts of money.
const ENGLISH: &[(f64, &[&str])] = &[
    (1e12, &[" trillion", "-trillion", "tn"]),
    (1e9, &[" billion", "-billion", "bn"]),
    (1e6, &[" million", "-million", "m"]),
    (1e3, &[" thousand"]),
];

/// A number in digits, and its renderings in another language, the most usual first.
pub(crate) struct Rendered<'t> {
    /// The words of the source: "412 million".
    pub source: &'t str,
    /// The renderings: "4억1천200만", "4억1200만".
    pub renderings: Vec<String>,
}

/// The strings of digits that render the numbers of `text`, which is in `from`, in the language
/// `to`: those of stated numbers, and of all values that its words may have.
pub(crate) fn renderings(
    text: &str,
    from: Language,
    to: Language,
) -> (Vec<Rendered<'_>>, Vec<String>) {
    let numbers = read(text, from);
    let stated: Vec<Rendered<'_>> = numbers
        .stated
        .iter()
        .map(|number| Rendered { source: number.text, renderings: of_number(number, text, to) })
        .collect();
    (stated, of_values(&numbers, text, to))
}

/// Strings that multiply a number which they follow, in the language `to`.
pub(crate) fn magnitudes(to: Language) -> Vec<String> {
    match to {
        Language::Korean => {
            KOREAN.iter().map(|(_, word)| *word).chain(["천", "백"]).map(String::from).collect()
        }
        Language::English => {
            let words = ENGLISH.iter().flat_map(|(_, words)| words.iter());
            // "5m" may be five meters.
            words.filter(|word| **word != "m").map(|word| word.to_string()).collect()
        }
    }
}

fn of_number(number: &Number<'_>, text: &str, to: Language) -> Vec<String> {
    let mut renderings = Vec::new();
    for value in number.readings() {
        push_value(value, to, &mut renderings);
    }
    if number.text.chars().all(|c| digits::is_digit(c) || matches!(c, '.' | ',')) {
        // Leading zeros, as in telephone numbers.
        renderings.push(number.text.to_string());
    }
    let after = &text[number.span().end..];
    if (1900.0..2100.0).contains(&number.value)
        && (after.starts_with('s') || after.starts_with('년'))
    {
        // "the 1980s" is "80년대".
        renderings.push(format!("{:02}", number.value % 100.0));
    }
    renderings.dedup();
    renderings
}

fn of_values(numbers: &Numbers<'_>, text: &str, to: Language) -> Vec<String> {
    // "A year" is "1년".
    let mut renderings = vec!["1".to_string()];
    for value in &numbers.values {
        push_value(*value, to, &mut renderings);
    }
    for hour in &numbers.hours {
        push_value(*hour, to, &mut renderings);
        push_value(hour % 12.0, to, &mut renderings);
    }
    if to == Language::Korean {
        let months = calendar::read(text, numbers).possible_months;
        renderings
            .extend((1..=12).filter(|month| months[*month]).map(|month| format!("{month}월")));
    }
    for number in &numbers.stated {
        renderings.extend(of_number(number, text, to));
        if to == Language::Korean && text[..number.start].to_lowercase().ends_with("article ") {
            renderings.push(format!("{}조", number.text));
        }
    }
    renderings.sort_unstable();
    renderings.dedup();
    renderings
}

fn push_value(value: f64, to: Language, renderings: &mut Vec<String>) {
    /// Larger values lose digits as f64.
    const MAX: f64 = 1e17;
    if !(0.0..MAX).contains(&value) {
        return;
    }
    match to {
        Language::Korean => korean(value, renderings),
        Language::English => english(value, renderings),
    }
    renderings.push(plain(value));
    renderings.push(with_commas(value));
}

fn english(value: f64, renderings: &mut Vec<String>) {
    for (magnitude, words) in ENGLISH {
        let count = value / magnitude;
        if count >= 1.0 && is_short(count) && (*magnitude >= 1e6 || value.fract() == 0.0) {
            let count = plain(count);
            renderings.extend(words.iter().map(|word| format!("{count}{word}")));
        }
        // News writes thousands in digits.
        if *magnitude == 1e6 {
            renderings.push(with_commas(value));
        }
    }
}

fn korean(value: f64, renderings: &mut Vec<String>) {
    if value.fract() != 0.0 {
        return;
    }
    if value >= 1e3 {
        for group in [thousands, hundreds, plain, with_commas] as [fn(f64) -> String; 4] {
            renderings.push(in_groups(value, group, ""));
            // "9만 1" would be read as two numbers.
            if !(1.0..100.0).contains(&(value % 1e4)) {
                renderings.push(in_groups(value, group, " "));
            }
        }
    }
    for (magnitude, word) in KOREAN {
        let count = value / magnitude;
        if count >= 1.0 && is_short(count) {
            renderings.push(format!("{}{word}", plain(count)));
            renderings.push(format!("{}{word}", with_commas(count)));
        }
    }
}

/// A whole number in groups of four digits: 4억1천200만.
fn in_groups(value: f64, group: fn(f64) -> String, separator: &str) -> String {
    let mut rest = value;
    let mut groups = Vec::new();
    for (magnitude, word) in KOREAN.iter().chain(&[(1.0, "")]) {
        let count = (rest / magnitude).floor();
        if count > 0.0 {
            groups.push(format!("{}{word}", group(count)));
            rest -= count * magnitude;
        }
    }
    groups.join(separator)
}

/// A group with its thousands in a word: 1천200.
fn thousands(group: f64) -> String {
    let (thousands, rest) = ((group / 1e3).floor(), group % 1e3);
    match (thousands, rest) {
        (0.0, _) => plain(rest),
        (_, 0.0) => format!("{thousands}천"),
        _ => format!("{thousands}천{rest}"),
    }
}

/// The same with its hundreds in a word, if they are whole: 1천2백.
fn hundreds(group: f64) -> String {
    let (above, rest) = (group - group % 1e3, group % 1e3);
    if rest == 0.0 || rest % 1e2 != 0.0 {
        return thousands(group);
    }
    let above = if above > 0.0 { thousands(above) } else { String::new() };
    format!("{above}{}백", rest / 1e2)
}

/// True for a number of at most three decimals, as magnitudes are multiplied with.
fn is_short(count: f64) -> bool {
    let thousandths = count * 1e3;
    (thousandths - thousandths.round()).abs() < 1e-6 * count.max(1.0)
}

/// A number without commas, with at most six decimals.
fn plain(value: f64) -> String {
    let digits = format!("{value:.6}");
    digits.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn with_commas(value: f64) -> String {
    let plain = plain(value);
    let (whole, decimals) = plain.split_once('.').map_or((&*plain, None), |(w, d)| (w, Some(d)));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(decimals) = decimals {
        text.push('.');
        text.push_str(decimals);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stated(text: &str, to: Language) -> Vec<String> {
        renderings(text, to.other(), to)
            .0
            .into_iter()
            .flat_map(|number| number.renderings)
            .collect()
    }

    #[test]
    fn the_usual_rendering_of_news_comes_first() {
        for (english, korean) in [
            ("412 million", "4억1천200만"),
            ("$905.3 million", "9억530만"),
            ("1.25 trillion", "1조2천500억"),
            ("35,000", "3만5천"),
            ("17", "17"),
            ("12.4", "12.4"),
        ] {
            assert_eq!(stated(english, Language::Korean)[0], korean, "{english}");
        }
        for (korean, english) in [
            ("4억1천200만", "412 million"),
            ("1조2천500억", "1.25 trillion"),
            ("3만5천", "35,000"),
            ("17명", "17"),
            ("1천240개", "1,240"),
        ] {
            assert_eq!(stated(korean, Language::English)[0], english, "{korean}");
        }
    }

    #[test]
    fn other_notations_are_allowed_and_other_numbers_are_not() {
        let (_, all) = renderings(
            "Two of the 12,500 came at 5 p.m. in May, as in the 1980s: call 02-398. Article 5 says so.",
            Language::English,
            Language::Korean,
        );
        for allowed in [
            "2",
            "1만2천500",
            "1만2500",
            "1만 2천5백",
            "12,500",
            "12500",
            "5",
            "17",
            "80",
            "5월",
            "1980",
            "02",
            "5조",
        ] {
            assert!(all.iter().any(|text| text == allowed), "{allowed}: {all:?}");
        }
        for other in ["6월", "3", "125", "1만2천", "5만", "12"] {
            assert!(all.iter().all(|text| text != other), "{other}");
        }
    }

    proptest! {
        /// Whatever is written for a number, the check of numbers accepts it.
        #[test]
        fn a_rendering_reads_as_the_number(
            digits in 2u64..99_999, power in 0u32..9, korean in any::<bool>(),
        ) {
            let to = if korean { Language::Korean } else { Language::English };
            let text = (digits * 10u64.pow(power)).to_string();
            for rendering in stated(&text, to) {
                let (there, back) = (read(&text, to.other()), read(&rendering, to));
                prop_assert!(back.has_counterpart(&there.stated[0]), "{text} {rendering}");
                prop_assert!(there.has_counterpart(&back.stated[0]), "{text} {rendering}");
            }
        }
    }
}
