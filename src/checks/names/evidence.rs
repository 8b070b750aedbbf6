//! Evidence: how near a name of one text is to the words of the other text.
//!
//! Distances are costs per letter: 0 for a certain counterpart. Texts are translated roughly in
//! order, so a name of a long text is sought around its own place only, in linear time.

use std::collections::HashSet;
use std::ops::Range;

use super::english::{Unit, Word, words};
use super::gazetteer;
use super::hangul::{Name, Sign, is_hangul};
use super::sounds::{Cost, Hangul, Spoken, is_after_name, particle_length};

/// Distances from this one on are not told apart.
pub(super) const FAR: f32 = 11.0;
/// Distances up to this one may be those of one name; other names are seldom as near.
pub(super) const NEAR: f32 = 8.5;
/// Bytes of a text around a place in which a name is sought.
const WINDOW: usize = 8_000;

/// The part of a text of some length around a place from 0 to 1; all without a place.
fn window(length: usize, place: Option<f32>) -> Range<usize> {
    let Some(place) = place else { return 0..length };
    let center = (length as f32 * place) as usize;
    center.saturating_sub(WINDOW / 2)..(center + WINDOW / 2).min(length)
}

/// The cost per letter of the cheapest agreement of a word with Hangul, up to a limit.
fn distance(hangul: &Hangul, word: &Spoken, bytes: Range<usize>, limit: f32) -> Option<f32> {
    let letters = word.letters() as f32;
    let found = hangul.find(word, bytes, (letters * limit) as Cost)?;
    Some(f32::from(found.cost) / letters)
}

/// True if a word and a Korean name agree up to a distance.
fn sounds_like(word: &Word, korean: &str, limit: f32) -> bool {
    distance(&Hangul::new(korean), &Spoken::new(&word.folded), 0..korean.len(), limit).is_some()
}

/// True if a word and a good part of a Korean name agree up to a distance.
pub(super) fn agree(word: &Word, korean: &str, limit: f32) -> bool {
    let spoken = Spoken::new(&word.folded);
    let budget = (spoken.letters() as f32 * limit) as Cost;
    let found = Hangul::new(korean).find(&spoken, 0..korean.len(), budget);
    found.is_some_and(|found| (found.end - found.start) * 2 >= korean.len())
}

/// A word without the ending of a people, a faith or a plural: "Panaman", "Sikhism", "Catalans".
fn stem(word: &str) -> Option<&str> {
    const ENDINGS: &[&str] = &[
        "nians", "nian", "ians", "ian", "ans", "an", "ese", "ish", "ism", "ists", "ist", "ites",
        "ite", "istas", "ista", "eers", "eer", "ers", "er", "esque", "phobia", "phobic", "philes",
        "phile", "land", "is", "i", "s",
    ];
    const SHORTEST: usize = 4;
    let stems = ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending));
    stems.into_iter().find(|stem| stem.len() >= SHORTEST)
}

impl Unit {
    /// True if a word may be sought by its sound: 중국 does not sound like China.
    fn sounds_like_korean(&self, word: &Word) -> bool {
        self.known.is_empty()
            || !word.common
                && self.known.iter().any(|name| name.len() > 3 && sounds_like(word, name, FAR))
    }
}

/// A Korean text, read for the search of English names.
pub(super) struct Korean<'t> {
    text: &'t str,
    /// The text without its spaces, for long names.
    joined: String,
    hangul: Hangul,
    /// Words in Latin letters, in lower case.
    latin: HashSet<String>,
}

impl<'t> Korean<'t> {
    pub fn new(text: &'t str) -> Self {
        let latin = text.split(|c: char| !c.is_alphanumeric() || ('가'..='힣').contains(&c));
        let latin = latin.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        let joined = text.split(' ').collect();
        Self { text, joined, hangul: Hangul::new(text), latin }
    }

    /// The distance of a part of a name from the nearest words around a place, or from all words.
    pub fn distance(&self, unit: &Unit, place: Option<f32>) -> f32 {
        if self.has_known(unit.known) {
            return 0.0;
        }
        // Most names are near, and the search for near ones is short.
        let words = || unit.words.iter().filter(|word| unit.sounds_like_korean(word));
        let near =
            |limit| words().find_map(|word| self.distance_of_word(&word.folded, place, limit));
        near(NEAR).or_else(|| near(FAR)).unwrap_or(FAR)
    }

