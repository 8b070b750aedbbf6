//! Stories: the items of a digest that report the same event, in one language or two.
//!
//! Items of one language belong together if the vectors of their headlines and first sentences are
//! near; items of two languages if, besides, each is the nearest to the other. Without an encoder
//! only copies are found, by their words. Items that were published days apart are other stories.
//! Knows items and vectors; knows nothing of pages.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::result::Line;
use crate::checks::CheckOptions;
use crate::formats;
use crate::language::Language;
use crate::segment::sentences;

/// Least similarity within a language and across, chosen on `tests/fixtures/stories`.
const NEAR_WITHIN: f32 = 0.6;
const NEAR_ACROSS: f32 = 0.35;
/// Items that the mean of a language's general sentences counts as.
const GENERAL_WEIGHT: f32 = 16.0;
/// Longest time between two items of a story.
const MAX_DAYS: i64 = 3;
/// Text of an item that is compared: its headline, and sentences up to this length.
const MAX_CHARS: usize = 300;
/// Share of the shorter text's words that a copy has, and fewest words that it has.
const COPIED: f32 = 0.7;
const MIN_WORDS: usize = 6;

/// Items with those of one story beside each other, where the first of them was.
pub(super) struct Arranged {
    pub lines: Vec<Line>,
    /// For each item, the places of its story, which include its own.
    pub stories: Vec<Range<usize>>,
}

/// Finds stories. Keeps the vectors of the last items, so that each item is encoded once a run.
#[derive(Default)]
pub(super) struct StoryFinder {
    /// By the hash of an item's content; `None` if it could not be encoded.
    vectors: HashMap<String, Option<Vec<f32>>>,
}

impl StoryFinder {
    /// Arranges items; `None` if `keep_going` returns `false`. Takes the square of their number in
    /// comparisons, so the caller limits it.
    pub fn arrange(
        &mut self,
        lines: Vec<Line>,
        options: &CheckOptions,
        keep_going: &dyn Fn() -> bool,
    ) -> Option<Arranged> {
        let current: HashSet<&str> = lines.iter().map(|line| line.content.as_str()).collect();
        self.vectors.retain(|content, _| current.contains(content.as_str()));
        if let Some(encoder) = options.encoder.as_deref() {
            for line in &lines {
                if !keep_going() {
                    return None;
                }
                self.vectors.entry(line.content.clone()).or_insert_with(|| {
                    let vectors = encoder.encode(&[&beginning(line)]);
                    vectors.ok().and_then(|mut vectors| vectors.pop())
                });
            }
        }
        let vectors = self.centered(&lines, options);
        let days: Vec<Option<i64>> = lines.iter().map(day).collect();
        let words: Vec<HashSet<String>> =
            lines.iter().map(|line| words(&beginning(line))).collect();
        let is_near_in_time = |one: usize, other: usize| match (days[one], days[other]) {
            (Some(one), Some(other)) => one.abs_diff(other) <= MAX_DAYS as u64,
            _ => true,
        };
        let similarity = |one: usize, other: usize| match (&vectors[one], &vectors[other]) {
            (Some(one), Some(other)) => one.iter().zip(other).map(|(a, b)| a * b).sum(),
            _ => f32::NEG_INFINITY,
        };
        let mut groups = Groups::new(lines.len());
        let mut nearest: Vec<Option<(usize, f32)>> = vec![None; lines.len()];
        for one in 0..lines.len() {
            for other in (0..one).filter(|other| is_near_in_time(one, *other)) {
                let similar = similarity(one, other);
                if lines[one].from == lines[other].from {
                    if similar >= NEAR_WITHIN || is_copy(&words[one], &words[other]) {
                        groups.join(one, other);
                    }
                } else if similar >= NEAR_ACROSS {
                    for (of, to) in [(one, other), (other, one)] {
                        if nearest[of].is_none_or(|(_, best)| similar > best) {
                            nearest[of] = Some((to, similar));
                        }
                    }
                }
            }
        }
        for (one, near) in nearest.iter().enumerate() {
            if let Some((other, _)) = near
                && nearest[*other].is_some_and(|(back, _)| back == one)
            {
                groups.join(one, *other);
            }
        }
        Some(groups.arranged(lines))
    }

    /// The vectors of items without the mean of their language, which is that of its general
    /// sentences and of these items together.
    fn centered(&self, lines: &[Line], options: &CheckOptions) -> Vec<Option<Vec<f32>>> {
        let mut means: HashMap<&str, (Vec<f32>, f32)> = HashMap::new();
        for language in [Language::English, Language::Korean] {
            if let Some(mut mean) = options.general_mean(language) {
                mean.iter_mut().for_each(|number| *number *= GENERAL_WEIGHT);
                means.insert(language.code(), (mean, GENERAL_WEIGHT));
            }
        }
        let vector = |line: &Line| self.vectors.get(&line.content)?.as_ref();
        for line in lines {
            if let (Some(vector), Some((sum, count))) =
                (vector(line), means.get_mut(line.from.as_str()))
            {
                sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += number);
                *count += 1.0;
            }
        }
        let centered = |line: &Line| {
            let (sum, count) = means.get(line.from.as_str())?;
            let mut vector = vector(line)?.clone();
            vector.iter_mut().zip(sum).for_each(|(number, sum)| *number -= sum / count);
            let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
            vector.iter_mut().for_each(|number| *number /= length.max(f32::MIN_POSITIVE));
            Some(vector)
        };
        lines.iter().map(centered).collect()
    }
}

