//! Line breaks within a paragraph: a space, nothing, or a hyphen that goes.
//!
//! Korean may be broken between any two syllables, and most programs draw no space at the end of a
//! line. The document itself decides: drawn spaces, lines that end where a syllable would have
//! fitted, words and pairs of syllables elsewhere. Endings of words decide the rest.

use std::collections::{HashMap, HashSet};

use super::lines::Line;
use super::syllables;

/// What a document shows about its spaces.
#[derive(Debug, Default)]
pub struct Spacing {
    /// True if wrapped lines end with a drawn space where a word ends.
    draws_spaces: bool,
    /// True if lines of Korean are broken between words alone.
    keeps_words: bool,
    words: HashSet<String>,
    /// The first syllables of its words: two to six.
    beginnings: HashSet<String>,
    /// For a pair of characters: how often they are apart, and together.
    pairs: HashMap<(char, char), (u32, u32)>,
    /// For a character: how often a space follows it, and another character.
    after: HashMap<char, (u32, u32)>,
    /// For a character: how often a space stands before it, and another character.
    before: HashMap<char, (u32, u32)>,
}

/// Where nothing else is known, a line of Korean ends within a word.
const BASE: f32 = -0.5;
/// Limit on what is counted of a document.
const MAX_CHARS: usize = 2_000_000;