    /// The bytes where a name stands that is near.
    pub fn place(&self, unit: &Unit) -> Option<Range<usize>> {
        let known = unit.known.iter().filter_map(|name| {
            let name = name.trim_matches('_');
            let at = self.text.find(name).filter(|_| name.chars().nth(1).is_some())?;
            Some(at..at + name.len())
        });
        // The longest name is the whole one: 아프가니스탄, not 아프간.
        let known = known.max_by_key(|place| place.len());
        let by_sound = || {
            let first = unit.words.iter().find(|word| unit.sounds_like_korean(word))?;
            let spoken = Spoken::new(&first.folded);
            let budget = (spoken.letters() as f32 * NEAR) as Cost;
            let found = self.hangul.find(&spoken, 0..self.text.len(), budget)?;
            // The end is that of the next syllable's beginning, which may be in the next word.
            let end = self.text[..found.end].trim_end_matches(|c: char| !is_hangul(c)).len();
            Some(found.start..end.max(found.start))
        };
        known.or_else(by_sound).filter(|place| !place.is_empty())
    }

    /// The bytes where all words of a near name stand that follow each other in the text.
    pub fn place_of_all(&self, unit: &Unit) -> Option<Range<usize>> {
        let mut place = self.place(unit)?;
        if !unit.known.is_empty() {
            return Some(place);
        }
        place.end = self.end_of_name(place.clone());
        for word in unit.words.iter().skip(1) {
            let spoken = Spoken::new(&word.folded);
            let budget = (spoken.letters() as f32 * NEAR) as Cost;
            let Some(found) = self.hangul.find(&spoken, place.end..self.text.len(), budget) else {
                continue;
            };
            if self.text[place.end..found.start].trim_matches([' ', '·']).is_empty() {
                let end = self.text[..found.end].trim_end_matches(|c: char| !is_hangul(c)).len();
                place.end = self.end_of_name(found.start..end);
            }
        }
        Some(place)
    }

    /// The end of a name with the syllable that its sounds leave open: 토마스, not 토마.
    fn end_of_name(&self, place: Range<usize>) -> usize {
        let rest = &self.text[place.end..];
        let word = &rest[..rest.find(|c| !is_hangul(c)).unwrap_or(rest.len())];
        let end = place.end + word.len();
        let stem = end - particle_length(&self.text[place.start..end]);
        let is_open = self.text.get(place.end..stem).is_some_and(|open| open.chars().count() == 1);
        if is_open && !is_after_name(word) { stem } else { place.end }
    }

    fn distance_of_word(&self, word: &str, place: Option<f32>, limit: f32) -> Option<f32> {
        /// A stem is shorter than its word and must agree better.
        const STEM: f32 = 7.5;
        const SHORTEST_PART: usize = 3;
        if self.latin.contains(word) {
            return Some(0.0);
        }
        let bytes = || window(self.text.len(), place);
        if let Some(distance) = distance(&self.hangul, &Spoken::new(word), bytes(), limit) {
            return Some(distance);
        }
        if let Some(stem) = stem(word) {
            let by_sound = || distance(&self.hangul, &Spoken::new(stem), bytes(), STEM).is_some();
            if self.has_known(gazetteer::korean(stem)) || by_sound() {
                return Some(0.0);
            }
        }
        let parts = word.split('-').filter(|part| part.len() < word.len());
        parts
            .filter(|part| part.len() >= SHORTEST_PART)
            .find_map(|part| self.distance_of_word(part, place, limit))
    }

    /// True if one of the names of the gazetteer stands in the text. `_` is the edge of a word.
    fn has_known(&self, names: &[&str]) -> bool {
        /// Bytes of a name that stands in a text without spaces by chance only seldom.
        const LONG: usize = 12;
        names.iter().any(|name| {
            if name.len() >= LONG && self.joined.contains(name) {
                return true;
            }
            // "쿡 제도" is also written "쿡 아일랜드".
            if let Some((first, _)) = name.split_once(' ')
                && self.text.split(' ').any(|word| word == first)
            {
                return true;
            }
            let bare = name.trim_matches('_');
            let (begins, ends) = (name.starts_with('_'), name.ends_with('_'));
            self.text.match_indices(bare).any(|(at, _)| {
                let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                let is_inside = begins && inside(self.text[..at].chars().next_back())
                    || ends && inside(self.text[at + bare.len()..].chars().next());
                !is_inside
            })
        })
    }
}

/// Countries that a Korean text names where an English text leaves them to the reader.
const OFTEN_ADDED: &[&str] = &["미국", "영국", "한국", "서울", "유럽", "아프리카"];

/// An English text, read for the search of Korean names.
pub(super) struct English {
    /// Its words in order, with the bytes where they begin, and whether they are capitalized.
    words: Vec<(usize, Spoken, bool)>,
    /// The text in lower case, with single spaces between its words and around it.
    plain: String,
    length: usize,
}

