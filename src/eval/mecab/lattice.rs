//! The cheapest way to split a line (Viterbi), among all words that may begin at each place.
//!
//! Of ways with equal costs the one that MeCab takes is taken: words are tried from the last one
//! that was found to the first.

use super::categories::Class;
use super::dictionary::Mecab;
use super::lexicon::MOST;
use super::morpheme::Morpheme;
use crate::eval::metric::is_space;

/// Characters after the first of a run that is still one unknown word.
const LONGEST_RUN: usize = 24;

/// A character of the line.
struct Place {
    /// Where it starts, in bytes.
    start: usize,
    class: Class,
    /// The place after the run of characters that each have a category of the one before.
    run_end: usize,
}

/// A word on the cheapest way to its end.
struct Node<'t> {
    word: &'t str,
    right: u16,
    cost: i64,
    before: usize,
}

/// A word that may follow.
struct Candidate {
    /// Its first character and the one after its last.
    from: usize,
    to: usize,
    morpheme: Morpheme,
}

impl Mecab {
    /// The morphemes of a line, without the white space between them.
    pub fn tokens<'t>(&self, line: &'t str) -> Vec<&'t str> {
        cheapest(self, line.trim_matches(is_space))
    }
}

fn cheapest<'t>(mecab: &Mecab, line: &'t str) -> Vec<&'t str> {
    let places = places(mecab, line);
    let byte = |place: usize| places.get(place).map_or(line.len(), |place| place.start);
    let mut nodes = vec![Node { word: "", right: 0, cost: 0, before: 0 }];
    // The nodes that end at each place.
    let mut ends: Vec<Vec<usize>> = vec![Vec::new(); places.len() + 1];
    ends[0].push(0);
    for at in 0..places.len() {
        if ends[at].is_empty() {
            continue;
        }
        for candidate in candidates(mecab, line, &places, at).iter().rev() {
            let Candidate { from, to, morpheme } = candidate;
            let own = i64::from(morpheme.cost)
                + if *from > at { mecab.costs.after_space(morpheme) } else { 0 };
            let (before, cost) = best_before(mecab, &nodes, &ends[at], morpheme.left);
            let word = line.get(byte(*from)..byte(*to)).unwrap_or_default();
            ends[*to].push(nodes.len());
            nodes.push(Node { word, right: morpheme.right, cost: cost + own, before });
        }
    }
    let Some(last) = ends.iter().rev().find(|ends| !ends.is_empty()) else { return Vec::new() };
    let (mut at, _) = best_before(mecab, &nodes, last, 0);
    let mut words = Vec::new();
    while at != 0 {
        words.push(nodes[at].word);
        at = nodes[at].before;
    }
    words.reverse();
    words
}

/// The node before a word with this left context, and the cost with it.
fn best_before(mecab: &Mecab, nodes: &[Node<'_>], ends: &[usize], left: u16) -> (usize, i64) {
    let cost = |index: &usize| {
        let node = &nodes[*index];
        (*index, node.cost + mecab.costs.neighbors(node.right, left))
    };
    ends.iter().rev().map(cost).min_by_key(|(_, cost)| *cost).unwrap_or((0, 0))
}

fn places(mecab: &Mecab, line: &str) -> Vec<Place> {
    let of = |(start, c)| Place { start, class: mecab.categories.of(c), run_end: 0 };
    let mut places: Vec<Place> = line.char_indices().map(of).collect();
    for at in (0..places.len()).rev() {
        let next = places.get(at + 1);
        let goes_on = next.filter(|next| places[at].class.is_kind_of(next.class));
        places[at].run_end = goes_on.map_or(at + 1, |next| next.run_end);
    }
    places
}

/// The words that may follow at a place, after spaces: those of the dictionary, else unknown ones;
/// at most [`MOST`], so that the time for a line is bounded whatever a dictionary holds.
fn candidates(mecab: &Mecab, line: &str, places: &[Place], at: usize) -> Vec<Candidate> {
    let mut found = all_candidates(mecab, line, places, at);
    found.truncate(MOST);
    found
}

fn all_candidates(mecab: &Mecab, line: &str, places: &[Place], at: usize) -> Vec<Candidate> {
    let mut found = Vec::new();
    let space = mecab.categories.of(' ');
    let from = if space.is_kind_of(places[at].class) { places[at].run_end } else { at };
    let Some(Place { start, class, run_end }) = places.get(from) else { return found };
    mecab.words.prefixes(&line.as_bytes()[*start..], |length, morpheme| {
        // A damaged dictionary may have words that end within a character.
        let end = start + length;
        let to = places[from..].binary_search_by_key(&end, |place| place.start);
        let to =
            to.map_or_else(|_| (end == line.len()).then_some(places.len()), |to| Some(from + to));
        found.extend(to.map(|to| Candidate { from, to, morpheme }));
    });
    if !found.is_empty() && !class.is_always_tried() {
        return found;
    }
    let unknown = mecab.unknown.get(class.category()).map_or(&[][..], Vec::as_slice);
    let mut add = |to: usize| {
        found.extend(unknown.iter().map(|morpheme| Candidate { from, to, morpheme: *morpheme }));
    };
    let first = from + 1;
    if class.is_grouped() && run_end - first <= LONGEST_RUN {
        add(*run_end);
    }
    for to in first..first + class.longest() {
        if class.is_grouped() && to == *run_end {
            break;
        }
        add(to);
        if !places.get(to).is_some_and(|place| class.is_kind_of(place.class)) {
            break;
        }
    }
    if found.is_empty() {
        let unknown = unknown.iter();
        found.extend(unknown.map(|morpheme| Candidate { from, to: first, morpheme: *morpheme }));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Files;
    use super::*;

    /// A dictionary with these units of a trie and 255 morphemes.
    fn dictionary(kind: u32, units: &[(i32, u32)]) -> Vec<u8> {
        let morphemes = [0; 255 * 16];
        let size = (72 + 8 * units.len() + morphemes.len()) as u32;
        let mut numbers = [0; 10];
        numbers[..3].copy_from_slice(&[size ^ 0xEF71_8F77, 102, kind]);
        numbers[6..8].copy_from_slice(&[8 * units.len() as u32, morphemes.len() as u32]);
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        bytes.extend(b"UTF-8");
        bytes.resize(72, 0);
        for (base, check) in units {
            bytes.extend(base.to_le_bytes());
            bytes.extend(check.to_le_bytes());
        }
        bytes.extend(morphemes);
        bytes
    }

    #[test]
    fn words_at_a_place_are_bounded_although_a_trie_runs_in_circles() {
        // Each "a" leads back to the first unit, whose word has all morphemes.
        let mut units = vec![(0, u32::MAX); 100];
        units[0] = (1, 0);
        units[1] = (-256, 1);
        units[1 + usize::from(b'a') + 1] = (1, 1);
        let mut categories = 1u32.to_le_bytes().to_vec();
        categories.resize(4 + 32 + 4 * 0xFFFF, 0);
        let files = Files {
            words: Box::new(dictionary(0, &units)),
            unknown: Box::new(dictionary(2, &units[..1])),
            categories: Box::new(categories),
            matrix: Box::new([1u8, 0, 1, 0, 0, 0]),
            settings: String::new(),
        };
        let mecab = Mecab::read(files, Path::new("dictionary")).unwrap();
        let line = "a".repeat(2000);
        let found = candidates(&mecab, &line, &places(&mecab, &line), 0);
        assert_eq!(found.len(), 512);
        assert_eq!(mecab.tokens(&line[..40]).concat().len(), 40);
    }
}
