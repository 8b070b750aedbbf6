//! Names: replaced by others, left out, swapped.

use super::{Case, Changed, Seed};
use crate::eval::bank::Name;
use crate::eval::dice::Dice;
use crate::eval::spots::{is_whole, tidy};
use crate::language::{Language, is_hangul};

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("name_replaced", replace),
    Seed::line("name_gloss_replaced", replace_with_gloss),
    Seed::line("name_dropped", drop_one),
    Seed::line("names_swapped", swap),
];

/// Particles that a Korean name takes with it.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "에서", "에게", "으로", "은", "는", "이", "가", "을", "를", "의", "와", "과", "에", "로", "도",
];

/// First syllables of other particles and of the copula.
const ENDINGS: &[char] =
    &['까', '부', '보', '만', '입', '인', '라', '이', '에', '으', '로', '조', '씨'];

/// The names of the bank that stand in both texts; no name inside another.
fn names(case: &Case<'_>) -> Vec<Name> {
    let (english, korean) = case.english_and_korean();
    let mut found: Vec<&Name> = case
        .bank
        .names
        .iter()
        .filter(|name| {
            places(korean, &name.korean).next().is_some() && contains(english, &name.english)
        })
        .collect();
    found.sort_by_key(|name| std::cmp::Reverse(name.english.len()));
    let mut kept: Vec<Name> = Vec::new();
    for name in found {
        let is_inside = |other: &Name| {
            other.english.contains(&name.english) || other.korean.contains(&name.korean)
        };
        if !kept.iter().any(is_inside) {
            kept.push(name.clone());
        }
    }
    kept
}

/// Where a Korean text has a name as a whole word, with particles or without.
fn places<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_whole = |at: &usize| {
        let rest = &text[at + name.len()..];
        !text[..*at].chars().next_back().is_some_and(is_hangul)
            && (!rest.starts_with(is_hangul) || !ending(rest).is_empty())
    };
    text.match_indices(name).map(|(at, _)| at).filter(is_whole)
}

/// The particles that a text begins with; empty for other syllables.
fn ending(text: &str) -> &str {
    let syllables = &text[..text.find(|c| !is_hangul(c)).unwrap_or(text.len())];
    let is_particle = PARTICLES.contains(&syllables) || syllables.starts_with(ENDINGS);
    if is_particle { syllables } else { "" }
}

/// True if an English text has the name as whole words.
pub(super) fn contains(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| is_whole(text, &(at..at + name.len())))
}

/// The text with another name wherever the name stands as whole words.
pub(super) fn renamed(text: &str, old: &str, new: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(old) {
        if is_whole(text, &(at..at + old.len())) {
            words += &text[from..at];
            words += new;
            from = at + old.len();
        }
    }
    words + &text[from..]
}

/// A name of the bank with as many words, in neither text.
fn another(case: &Case<'_>, old: &Name, dice: &mut Dice) -> Option<Name> {
    let (english, korean) = case.english_and_korean();
    let words = |name: &Name| name.english.split(' ').count();
    let others: Vec<Name> = case
        .bank
        .names
        .iter()
        .filter(|name| {
            words(name) == words(old)
                && !english.contains(&name.english)
                && !korean.contains(&name.korean)
        })
        .cloned()
        .collect();
    dice.pick(&others)
}

fn replace(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let old = dice.pick(&names(case))?;
    let new = another(case, &old, dice)?;
    Some(match case.to {
        Language::English => renamed(case.output, &old.english, &new.english).into(),
        Language::Korean => {
            let with_gloss = format!("{}({})", old.korean, old.english);
            let text = case.output.replace(&with_gloss, &new.korean);
            text.replace(&old.korean, &new.korean).into()
        }
    })
}

fn replace_with_gloss(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if case.to != Language::Korean {
        return None;
    }
    let gloss = |name: &Name| format!("{}({})", name.korean, name.english);
    let found: Vec<Name> =
        names(case).into_iter().filter(|name| case.output.contains(&gloss(name))).collect();
    let old = dice.pick(&found)?;
    let new = another(case, &old, dice)?;
    Some(case.output.replace(&gloss(&old), &gloss(&new)).into())
}

fn drop_one(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let name = dice.pick(&names(case))?;
    if case.to == Language::English {
        let text = renamed(case.output, &name.english, "");
        return Some(tidy(&text.replace(" 's ", " ").replace(" ’s ", " ")).into());
    }
    // Wherever it stands, with its gloss and its particle.
    let mut text = case.output.to_string();
    let gloss = format!("({})", name.english);
    let first = |text: &str| places(text, &name.korean).next();
    while let Some(start) = first(&text) {
        let after = &text[start + name.korean.len()..];
        let glossed = after.strip_prefix(' ').unwrap_or(after).strip_prefix(&gloss);
        let rest = glossed.unwrap_or(after);
        let end = text.len() - rest.len() + ending(rest).len();
        text.replace_range(start..end, "");
    }
    Some(tidy(&text).into())
}

fn swap(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut found = names(case);
    if found.len() < 2 {
        return None;
    }
    dice.shuffle(&mut found);
    let (one, two) = (&found[0], &found[1]);
    let glossed = |name: &Name| case.output.contains(&format!("{}({})", name.korean, name.english));
    let (one, two) = match case.to {
        Language::English => (&one.english, &two.english),
        Language::Korean if glossed(one) || glossed(two) => return None,
        Language::Korean => (&one.korean, &two.korean),
    };
    let text = case.output.replace(one.as_str(), "\0").replace(two.as_str(), one);
    Some(text.replace('\0', two).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::bank::Bank;
    use crate::eval::parallel::Parallel;

    #[test]
    fn a_dropped_name_stands_nowhere_in_the_text() {
        let english = "Olvera met India's envoy. Olvera left for Indonesia.";
        let korean = "올베라(Olvera)는 인도 특사를 만났다. 올베라까지 인도네시아로 떠났다.";
        let pair = Parallel { english: english.into(), korean: korean.into() };
        let bank = Bank::new(&[vec![pair]]);
        let (sources, outputs) = (&[english][..], &[korean][..]);
        let case = Case {
            source: english,
            output: korean,
            sources,
            outputs,
            to: Language::Korean,
            bank: &bank,
        };
        let expected = "인도 특사를 만났다. 인도네시아로 떠났다.";
        let dropped = |roll| drop_one(&case, &mut Dice::new(roll)).map(|changed| changed.output);
        let found: Vec<String> = (0..20).filter_map(dropped).collect();
        assert!(found.iter().any(|text| text == expected), "{found:?}");
        let is_gone = |text: &String| !text.contains("올베라") || !text.contains("인도네시아");
        assert!(found.iter().all(is_gone), "{found:?}");
    }
}
