//! Names that have changed places within a sentence: in a list, beside a title, or as the subject.
//!
//! Both languages keep the order of a list and put a title beside its name, and the particle of a
//! Korean name tells whether it is the subject. Knows nothing of the meaning of the verbs.

use super::english::{self, Unit};
use super::evidence::Korean;
use super::hangul::is_hangul;
use super::kinds::{self, REORDERED, SWAPPED};
use super::sounds::particle_length;
use crate::checks::comparison::{Comparison, Text};
use crate::document::Span;
use crate::finding::Finding;

/// Bytes of a sentence that is compared, and most of its names.
const LONGEST: usize = 900;
const MOST_NAMES: usize = 12;

/// Words that stand beside a name, and the beginnings of their Korean counterparts after it.
#[rustfmt::skip]
const TITLES: &[(&str, &[&str])] = &[
    ("president", &["대통령", "회장", "사장", "주석"]), ("minister", &["장관", "총리"]), ("secretary", &["장관"]),
    ("chancellor", &["총리"]), ("judge", &["판사"]), ("justice", &["대법관", "판사"]), ("senator", &["상원"]),
    ("mayor", &["시장"]), ("governor", &["주지사"]), ("king", &["국왕", "왕"]), ("queen", &["여왕"]),
    ("prince", &["왕자", "왕세자"]), ("pope", &["교황"]), ("professor", &["교수"]), ("coach", &["감독", "코치"]),
    ("manager", &["감독"]), ("captain", &["주장", "선장"]), ("general", &["장군"]), ("envoy", &["특사"]),
    ("ambassador", &["대사"]), ("hotel", &["호텔"]), ("university", &["대학"]), ("river", &["강"]),
    ("coast", &["해안"]), ("island", &["섬"]), ("border", &["국경"]), ("airport", &["공항"]), ("prison", &["교도소"]),
    ("government", &["정부"]), ("police", &["경찰"]), ("supporters", &["지지"]), ("fans", &["팬"]), ("army", &["군"]),
    ("forces", &["군"]), ("striker", &["공격수", "스트라이커"]), ("province", &["주", "성"]), ("peninsula", &["반도"]),
];

/// Prepositions before names that are no subject, in whichever voice the sentence is.
#[rustfmt::skip]
const PLACES: &[&str] = &[
    "in", "into", "across", "through", "near", "than", "at", "toward", "towards", "to", "on", "over", "against",
    "of", "like", "outside", "inside", "throughout",
];
/// Words between a preposition and its name.
const BEFORE_PLACES: &[&str] = &[
    "the",
    "northern",
    "southern",
    "eastern",
    "western",
    "central",
    "north",
    "south",
    "neighboring",
];

/// What stands between the names of an English list.
const SEPARATORS: &[&str] =
    &[",", ", and", "and", ", or", "or", "&", ", and the", "and the", ", the", "or the"];

/// A name in both texts of a sentence.
struct Paired {
    english: Span,
    korean: Span,
}

pub(super) fn findings(comparison: &Comparison<'_>, en: &Text<'_>, ko: &Text<'_>) -> Vec<Finding> {
    let (english, korean) = (en.sentences(), ko.sentences());
    if english.len() != korean.len() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (english, korean) in english.iter().zip(korean) {
        if english.len().max(korean.len()) > LONGEST {
            continue;
        }
        let sentence = Sentence::new(en.text, english, ko.text, korean);
        findings.extend(sentence.finding(comparison));
    }
    findings
}

struct Sentence<'t> {
    english: &'t str,
    korean: &'t str,
    /// Where the two sentences begin.
    start: (usize, usize),
    /// In the order of the English sentence.
    names: Vec<Paired>,
}

impl<'t> Sentence<'t> {
    fn new(en: &'t str, english: &Span, ko: &'t str, korean: &Span) -> Self {
        let start = (english.start, korean.start);
        let (english, korean) = (&en[english.clone()], &ko[korean.clone()]);
        let names = english::names(english, std::slice::from_ref(&(0..english.len())));
        let mut units: Vec<Unit> =
            names.iter().flat_map(|name| english::units(english, name)).take(MOST_NAMES).collect();
        // A name that stands twice may have any order.
        let is_single = |unit: &Unit| english.matches(&english[unit.span.clone()]).count() == 1;
        units.retain(is_single);
        let mut names = Vec::new();
        if units.len() > 1 {
            let text = Korean::new(korean);
            let paired = |unit: Unit| {
                let place = text.place(&unit)?;
                let is_single = korean.matches(&korean[place.clone()]).count() == 1;
                is_single.then_some(Paired { english: unit.span, korean: place })
            };
            names.extend(units.into_iter().filter_map(paired));
        }
        Self { english, korean, start, names }
    }