impl English {
    pub fn new(text: &str) -> Self {
        const SHORTEST: usize = 3;
        let mut plain = String::from(" ");
        let mut spoken = Vec::new();
        for span in words(text) {
            let is_capital = text[span.clone()].starts_with(char::is_uppercase);
            let word = text[span.clone()].to_lowercase();
            let parts = word.split('-').filter(|part| part.len() < word.len());
            for word in std::iter::once(&word[..]).chain(parts) {
                plain.push_str(word);
                plain.push(' ');
                if word.len() >= SHORTEST {
                    spoken.push((span.start, Spoken::new(word), is_capital));
                }
            }
        }
        Self { words: spoken, plain, length: text.len() }
    }

    /// The distance of a Korean name from the nearest words around a place.
    pub fn distance(&self, korean: &str, name: &Name, place: Option<f32>) -> f32 {
        let text = &korean[name.span.clone()];
        match &name.sign {
            Sign::Gloss(gloss) => {
                let gloss = &korean[gloss.clone()];
                let mut words = gloss.split(|c: char| !c.is_alphabetic());
                let found = words.any(|word| word.len() > 1 && self.has_latin(word));
                return if found || self.has_initials(gloss) { 0.0 } else { FAR };
            }
            Sign::Known(_) if OFTEN_ADDED.contains(&text) => return 0.0,
            Sign::Known(names) if self.has_any(names) => return 0.0,
            Sign::Known(_) => {}
            Sign::Foreign => {}
        }
        let whole = &korean[name.word.clone()];
        // A good part of the name must agree.
        let nearest = |limit| self.nearest(whole, text.len().div_ceil(2), place, limit);
        nearest(NEAR).or_else(|| nearest(FAR)).unwrap_or(FAR)
    }

    /// True if an article has a Korean name, wherever it stands.
    pub fn has(&self, korean: &str, name: &Name) -> bool {
        let text = &korean[name.span.clone()];
        let is_known = match &name.sign {
            Sign::Known(names) => OFTEN_ADDED.contains(&text) || self.has_any(names),
            Sign::Gloss(_) => return self.distance(korean, name, None) <= NEAR,
            Sign::Foreign => false,
        };
        is_known || self.has_most_of(text)
    }

    /// True if words of the text are most of a Korean name: 그린카드, "green card".
    fn has_most_of(&self, korean: &str) -> bool {
        const NAME: f32 = 9.0;
        const OTHER: f32 = 6.0;
        /// Bytes of a part of a name that tells something.
        const PART: usize = 6;
        let hangul = Hangul::new(korean);
        let mut found = vec![false; korean.len()];
        self.words.iter().any(|(_, word, is_capital)| {
            let limit = if *is_capital { NAME } else { OTHER };
            let budget = (word.letters() as f32 * limit) as Cost;
            let part = hangul.find(word, 0..korean.len(), budget);
            let Some(part) = part.filter(|part| part.end - part.start >= PART) else {
                return false;
            };
            found[part.start..part.end].fill(true);
            found.iter().filter(|found| **found).count() * 3 >= korean.len() * 2
        })
    }

    /// The least distance, up to a limit, of the words around a place from a Korean name, of which
    /// at least some bytes must agree.
    fn nearest(&self, korean: &str, least: usize, place: Option<f32>, limit: f32) -> Option<f32> {
        let hangul = Hangul::new(korean);
        let bytes = window(self.length, place);
        let first = self.words.partition_point(|(at, ..)| *at < bytes.start);
        let end = self.words.partition_point(|(at, ..)| *at < bytes.end);
        self.words[first..end].iter().find_map(|(_, word, _)| {
            let budget = (word.letters() as f32 * limit) as Cost;
            let found = hangul.find(word, 0..korean.len(), budget)?;
            (found.end - found.start >= least)
                .then(|| f32::from(found.cost) / word.letters() as f32)
        })
    }

    /// True if the text has one of some phrases in lower case.
    pub fn has_any(&self, phrases: &[impl std::fmt::Display]) -> bool {
        phrases.iter().any(|phrase| self.plain.contains(&format!(" {phrase} ")))
    }

    /// True if words in a row begin with the letters of an acronym, small words left out or not.
    fn has_initials(&self, acronym: &str) -> bool {
        const SMALL: &[&str] = &["of", "the", "and", "for", "on", "in", "to", "a", "de"];
        let acronym = acronym.to_lowercase();
        let whole = || self.plain.split_whitespace().filter(|word| !word.contains('-'));
        let initial = |word: &str| word.chars().next();
        let all: String = whole().filter_map(initial).collect();
        let large: String =
            whole().filter(|word| !SMALL.contains(word)).filter_map(initial).collect();
        acronym.len() > 1 && (all.contains(&acronym) || large.contains(&acronym))
    }

    /// True if a word is in the text, or one that starts like it.
    fn has_latin(&self, word: &str) -> bool {
        const SHORTEST: usize = 3;
        let word = word.to_lowercase();
        let start = word.chars().count().saturating_sub(2).max(SHORTEST);
        let start: String = word.chars().take(start).collect();
        self.plain.contains(&format!(" {start}"))
    }
}
