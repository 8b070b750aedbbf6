//! Attribution: who says what a text reports.
//!
//! A statement of the output is sought among the statements of the source by its content alone. A
//! doubt needs another speaker there, and the speaker of the output elsewhere in the source: names
//! that the source does not have are left to the check of names.

mod english;
mod korean;
mod statement;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::{Comparison, Text};
use super::dictionary;
use super::lexicon::english_stem;
use super::names;
use super::spans::excerpt;
use super::support::features::{self, Claim};
use super::support::index::Index;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;
use statement::Statement;

const CHANGED: FindingKind = FindingKind::major("speaker_changed");

pub(super) const CHECK: Check = Check {
    name: "attribution",
    describe: "statements that are given to another speaker than in the source",
    kinds: &[CHANGED],
    scope: Scope::Article,
    examples: &[
        Example::found(
            CHANGED,
            "Mayor Han Seo-jin said the ferry would sail on Monday. Paul Reyes, the manager, said \
             two boats need new engines.",
            "Mayor Han Seo-jin said two boats need new engines.",
        )
        .summary(),
        Example::found(
            CHANGED,
            "교육청은 교사를 늘릴 예산이 없다고 밝혔다. 학부모회는 결정을 환영한다고 말했다.",
            "학부모회는 교사를 늘릴 예산이 없다고 말했다.",
        )
        .summary(),
        Example::fine(
            "Mayor Han Seo-jin said the ferry would sail on Monday. Paul Reyes, the manager, said \
             two boats need new engines.",
            "According to Reyes, two boats need new engines.",
        )
        .summary(),
        Example::fine(
            "교육청은 교사를 늘릴 예산이 없다고 밝혔다. 학부모회는 결정을 환영한다고 말했다.",
            "해민교육청은 교사를 늘릴 예산이 없다고 설명했다.",
        )
        .summary(),
    ],
    run,
};

/// Fewest words and numbers by which a statement is found in the source.
const MIN_CLAIMS: usize = 3;
/// Smallest coverage of a statement by the sentence of the source that it comes from.
const MIN_COVERAGE: f32 = 0.5;
/// Largest coverage, as a share of the best, by what its speaker says in the source.
const MAX_OTHER: f32 = 0.6;

/// Most statements of a text that are compared with each other.
const MAX_STATEMENTS: usize = 128;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    if comparison.pair.kind != OutputKind::Summary {
        return Vec::new();
    }
    let said = statements(&comparison.output);
    if said.is_empty() {
        return Vec::new();
    }
    let source = Source::new(comparison);
    let contents = without_speakers(&comparison.output, &said);
    let contents = Text::new(&contents, comparison.pair.to);
    let mut findings = Vec::new();
    for statement in said.iter().take(MAX_STATEMENTS) {
        let span = &comparison.output.sentences()[statement.sentence];
        let claims = features::claims(&contents, span, source.is_portable);
        if let Some(other) = source.other_speaker(comparison, statement, &claims) {
            findings.push(finding(comparison, statement, other));
        }
    }
    findings
}

fn finding(comparison: &Comparison<'_>, statement: &Statement, other: &Statement) -> Finding {
    let pair = comparison.pair;
    let (found, expected) =
        (&pair.output[statement.speaker.clone()], &pair.source[other.speaker.clone()]);
    let (original, result) = comparison.words();
    let (original_ko, result_ko) = comparison.korean_words();
    let (shown, other_shown) = (excerpt(found), excerpt(expected));
    let message = format!("'{shown}' says this in the {result}, '{other_shown}' in the {original}");
    let korean = format!("말한 사람: {result_ko} '{shown}', {original_ko} '{other_shown}'");
    CHECK
        .finding(CHANGED, message, korean)
        .in_source(other.speaker.clone())
        .in_output(statement.speaker.clone())
        .expected(expected)
        .found(found)
}