/// Items joined into groups, each known by its first item.
struct Groups(Vec<usize>);

impl Groups {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn first(&self, mut item: usize) -> usize {
        while self.0[item] != item {
            item = self.0[item];
        }
        item
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }

    fn arranged(&self, lines: Vec<Line>) -> Arranged {
        let mut keyed: Vec<(usize, Line)> =
            lines.into_iter().enumerate().map(|(item, line)| (self.first(item), line)).collect();
        keyed.sort_by_key(|(first, _)| *first);
        let mut stories = Vec::with_capacity(keyed.len());
        for group in keyed.chunk_by(|(one, _), (other, _)| one == other) {
            let start = stories.len();
            stories.extend(std::iter::repeat_n(start..start + group.len(), group.len()));
        }
        Arranged { lines: keyed.into_iter().map(|(_, line)| line).collect(), stories }
    }
}

/// The headline and first sentences of an item.
fn beginning(line: &Line) -> String {
    let title = line.title.as_deref().unwrap_or_default().trim();
    let body = line.source.trim();
    let body = body.strip_prefix(title).unwrap_or(body);
    let mut text = title.to_string();
    for sentence in sentences(body) {
        let (sentence, length) = (sentence.trim(), text.chars().count());
        if length > title.chars().count() && length + sentence.chars().count() > MAX_CHARS {
            break;
        }
        text.push('\n');
        text.extend(sentence.chars().take(MAX_CHARS));
    }
    text
}

fn words(text: &str) -> HashSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// True if one text has most of the other's words.
fn is_copy(one: &HashSet<String>, other: &HashSet<String>) -> bool {
    let shorter = one.len().min(other.len());
    let shared = one.intersection(other).count();
    shorter >= MIN_WORDS && shared as f32 >= COPIED * shorter as f32
}

/// The day of publication; `None` if the source gives none that can be read.
fn day(line: &Line) -> Option<i64> {
    Some(formats::date(line.published.as_deref()?)?.day())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::pairs;

    const HARBOR: &str = "The harbor of Haemin opened again on Monday.";
    const HARBOR_KO: &str = "해민 항구가 월요일에 다시 열렸다.";
    const BANK: &str = "Prosecutors charged the director of a bank with fraud.";

    fn item(from: &str, published: &str, text: &str) -> Line {
        let line = json!({
            "id": text, "version": null, "title": null, "link": null, "published": published,
            "slug": null, "input": "feed", "from": from, "to": "en", "form": "words",
            "source": text, "translation": null, "summary": null, "key": text,
            "content": format!("{from}{text}"),
        });
        serde_json::from_value(line).unwrap()
    }

    fn arrange(lines: &[Line], options: &CheckOptions) -> (Vec<String>, Vec<Range<usize>>) {
        let arranged = StoryFinder::default().arrange(lines.to_vec(), options, &|| true).unwrap();
        (arranged.lines.into_iter().map(|line| line.source).collect(), arranged.stories)
    }

    #[test]
    fn a_story_in_two_languages_stands_together() {
        let day = "2026-03-02T08:00:00+09:00";
        let lines = [item("en", day, HARBOR), item("en", day, BANK), item("ko", day, HARBOR_KO)];
        let (order, stories) = arrange(&lines, &pairs::options());
        assert_eq!(order, [HARBOR, HARBOR_KO, BANK]);
        assert_eq!(stories, [0..2, 0..2, 2..3]);
    }

    #[test]
    fn items_of_other_weeks_are_other_stories() {
        let lines = [
            item("en", "2026-03-02T08:00:00+09:00", HARBOR),
            item("ko", "2026-03-12T08:00:00+09:00", HARBOR_KO),
        ];
        assert_eq!(arrange(&lines, &pairs::options()).1, [0..1, 1..2]);
    }

    #[test]
    fn without_an_encoder_only_copies_are_found() {
        let copy = "The harbor of Haemin has opened again on Monday.";
        let lines = [
            item("en", "", HARBOR),
            item("ko", "", HARBOR_KO),
            item("en", "", BANK),
            item("en", "", copy),
        ];
        let (order, stories) = arrange(&lines, &CheckOptions::default());
        assert_eq!(order, [HARBOR, copy, HARBOR_KO, BANK]);
        assert_eq!(stories, [0..2, 0..2, 2..3, 3..4]);
        assert!(arrange(&[], &CheckOptions::default()).1.is_empty());
    }

    #[test]
    fn a_stopped_run_encodes_no_more_items() {
        let lines = vec![item("en", "", HARBOR)];
        let mut finder = StoryFinder::default();
        assert!(finder.arrange(lines.clone(), &pairs::options(), &|| false).is_none());
        assert!(finder.vectors.is_empty());
        finder.arrange(lines, &pairs::options(), &|| true).unwrap();
        assert_eq!(finder.vectors.len(), 1);
        finder.arrange(Vec::new(), &pairs::options(), &|| true).unwrap();
        assert!(finder.vectors.is_empty());
    }
}