impl Spacing {
    /// What all lines of a document show; `wrapped` are the pairs of lines that belong together,
    /// with the right edge of their column.
    pub fn of<'l>(
        lines: impl Iterator<Item = &'l Line>,
        wrapped: impl Iterator<Item = (&'l Line, &'l Line, f32)>,
    ) -> Self {
        let mut found = Self::default();
        let mut left = MAX_CHARS;
        for line in lines {
            let Some(rest) = left.checked_sub(line.text.len()) else { break };
            left = rest;
            found.count(&line.text);
        }
        let (mut all, mut drawn, mut korean, mut with_room) = (0, 0, 0, 0);
        for (line, next, edge) in wrapped {
            all += 1;
            drawn += usize::from(line.has_space_at_end);
            if is_hangul_break(line, next) {
                korean += 1;
                with_room += usize::from(room(line, edge) > next_width(next) + 0.4 * line.size);
            }
        }
        found.draws_spaces = drawn * 8 > all;
        found.keeps_words = with_room * 8 >= korean && with_room > 0;
        found
    }

    fn count(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        // The first and last word of a line may be parts of one.
        if let [_, inner @ .., _] = words.as_slice() {
            for word in inner.iter().map(|word| bare(word)) {
                let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
                let ends = ends.skip(1).take(5).map(|end| word[..end].to_string());
                self.beginnings.extend(ends.filter(|start| start.chars().all(is_hangul)));
                self.words.insert(word.to_string());
            }
        }
        let chars: Vec<char> = text.chars().collect();
        for window in chars.windows(2) {
            if !window[0].is_whitespace() && !window[1].is_whitespace() {
                self.pairs.entry((window[0], window[1])).or_default().1 += 1;
                self.after.entry(window[0]).or_default().1 += 1;
                self.before.entry(window[1]).or_default().1 += 1;
            }
        }
        for window in chars.windows(3) {
            if window[1] == ' ' {
                self.pairs.entry((window[0], window[2])).or_default().0 += 1;
                self.after.entry(window[0]).or_default().0 += 1;
                self.before.entry(window[2]).or_default().0 += 1;
            }
        }
    }

    /// Appends the next line to a paragraph that so far ends with `line`.
    pub fn append(&self, paragraph: &mut String, line: &Line, next: &Line, edge: f32) {
        let text = next.text.as_str();
        if self.joins_hyphen(paragraph, text) {
            paragraph.pop();
        } else if !ends_with_hyphen(paragraph) && self.is_space(paragraph, line, next, edge) {
            paragraph.push(' ');
        }
        paragraph.push_str(text);
    }

    /// True if the hyphen at the end of a line only divides a word.
    fn joins_hyphen(&self, paragraph: &str, next: &str) -> bool {
        let Some(last) = paragraph.chars().last() else { return false };
        if last == '\u{AD}' {
            return true;
        }
        let Some(stem) = paragraph.strip_suffix(['-', '\u{2010}']) else { return false };
        let head = stem.rsplit(char::is_whitespace).next().unwrap_or_default();
        let tail = next.split_whitespace().next().unwrap_or_default();
        let (head, tail) = (bare(head), bare(tail));
        if !head.ends_with(char::is_alphabetic) || !tail.starts_with(char::is_lowercase) {
            return false;
        }
        let (joined, kept) = (format!("{head}{tail}"), format!("{head}-{tail}"));
        if self.words.contains(&joined) {
            return true;
        }
        let both = self.words.contains(head) && self.words.contains(tail) && tail.len() > 3;
        !self.words.contains(&kept) && !both && !head.contains('-')
    }

    fn is_space(&self, paragraph: &str, line: &Line, next: &Line, edge: f32) -> bool {
        let (Some(last), Some(first)) = (paragraph.chars().last(), next.text.chars().next()) else {
            return false;
        };
        if line.has_space_at_end {
            return true;
        }
        if !is_east_asian(last) && !is_east_asian(first) {
            // "https://…/" and words with a dash go on.
            return !matches!(last, '—' | '/') || first.is_uppercase();
        }
        if self.draws_spaces {
            return false;
        }
        if is_ideograph(last) && is_ideograph(first) {
            return false;
        }
        if self.keeps_words || room(line, edge) > 1.05 * next_width(next) {
            return true;
        }
        self.odds(paragraph, &next.text, last, first) > 0.0
    }

    /// Logarithm of the odds that a space stands between two lines of Korean.
    fn odds(&self, paragraph: &str, next: &str, last: char, first: char) -> f32 {
        let head = paragraph.rsplit(char::is_whitespace).next().unwrap_or_default();
        let tail = next.split_whitespace().next().unwrap_or_default();
        // A sentence ends at its point, and a clause at its comma.
        if matches!(last, '.' | '?' | '!' | ',' | ';' | ':' | '…' | '·')
            && !(last == '.'
                && first.is_ascii_digit()
                && head[..head.len() - 1].ends_with(|c: char| c.is_ascii_digit()))
        {
            return if last == '·' { -1.0 } else { 1.0 };
        }
        if matches!(
            first,
            ',' | '.' | ')' | '”' | '’' | '」' | '』' | '》' | '〉' | '%' | '?' | '!'
        ) {
            return -1.0;
        }
        if matches!(last, '(' | '“' | '‘' | '「' | '『' | '《' | '〈') {
            return -1.0;
        }
        let mut odds = BASE;
        let joined = format!("{head}{tail}");
        if self.words.contains(bare(&joined)) {
            odds -= 4.0;
        }
        let syllables = head.chars().count().max(2);
        let over: String = bare(&joined).chars().take(syllables + 1).collect();
        if over.chars().count() > syllables && self.beginnings.contains(&over) {
            odds -= 2.5;
        }
        if self.words.contains(bare(head)) && head.chars().count() > 1 {
            odds += 0.8;
        }
        if self.words.contains(bare(tail)) && tail.chars().count() > 1 {
            odds += 0.8;
        }
        let (apart, together) = self.pairs.get(&(last, first)).copied().unwrap_or_default();
        odds += 2.0 * ratio(apart, together, 0.3);
        let (apart, together) = self.after.get(&last).copied().unwrap_or_default();
        odds += blend(apart, together, syllables::ends_words(last));
        let (apart, together) = self.before.get(&first).copied().unwrap_or_default();
        odds += blend(apart, together, syllables::begins_words(first));
        odds + grammar(head, tail, last, first)
    }
}

/// The odds of a count in the document, held near a grade while the count is small.
fn blend(apart: u32, together: u32, grade: f32) -> f32 {
    const WEIGHT: f32 = 6.0;
    let share = 1.0 / (1.0 + (USUAL - 0.9 * grade).exp());
    ratio_to(apart as f32 + WEIGHT * share, together as f32 + WEIGHT * (1.0 - share)) + USUAL
}

/// Logarithm of how many times more often two syllables are together than apart.
const USUAL: f32 = 0.86;

fn ratio_to(apart: f32, together: f32) -> f32 {
    (apart / together).ln()
}

fn ratio(apart: u32, together: u32, prior: f32) -> f32 {
    ((apart as f32 + prior) / (together as f32 + prior)).ln()
}