/// The statements of a text, at most one a sentence.
fn statements(text: &Text<'_>) -> Vec<Statement> {
    let found = text.sentences().iter().enumerate().filter_map(|(at, span)| {
        let sentence = &text.text[span.clone()];
        let found = match text.language {
            Language::English => english::speaker(sentence, span.start),
            Language::Korean => korean::speaker(sentence, span.start),
        };
        Some((at, found?))
    });
    statement::resolved(found)
}

/// A text with spaces in the place of its speakers, byte for byte.
fn without_speakers(text: &Text<'_>, statements: &[Statement]) -> String {
    let mut blanked = String::with_capacity(text.text.len());
    let mut at = 0;
    for Statement { speaker, .. } in statements {
        blanked.push_str(&text.text[at..speaker.start]);
        blanked.extend(std::iter::repeat_n(' ', speaker.len()));
        at = speaker.end;
    }
    blanked.push_str(&text.text[at..]);
    blanked
}

/// The statements of a source, by their contents.
struct Source {
    statements: Vec<Statement>,
    index: Index,
    is_portable: bool,
}

impl Source {
    fn new(comparison: &Comparison<'_>) -> Self {
        let source = &comparison.source;
        let statements = statements(source);
        let is_portable = source.language != comparison.output.language;
        let contents = without_speakers(source, &statements);
        let contents = Text::new(&contents, source.language);
        let features =
            source.sentences().iter().map(|span| features::of(&contents, span, is_portable));
        Self { index: Index::new(features.collect()), statements, is_portable }
    }

    fn of_sentence(&self, sentence: usize) -> Option<&Statement> {
        let at = self.statements.partition_point(|one| one.sentence < sentence);
        self.statements.get(at).filter(|one| one.sentence == sentence)
    }

    /// The statement of the source that the claims come from, if another than the speaker of the
    /// output makes it, who says something else there.
    fn other_speaker(
        &self,
        comparison: &Comparison<'_>,
        statement: &Statement,
        claims: &[Claim],
    ) -> Option<&Statement> {
        let own = Speaker::new(&comparison.output, statement, &[])?;
        if claims.len() < MIN_CLAIMS {
            return None;
        }
        let (best, coverage) = *self.index.ranked(claims).first()?;
        if coverage < MIN_COVERAGE || self.index.shared(claims, best..best + 1) < MIN_CLAIMS {
            return None;
        }
        let said = self.of_sentence(best)?;
        let speaker = Speaker::new(&comparison.source, said, &self.statements)?;
        // An office without a name may be held by the person named.
        if own.is_same(&speaker) || own.is_named() != speaker.is_named() {
            return None;
        }
        let mut is_known = false;
        for other in self.statements.iter().take(MAX_STATEMENTS) {
            let speaker = Speaker::new(&comparison.source, other, &[]);
            if speaker.is_some_and(|speaker| own.is_same(&speaker)) {
                is_known = true;
                let range = other.sentence..other.sentence + 1;
                if self.index.coverage(claims, range) > MAX_OTHER * coverage {
                    return None;
                }
            }
        }
        is_known.then_some(said)
    }
}

/// The words that name a speaker.
struct Speaker<'t> {
    words: Vec<&'t str>,
    language: Language,
}

impl<'t> Speaker<'t> {
    /// The words of a speaker that tell it from others, with those that other statements of the
    /// text give to the same speaker; `None` for "officials" and the like.
    fn new(text: &Text<'t>, statement: &Statement, others: &[Statement]) -> Option<Self> {
        let language = text.language;
        let telling = |span: &Span| match language {
            Language::English => english::telling(&text.text[span.clone()]),
            Language::Korean => korean::telling(&text.text[span.clone()]),
        };
        let mut words = telling(&statement.speaker)?;
        if let Some(earlier) = &statement.earlier {
            words.extend(telling(earlier)?);
        }
        let mut speaker = Self { words, language };
        for other in others.iter().take(MAX_OTHERS) {
            let Some(words) = telling(&other.speaker) else { continue };
            if speaker.is_same(&Self { words: words.clone(), language }) {
                speaker.words.extend(words);
            }
        }
        (!speaker.words.is_empty()).then_some(speaker)
    }

