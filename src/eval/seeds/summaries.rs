//! Errors of summaries: claims that the article does not make.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::names::{contains, renamed};
use super::{Case, Changed, Seed, Unit};
use super::{calendar, measures, numbers, passages, polarity, quotes};
use crate::eval::dice::Dice;
use crate::eval::spots::{pattern, replaced};
use crate::language::Language;

const fn summary(name: &'static str, change: fn(&Case<'_>, &mut Dice) -> Option<Changed>) -> Seed {
    Seed::new(name, Unit::Summary, change)
}

pub(super) const SEEDS: &[Seed] = &[
    summary("summary_number_digit", numbers::digit),
    summary("summary_number_of_article_elsewhere", number_elsewhere),
    summary("summary_year_off_by_one", numbers::year),
    summary("summary_number_word", numbers::word),
    summary("summary_percent_to_points", measures::points),
    summary("summary_month", calendar::month),
    summary("summary_weekday", calendar::weekday),
    summary("summary_currency", measures::currency),
    summary("summary_name_new", name_new),
    summary("summary_name_of_article_elsewhere", name_elsewhere),
    summary("summary_attribution", attribution),
    summary("summary_quote_words_changed", quotes::words_changed),
    summary("summary_negation_lost", polarity::negation_lost),
    summary("summary_negation_added", polarity::negation_added),
    summary("summary_direction", polarity::direction),
    summary("summary_modality", polarity::modality),
    summary("summary_sentence_invented_no_number", |case, dice| {
        passages::invented(case, dice, &case.bank.without_digits(case.to))
    }),
];

/// A number is another number of the article.
fn number_elsewhere(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let span = dice.pick(&numbers::numbers(case.output))?;
    let found = numbers::numbers(case.source);
    let mut others: Vec<&str> = found.into_iter().map(|span| &case.source[span]).collect();
    others.retain(|other| !case.output.contains(other));
    Some(replaced(case.output, span, dice.pick(&others)?).into())
}

/// The names of the bank in a text, in its language.
fn names<'c>(case: &Case<'c>, text: &str, language: Language) -> Vec<[&'c str; 2]> {
    let names = case.bank.names.iter().filter(|name| match language {
        Language::English => contains(text, &name.english),
        Language::Korean => text.contains(&name.korean),
    });
    names.map(|name| [name.english.as_str(), name.korean.as_str()]).collect()
}

fn written(name: [&str; 2], language: Language) -> &str {
    name[usize::from(language == Language::Korean)]
}

fn rename(case: &Case<'_>, old: [&str; 2], new: [&str; 2]) -> Changed {
    let (old, new) = (written(old, case.to), written(new, case.to));
    match case.to {
        Language::English => renamed(case.output, old, new).into(),
        Language::Korean => case.output.replace(old, new).into(),
    }
}

/// Language of the article.
fn from(case: &Case<'_>) -> Language {
    Language::detect(case.source).unwrap_or(case.to)
}

/// The words before a verb of speech or a quotation that name who speaks.
static SPEAKERS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    let name = r"(?:[A-Z][\w.'’-]+ )*[A-Z][\w.'’-]+";
    let (hangul, said) = (r"[가-힣]+(?: [가-힣]+){0,2}", "(?:말|밝|전|덧)");
    let verbs = "said|says|told|added|insisted|warned|argued";
    [
        pattern(&format!(r"\b(?P<a>{name}) (?:{verbs})\b|\b(?:{verbs}) (?P<b>{name})")),
        pattern(&format!(
            r"(?:^|[.!?”] )(?P<a>{hangul})[은는] [^.]{{10,200}}[다라]고 {said}|[다라]고 (?P<b>{hangul})[은는이가] {said}"
        )),
    ]
});

/// Spans of the speakers in a text, without pronouns.
fn speakers(text: &str, language: Language) -> Vec<Range<usize>> {
    const PRONOUNS: &[&str] = &["He", "She", "It", "They", "We", "I", "그", "그녀"];
    let found = SPEAKERS[usize::from(language == Language::Korean)].captures_iter(text);
    let span =
        |found: regex::Captures<'_>| found.name("a").or(found.name("b")).map(|one| one.range());
    found.filter_map(span).filter(|span| !PRONOUNS.contains(&&text[span.clone()])).collect()
}

/// A statement is given to another speaker of the article.
fn attribution(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let from = from(case);
    let heard = |text: &str, language| -> Vec<String> {
        speakers(text, language).into_iter().map(|span| text[span].to_string()).collect()
    };
    let (in_source, in_output) = (heard(case.source, from), heard(case.output, case.to));
    if from == case.to {
        let span = dice.pick(&speakers(case.output, case.to))?;
        let mut others = in_source;
        others.retain(|other| {
            !in_output.iter().any(|own| own.contains(other) || other.contains(own))
        });
        return Some(replaced(case.output, span, &dice.pick(&others)?).into());
    }
    // Across languages, only names of the bank are known in both.
    let speaks = |heard: &[String], name: &[&str; 2], language| {
        heard.iter().any(|words| words.contains(written(*name, language)))
    };
    let mut own = names(case, case.output, case.to);
    own.retain(|name| speaks(&in_output, name, case.to));
    let mut others = names(case, case.source, from);
    others.retain(|name| {
        speaks(&in_source, name, from) && !case.output.contains(written(*name, case.to))
    });
    Some(rename(case, dice.pick(&own)?, dice.pick(&others)?))
}

/// A name that the article does not have.
fn name_new(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let old = dice.pick(&names(case, case.output, case.to))?;
    let words = |name: &str| name.split(' ').count();
    let others: Vec<[&str; 2]> = case
        .bank
        .names
        .iter()
        .map(|name| [name.english.as_str(), name.korean.as_str()])
        .filter(|name| {
            !name.iter().any(|name| case.source.contains(name) || case.output.contains(name))
                && words(written(*name, case.to)) == words(written(old, case.to))
        })
        .collect();
    Some(rename(case, old, dice.pick(&others)?))
}

/// A name is another name of the article.
fn name_elsewhere(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let old = dice.pick(&names(case, case.output, case.to))?;
    let mut others = names(case, case.source, from(case));
    others.retain(|name| {
        let (new, old) = (written(*name, case.to), written(old, case.to));
        !case.output.contains(new) && !old.contains(new) && !new.contains(old)
    });
    Some(rename(case, old, dice.pick(&others)?))
}