/// What the last and the first word say by themselves.
fn grammar(head: &str, tail: &str, last: char, first: char) -> f32 {
    /// Particles and endings that are no words; nothing comes before them.
    #[rustfmt::skip]
    const ENDINGS: &[&str] = &[
        "은", "는", "을", "를", "가", "에", "의", "로", "와", "과", "도", "며", "고", "에서", "에는", "에게",
        "으로", "까지", "부터", "보다", "처럼", "에도", "로는", "으로는", "이나", "라고", "이라고", "라는", "이라는",
        "다", "했다", "됐다", "한다", "된다", "였다", "었다", "았다", "이다", "하고", "하며", "하는", "하기", "하게",
        "하여", "해", "한", "할", "된", "될", "되는", "되고", "했고", "했으며", "했던", "하던", "습니다", "니다",
        "지만", "면서", "면", "서", "만", "들", "들이", "들은", "들을", "들의", "적인", "적으로", "께", "께서",
        "야", "야만", "데", "였고", "었고", "았고", "하면", "하면서", "하지", "하도록", "된다고", "한다고", "했다고",
    ];
    let bare_tail = bare(tail);
    if last.is_ascii_digit() && is_hangul(first) {
        // Units follow their number.
        return -4.0;
    }
    if is_number_part(head) && first.is_ascii_digit() {
        return -3.0;
    }
    if first.is_ascii_digit() {
        return 2.0;
    }
    let mut odds = 0.0;
    // Few syllables are a word by themselves.
    if head.chars().count() == 1 && !SHORT_WORDS.contains(last) {
        odds -= 2.5;
    }
    if ENDINGS.contains(&bare_tail) {
        odds -= 4.0;
    }
    if PARTICLES.contains(last) && head.chars().count() > 1 {
        odds += 1.0;
    }
    // "본뜬 전망대", "할 수": a verb before its noun.
    if tail_of(last).is_some_and(|tail| matches!(tail, 4 | 8)) && head.chars().count() > 1 {
        odds += if BOUND_NOUNS.iter().any(|noun| bare_tail.starts_with(noun)) { 3.0 } else { 0.8 };
    }
    if head.chars().count() >= 5 {
        odds += 0.7;
    }
    odds
}

/// Particles and endings of one syllable.
const PARTICLES: &str = "은는을를에의와과도고며서게면로";

/// Words of one syllable that begin a phrase.
const SHORT_WORDS: &str = "이그저두세네한첫각총약전및등또더못안수것때내올새제본만별단즉큰몇열";

/// Nouns that follow a verb and never begin a particle.
const BOUND_NOUNS: &[&str] =
    &["것", "수", "일", "때", "등", "뒤", "곳", "중", "후", "전", "적", "줄", "점", "데"];

/// The final consonant of a syllable by its number in Unicode: 4 is ㄴ, 8 is ㄹ.
fn tail_of(c: char) -> Option<u32> {
    is_hangul(c).then(|| (c as u32 - '가' as u32) % 28)
}

/// True for a number in digits and Korean units that may go on: "4억1천".
fn is_number_part(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with(['조', '억', '만', '천', '백'])
}

/// White space that was left at the end of a line, in points; a justified line has it in its gaps.
fn room(line: &Line, edge: f32) -> f32 {
    (edge - line.x1).max(0.0) + line.stretch
}

/// Width of what a line must take over of the next one, in points: a syllable, with the punctuation
/// that may not begin a line.
fn next_width(next: &Line) -> f32 {
    let mut chars = next.text.chars();
    match chars.next() {
        Some(first) if is_east_asian(first) => {
            let bound = chars.take_while(|c| !c.is_alphanumeric() && !c.is_whitespace()).count();
            next.size * (1.0 + 0.6 * bound as f32)
        }
        _ => f32::INFINITY,
    }
}

fn is_hangul_break(line: &Line, next: &Line) -> bool {
    line.text.ends_with(is_hangul) && next.text.starts_with(is_hangul)
}

fn is_hangul(c: char) -> bool {
    matches!(c, '가'..='힣')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}')
}

fn is_east_asian(c: char) -> bool {
    is_hangul(c)
        || matches!(c, '\u{3000}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}')
}

fn ends_with_hyphen(text: &str) -> bool {
    let mut last = text.chars().rev();
    matches!(last.next(), Some('-' | '\u{2010}' | '\u{AD}'))
        && last.next().is_some_and(char::is_alphanumeric)
}

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}