    /// True if a word is more than an office or an institution.
    fn is_named(&self) -> bool {
        self.words.iter().any(|word| match self.language {
            Language::English => word.starts_with(char::is_uppercase),
            Language::Korean => {
                let mut is_common = false;
                dictionary::of_korean(word, |_, _| is_common = true);
                !is_common
            }
        })
    }

    /// True if both may be one speaker.
    fn is_same(&self, other: &Speaker<'_>) -> bool {
        let pair = |one: &str, other: &str, languages| match languages {
            (Language::English, Language::English) => is_one_english(one, other),
            (Language::Korean, Language::Korean) => is_one_korean(one, other),
            (Language::English, Language::Korean) => is_one_across(one, other),
            (Language::Korean, Language::English) => is_one_across(other, one),
        };
        let languages = (self.language, other.language);
        self.words.iter().any(|one| other.words.iter().any(|word| pair(one, word, languages)))
    }
}

/// Most statements that are searched for other words of one speaker.
const MAX_OTHERS: usize = 64;

fn is_one_english(one: &str, other: &str) -> bool {
    english_stem(&one.to_lowercase()) == english_stem(&other.to_lowercase())
}

/// True if two words share two syllables in a row: 해민시장 and 시장.
fn is_one_korean(one: &str, other: &str) -> bool {
    let starts = one.char_indices().map(|(at, _)| &one[at..]);
    let pairs = starts.filter_map(|rest| {
        let (end, last) = rest.char_indices().nth(1)?;
        Some(&rest[..end + last.len_utf8()])
    });
    pairs.into_iter().any(|pair| other.contains(pair))
}

/// True if an English and a Korean word may name one speaker: by sound, or by a common meaning.
fn is_one_across(english: &str, korean: &str) -> bool {
    let lower = english.to_lowercase();
    let concepts = dictionary::of_english(&lower);
    let mut is_concept = false;
    dictionary::of_korean(korean, |_, concept| is_concept |= concepts.contains(&concept));
    is_concept || names::is_one_name(&lower, korean)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run as found, summary};
    use super::*;

    const ARTICLE: &str = "Mayor Anders Holm said the city would sue the waterworks over the pipe. \
        \"No letter ever reached us,\" Pia Lund of the waterworks said at a hearing on Monday. \
        Chief librarian Ilse Marten said the maps survived on the third floor.";

    #[test]
    fn another_speaker_of_the_article_is_found() {
        let wrong =
            found(&CHECK, &summary(ARTICLE, "Holm said the maps survived on the third floor."));
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(wrong[0].expected.as_deref(), Some("Chief librarian Ilse Marten"));
        assert_eq!(wrong[0].found.as_deref(), Some("Holm"));
    }

    #[test]
    fn the_same_speaker_under_another_name_is_left_alone() {
        for summary_text in [
            "Librarian Marten said the maps survived on the third floor.",
            "Officials said the maps survived on the third floor.",
            "Pia Lund told a hearing on Monday that no letter reached the waterworks.",
            "The maps survived on the third floor, Ilse Marten said.",
        ] {
            let wrong = found(&CHECK, &summary(ARTICLE, summary_text));
            assert!(wrong.is_empty(), "{summary_text} {wrong:?}");
        }
    }

    #[test]
    fn speakers_are_compared_across_languages() {
        use crate::checks::Pair;
        let across = |output| {
            let (from, to) = (Language::English, Language::Korean);
            found(&CHECK, &Pair { source: ARTICLE, output, from, to, kind: OutputKind::Summary })
        };
        assert!(across("피아 룬드는 월요일 \"편지를 받은 적이 없다\"고 말했다.").is_empty());
    }
}