    /// The first two names that have changed places.
    fn finding(&self, comparison: &Comparison<'_>) -> Option<Finding> {
        let in_list = || self.names.windows(2).find(|two| self.is_reversed_list(&two[0], &two[1]));
        let pairs = || {
            let others = |one: usize| (0..self.names.len()).filter(move |other| *other != one);
            (0..self.names.len()).flat_map(move |one| others(one).map(move |other| (one, other)))
        };
        let swapped = pairs().find(|(one, other)| {
            let (one, other) = (&self.names[*one], &self.names[*other]);
            !overlap(&one.korean, &other.korean)
                && (self.has_title_of(one, other)
                    || self.is_subject_for(one, other)
                    || self.has_part_of(one, other))
        });
        let (kind, one, other) = match (swapped, in_list()) {
            (Some((one, other)), _) => (SWAPPED, &self.names[one], &self.names[other]),
            (None, Some(two)) => (REORDERED, &two[0], &two[1]),
            (None, None) => return None,
        };
        let korean =
            |name: &Paired| self.start.1 + name.korean.start..self.start.1 + name.korean.end;
        let english =
            |name: &Paired| self.start.0 + name.english.start..self.start.0 + name.english.end;
        let is_english = comparison.pair.from == crate::language::Language::English;
        let (source, output) = match is_english {
            true => (english(one), korean(one)),
            false => (korean(one), english(one)),
        };
        let words = |name: &Paired| match is_english {
            true => &self.english[name.english.clone()],
            false => &self.korean[name.korean.clone()],
        };
        let (one, other) = (words(one), words(other));
        let (_, result) = comparison.words();
        let (_, result_ko) = comparison.korean_words();
        Some(
            kinds::finding(
                kind,
                format!("'{one}' and '{other}' have changed places in the {result}"),
                format!("{result_ko}에서 자리가 바뀐 이름: '{one}', '{other}'"),
            )
            .in_source(source)
            .in_output(output)
            .value("name", one)
            .value("other", other),
        )
    }

    /// True if two neighbors in an English list are neighbors in Korean in the other order.
    fn is_reversed_list(&self, one: &Paired, other: &Paired) -> bool {
        const LONGEST: usize = 24;
        let Some(between) = self.english.get(one.english.end..other.english.start) else {
            return false;
        };
        let Some(reversed) = self.korean.get(other.korean.end..one.korean.start) else {
            return false;
        };
        let joins = |c: char| " ,·및와과나하고그리랑이".contains(c);
        // "Springfield, Illinois" is no list.
        let after = &self.english[other.english.end..];
        let goes_on = [", ", " and ", " or "].iter().any(|next| after.starts_with(next))
            || self.english[..one.english.start].ends_with(", ");
        if between.trim() == "," && !goes_on {
            return false;
        }
        SEPARATORS.contains(&between.trim())
            && reversed.len() <= LONGEST
            && reversed.chars().any(|c| c != ' ')
            && without_gloss(reversed).chars().all(joins)
    }

    /// True if a name has the title beside it in Korean that another has in English.
    fn has_title_of(&self, one: &Paired, other: &Paired) -> bool {
        let after = self.korean[one.korean.end..].strip_prefix(' ').unwrap_or_default();
        let title =
            TITLES.iter().find(|(_, korean)| korean.iter().any(|word| after.starts_with(word)));
        let Some((english, korean)) = title else { return false };
        // "Minister Olvera of Spain": 올베라 스페인 장관.
        let is_apposed = self.korean.get(other.korean.end..one.korean.start).is_some_and(is_short);
        let between = self.english.get(other.english.end..one.english.start);
        let between = between.or(self.english.get(one.english.end..other.english.start));
        if is_apposed || between.is_some_and(|between| SEPARATORS.contains(&between.trim())) {
            return false;
        }
        let once = |text: &str, word: &str| text.matches(word).count() == 1;
        let lower = self.english.to_lowercase();
        once(&lower, english)
            && korean.iter().map(|word| self.korean.matches(word).count()).sum::<usize>() == 1
            && self.is_beside(&other.english, english)
            && !self.is_beside(&one.english, english)
    }

    /// True if a word is beside a name, or joined with it: "Turkey's president", "king of Spain".
    fn is_beside(&self, name: &Span, word: &str) -> bool {
        let (before, after) = (&self.english[..name.start], &self.english[name.end..]);
        let before = before.trim_end_matches(" of ").trim_end_matches(" of the ").to_lowercase();
        let after = after.trim_start_matches("'s").trim_start_matches("’s").to_lowercase();
        let near = |words: &mut dyn Iterator<Item = &str>| {
            words.take(2).take_while(|part| !part.ends_with(',')).any(|part| part.starts_with(word))
        };
        near(&mut before.rsplit(' ').skip_while(|part| part.is_empty()))
            || near(&mut after.split(' ').skip_while(|part| part.is_empty()))
    }

    /// True if a third name belongs to one in Korean and to the other in English: "Spain's Olvera".
    fn has_part_of(&self, one: &Paired, other: &Paired) -> bool {
        const OWNER_FIRST: &[&str] = &["'s ", "’s "];
        const OWNER_LAST: &[&str] = &[" of ", " in ", ", "];
        let joins = |first: &Span, second: &Span, joints: &[&str]| {
            self.english.get(first.end..second.start).is_some_and(|joint| joints.contains(&joint))
        };
        let belong = |part: &Span, owner: &Span| {
            joins(owner, part, OWNER_FIRST) || joins(part, owner, OWNER_LAST)
        };
        self.names.iter().any(|part| {
            let between = self.korean.get(one.korean.end..part.korean.start);
            between.is_some_and(|between| matches!(between, " " | "의 "))
                && belong(&part.english, &other.english)
                && !belong(&part.english, &one.english)
                && !joins(&one.english, &part.english, &[" ", ", "])
        })
    }

    /// True if a name is the subject in English and another, which is a place there, in Korean.
    fn is_subject_for(&self, one: &Paired, other: &Paired) -> bool {
        let is_first = self.english[..one.english.start].split_whitespace().count() <= 2
            && !self.is_place(&one.english);
        let after = &self.english[one.english.end..];
        let verb = after.strip_prefix(' ').and_then(|after| after.split(' ').next());
        let is_verb = verb.is_some_and(|verb| {
            #[rustfmt::skip]
            const VERBS: &[&str] = &[
                "is", "was", "has", "had", "will", "would", "can", "could", "may", "said", "told", "met", "led", "beat",
                "won", "lost", "took", "made", "came", "went", "saw", "gave", "left", "began", "became", "also",
            ];
            VERBS.contains(&verb) || verb.ends_with("ed") || verb.ends_with('s') && verb.len() > 3
        });
        is_first
            && is_verb
            && self.is_place(&other.english)
            && self.particle(&other.korean).is_some_and(|particle| SUBJECT.contains(&particle))
            && self.particle(&one.korean).is_none_or(|particle| !SUBJECT.contains(&particle))
    }

    /// True if a name follows a preposition of place.
    fn is_place(&self, name: &Span) -> bool {
        let before = self.english[..name.start].to_lowercase();
        let mut before = before.split_whitespace().rev();
        before.find(|word| !BEFORE_PLACES.contains(word)).is_some_and(|word| PLACES.contains(&word))
    }

    /// The particles after a name; `None` if a noun follows.
    fn particle(&self, name: &Span) -> Option<&'t str> {
        let start = self.korean[..name.start]
            .rfind(|c: char| !is_hangul(c))
            .map_or(0, |at| at + self.korean[at..].chars().next().map_or(0, char::len_utf8));
        let rest = &self.korean[start..];
        let end = rest.find(|c: char| !is_hangul(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        if let Some(gloss) = rest[end..].strip_prefix('(') {
            let after = gloss.find(')').map(|at| &gloss[at + 1..])?;
            return Some(&after[..after.find(|c: char| !is_hangul(c)).unwrap_or(after.len())]);
        }
        let particle = &word[word.len() - particle_length(word)..];
        (!particle.is_empty()).then_some(particle)
    }
}

/// Particles of a subject.
const SUBJECT: &[&str] = &["은", "는", "이", "가"];

fn overlap(one: &Span, other: &Span) -> bool {
    one.start < other.end && other.start < one.end
}

/// True if little more than a space is between two names.
fn is_short(between: &str) -> bool {
    const LONGEST: usize = 9;
    between.len() <= LONGEST
}

/// A text without a gloss in brackets.
fn without_gloss(text: &str) -> String {
    match (text.find('('), text.rfind(')')) {
        (Some(from), Some(to)) if from < to => text[..from].to_string() + &text[to + 1..],
        _ => text.to_string(),
    }
}
