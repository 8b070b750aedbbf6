//! Sounds: how well a word in Latin letters agrees with a stretch of Hangul.
//!
//! A foreign name is written in Hangul by its sound, in whichever language it is read. Both sides
//! become sequences of sounds; a table gives the sounds that letters stand for in the languages of
//! the news, and a weighted alignment finds the cheapest reading. Knows no names.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Letters, the Korean sounds that they are written with, and the cost of each reading: 0 if none
/// is given. `w` and `y` are the glides of ㅘ and ㅑ; `-` is silence; a final ㅇ is ㅇ.
#[rustfmt::skip]
const READINGS: &[(&str, &str)] = &[
    ("a", "ㅏ ㅔ ㅓ1 ㅗ1 ㅔㅣ wㅏ1 yㅏ2 -2 ㅡ2 ㅣ3"),
    ("e", "ㅔ ㅣ1 ㅓ1 ㅡ1 ㅏ2 ㅣㅔ1 yㅔ1 -1"),
    ("i", "ㅣ ㅏㅣ y ㅓ2 ㅡ1 ㅔ2 -1"),
    ("o", "ㅗ ㅓ1 ㅏ1 ㅜ1 ㅗㅜ1 ㅡ1 wㅓ1 -2"),
    ("u", "ㅜ ㅓ ㅏ1 yㅜ wㅣ1 ㅡ1 w ㅣ2 ㅗ2 ㅔ2 -2"),
    ("y", "ㅣ ㅏㅣ y ㅡ2 -1"),
    ("aa", "ㅏ ㅗ1"), ("ae", "ㅔ ㅏㅔ ㅏㅣ1"), ("ai", "ㅏㅣ ㅔㅣ ㅔ ㅣ2"), ("au", "ㅗ ㅏㅜ ㅓ1"),
    ("aw", "ㅗ ㅏㅜ"), ("ay", "ㅔㅣ ㅏㅣ ㅔ1"), ("ea", "ㅣ ㅔ ㅔㅣ ㅓ ㅣㅏ ㅔㅏ ㅏ1 ㅣㅓ"), ("ee", "ㅣ ㅔ1"),
    ("ei", "ㅏㅣ ㅔㅣ ㅣ"), ("eu", "ㅗㅣ yㅜ ㅔㅜ ㅡ ㅜ wㅔ1"), ("ew", "yㅜ ㅜ ㅔㅜ"), ("ey", "ㅣ ㅔㅣ ㅏㅣ1"),
    ("ie", "ㅣ ㅣㅔ ㅏㅣ ㅔ1"), ("oa", "ㅗ ㅗㅏ wㅏ"), ("oe", "ㅗ wㅔ ㅗㅔ ㅜ ㅔ1"), ("oi", "wㅏ ㅗㅣ ㅗㅔ wㅔ"),
    ("oo", "ㅜ ㅗ1 ㅓ1"), ("ou", "ㅜ ㅏㅜ ㅓ ㅗ ㅗㅜ"), ("ow", "ㅗ ㅏㅜ ㅗㅜ ㅏ1"), ("oy", "ㅗㅣ wㅏ"),
    ("ue", "ㅜ ㅡ wㅔ yㅜ ㅜㅔ -1"), ("ui", "wㅣ ㅜㅣ ㅣ ㅜ1 ㅡㅣ"), ("uy", "wㅣ ㅏㅣ ㅜㅣ"), ("eau", "ㅗ yㅜ1"),
    ("eaux", "ㅗ"), ("aux", "ㅗ"), ("eo", "ㅓ ㅔㅗ ㅣㅗ ㅣ1"), ("ia", "ㅣㅏ yㅏ ㅏ ㅏㅣㅓ"),
    ("io", "ㅣㅗ yㅗ ㅓ ㅏㅣㅗ"), ("ieu", "yㅓ yㅗ ㅣㅡ"), ("er", "ㅓ ㅔㄹ ㅓㄹ ㅏ1 ㅔ1"), ("ar", "ㅏ ㅏㄹ ㅓ ㅔㄹ ㅗ1"),
    ("or", "ㅗ ㅗㄹ ㅓ"), ("ur", "ㅓ ㅜㄹ wㅣㄹ"), ("ir", "ㅓ ㅣㄹ ㅏㅣㅓ"), ("our", "ㅓ ㅗ ㅜㄹ"),
    ("ough", "ㅗ ㅓㅍ ㅏㅜ ㅓ"), ("augh", "ㅗ ㅏㅍ"), ("igh", "ㅏㅣ"), ("eigh", "ㅔㅣ ㅣ ㅏㅣ"), ("ij", "ㅔㅣ ㅏㅣ"),
    ("tion", "ㅅyㅓㄴ ㅅㅓㄴ ㅊㅣㅗㄴ"), ("sion", "ㅈㅓㄴ ㅅyㅓㄴ"),
    ("b", "ㅂ ㅍ1 -2"), ("c", "ㅋ ㄱ ㅅ ㅊ1 ㅈ1 ㅌ2"), ("ch", "ㅊ ㅋ ㅅ ㅎ ㅈ1 ㄱ ㅎㅣ -2"), ("ck", "ㄱ ㅋ"),
    ("d", "ㄷ ㅌ1 ㅈ2 -1"), ("dg", "ㅈ"), ("dj", "ㅈ"), ("dz", "ㅈ"), ("f", "ㅍ ㅎ1 ㅂ2"),
    ("g", "ㄱ ㅈ ㅋ1 ㅎ1 -2"), ("gh", "ㄱ ㅍ2 -"), ("gl", "ㄱㄹ ㄹㄹ1 ㄹ1"), ("gn", "ㄴ ㄱㄴ ㄴy"),
    ("h", "ㅎ -"), ("j", "ㅈ ㅎ y"), ("k", "ㅋ ㄱ ㅎ2"), ("kh", "ㅎ ㅋ ㄱ1"), ("kn", "ㄴ"),
    ("l", "ㄹ -2"), ("ll", "ㄹ y1"), ("m", "ㅁ ㄴ2"), ("mc", "ㅁㅔㄱ ㅁㅔㅋ ㅁㅓㅋ ㅁㅔ ㅁㅓ"), ("n", "ㄴ ㅇ1 ㅁ2 -2"),
    ("ng", "ㅇ ㅇㄱ ㄴㄱ ㄴㅈ"), ("nk", "ㅇㅋ ㅇㄱ"), ("nc", "ㅇㅋ"), ("nx", "ㅇㅋㅅ ㅇㅅ"), ("nh", "ㄴy ㄴ"), ("lh", "ㄹy"),
    ("p", "ㅍ ㅂ -2"), ("ph", "ㅍ ㅂ1"), ("pf", "ㅍ"), ("q", "ㅋ ㄱ ㅊ"), ("qu", "ㅋw ㅋ"),
    ("r", "ㄹ ㅎ2 ㅓ1 -"), ("s", "ㅅ ㅈ ㅊ2 -1"), ("sc", "ㅅㅋ ㅅ"), ("sch", "ㅅ ㅅㅋ"), ("sh", "ㅅ"), ("sz", "ㅅ"),
    ("t", "ㅌ ㄷ ㅊ1 ㅅ2 -1"), ("tch", "ㅊ"), ("th", "ㅅ ㄷ ㅌ"), ("ts", "ㅊ ㅅ ㅌㅅ"), ("tz", "ㅊ ㅈ ㅌㅅ"), ("tsch", "ㅊ"),
    ("cz", "ㅊ"), ("cs", "ㅊ ㅋㅅ"), ("v", "ㅂ ㅍ ㅜ2 w1"), ("w", "w ㅜ ㅂ ㅍ1 -"), ("wh", "w ㅎw ㅎ"), ("wr", "ㄹ"),
    ("x", "ㄱㅅ ㅋㅅ ㅅ ㅎ ㅈ ㄱㅈ ㅊ1 -1"), ("z", "ㅈ ㅅ ㅊ"), ("zh", "ㅈ"), ("zz", "ㅊ ㅈ ㅌㅅ"),
];

/// Sounds in the order of their codes. A tense consonant is written as the aspirated one.
const SOUNDS: &str = "ㄱㅋㄴㄷㅌㄹㅁㅂㅍㅅㅈㅊㅎㅇywㅏㅓㅗㅜㅡㅣㅔ";

type Sound = u8;
pub(super) type Cost = u8;

/// Sounds of the initial consonants, vowels and final consonants of Hangul, in Unicode's order.
const INITIALS: [&str; 19] = [
    "ㄱ", "ㅋ", "ㄴ", "ㄷ", "ㅌ", "ㄹ", "ㅁ", "ㅂ", "ㅍ", "ㅅ", "ㅅ", "", "ㅈ", "ㅊ", "ㅊ", "ㅋ",
    "ㅌ", "ㅍ", "ㅎ",
];
const VOWELS: [&str; 21] = [
    "ㅏ", "ㅔ", "yㅏ", "yㅔ", "ㅓ", "ㅔ", "yㅓ", "yㅔ", "ㅗ", "wㅏ", "wㅔ", "wㅔ", "yㅗ", "ㅜ",
    "wㅓ", "wㅔ", "wㅣ", "yㅜ", "ㅡ", "ㅡㅣ", "ㅣ",
];
const FINALS: [&str; 28] = [
    "", "ㄱ", "ㄱ", "ㄱ", "ㄴ", "ㄴ", "ㄴ", "ㄷ", "ㄹ", "ㄹ", "ㅁ", "ㄹ", "ㄹ", "ㄹ", "ㄹ", "ㄹ",
    "ㅁ", "ㅂ", "ㅂ", "ㄷ", "ㄷ", "ㅇ", "ㄷ", "ㄷ", "ㄱ", "ㄷ", "ㅂ", "ㄷ",
];

/// Cost of a sound of Hangul that no letter stands for: ㅡ is put between any two consonants.
const INSERTED: [(&str, Cost); 4] =
    [("ㅡ", 0), ("ㅣywㅜ", 1), ("ㅏㅓㅗㅔㄹㅎㄷ", 2), ("ㄱㅂㅇㄴ", 3)];
const INSERTED_OTHER: Cost = 4;
/// Cost of a letter that no sound stands for.
const LOST_LETTER: Cost = 4;
/// Costs of a beginning and of an end inside a word of Hangul.
const BEGINS_INSIDE: Cost = 1;
const ENDS_INSIDE: Cost = 1;

/// Particles and nouns that stand right after a name.
#[rustfmt::skip]
const AFTER_NAMES: &[&str] = &[
    "은", "는", "이", "가", "을", "를", "의", "에", "도", "와", "과", "로", "으로", "만", "나", "란", "라", "씨", "측", "등", "까지",
    "부터", "께", "한테", "보다", "처럼", "였", "인", "입", "다", "여", "랑", "며", "든", "조차", "마저", "뿐", "군", "양", "주", "시", "섬",
    "산", "강", "호", "만", "해", "어", "족", "계", "당", "사", "팀", "대", "전", "후", "내", "왕", "경", "식", "제", "형", "판", "풍", "급",
    "발", "행", "산", "교", "공", "반", "항", "역", "촌", "구", "현", "성", "州",
];

/// Length in bytes of the particle that a word ends with; at least two syllables stay.
pub(super) fn particle_length(word: &str) -> usize {
    const PARTICLES: &[&str] = &[
        "에서는",
        "에서의",
        "으로는",
        "에게서",
        "에서도",
        "이라는",
        "이라고",
        "에서",
        "에게",
        "에는",
        "에도",
        "으로",
        "까지",
        "부터",
        "보다",
        "처럼",
        "라는",
        "라고",
        "이나",
        "이란",
        "과의",
        "와의",
        "로는",
        "로서",
        "한테",
        "께서",
        "들은",
        "들이",
        "들의",
        "들을",
        "들에",
        "들",
        "은",
        "는",
        "이",
        "가",
        "을",
        "를",
        "의",
        "에",
        "도",
        "와",
        "과",
        "로",
        "만",
        "나",
        "란",
        "씨",
        "인",
    ];
    PARTICLES
        .iter()
        .find(|particle| {
            word.ends_with(*particle)
                && (word.len() == particle.len() || word.len() >= particle.len() + 6)
        })
        .map_or(0, |particle| particle.len())
}

/// True if a text begins with what may stand right after a name.
fn is_after_name(text: &str) -> bool {
    AFTER_NAMES.iter().any(|after| text.starts_with(after))
}

struct Table {
    readings: HashMap<&'static str, Vec<(Vec<Sound>, Cost)>>,
    inserted: Vec<Cost>,
    initials: Vec<Vec<Sound>>,
    vowels: Vec<Vec<Sound>>,
    finals: Vec<Vec<Sound>>,
}

fn coded(sounds: &str) -> Vec<Sound> {
    let code = |sound| SOUNDS.chars().position(|other| other == sound);
    sounds.chars().filter_map(code).map(|code| code as Sound).collect()
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let reading = |text: &str| {
        let sounds = text.trim_end_matches(|c: char| c.is_ascii_digit());
        (coded(sounds), text[sounds.len()..].parse().unwrap_or(0))
    };
    let all = |texts: &[&str]| texts.iter().map(|text| coded(text)).collect();
    let inserted = SOUNDS.chars().map(|sound| {
        let known = INSERTED.iter().find(|(sounds, _)| sounds.contains(sound));
        known.map_or(INSERTED_OTHER, |(_, cost)| *cost)
    });
    Table {
        readings: READINGS
            .iter()
            .map(|(letters, texts)| (*letters, texts.split(' ').map(reading).collect()))
            .collect(),
        inserted: inserted.collect(),
        initials: all(&INITIALS),
        vowels: all(&VOWELS),
        finals: all(&FINALS),
    }
});

/// A word in Latin letters, as the readings of its letters.
pub(super) struct Spoken {
    /// For each letter the readings that begin there: letters, sounds, cost.
    readings: Vec<Vec<(usize, &'static [Sound], Cost)>>,
    /// For each letter the sounds that it may be part of, as bits; all bits if it may be silent.
    possible: Vec<u32>,
}

/// The sounds as bits.
fn bits(sounds: &[Sound]) -> u32 {
    sounds.iter().fold(0, |bits, sound| bits | 1 << sound)
}

impl Spoken {
    /// Reads a word; signs and letters of other scripts are left out, doubled letters are one.
    pub fn new(word: &str) -> Self {
        const LONGEST: usize = 4;
        let mut letters = String::new();
        for letter in word.chars().flat_map(plain) {
            let doubled = letters.ends_with(letter) && !"elzaoc".contains(letter);
            if !doubled {
                letters.push(letter);
            }
        }
        let table: &'static Table = &TABLE;
        let readings: Vec<Vec<_>> = (0..letters.len())
            .map(|at| {
                let ends = at + 1..=letters.len().min(at + LONGEST);
                let known = ends.filter_map(|end| table.readings.get_key_value(&letters[at..end]));
                known
                    .flat_map(|(letters, readings)| {
                        let length = letters.len();
                        readings.iter().map(move |(sounds, cost)| (length, &sounds[..], *cost))
                    })
                    .collect()
            })
            .collect();
        let mut possible = vec![0; readings.len()];
        for (at, reading) in readings.iter().enumerate() {
            for (length, sounds, _) in reading {
                let sounds = if sounds.is_empty() { u32::MAX } else { bits(sounds) };
                possible[at..at + length].iter_mut().for_each(|bits| *bits |= sounds);
            }
        }
        Self { readings, possible }
    }

    /// The least cost of an agreement with a stretch that has only some sounds.
    fn least_cost(&self, sounds: u32) -> usize {
        let lost = self.possible.iter().filter(|possible| **possible & sounds == 0).count();
        lost * usize::from(LOST_LETTER)
    }

    /// Number of letters.
    pub fn letters(&self) -> usize {
        self.readings.len()
    }
}

/// A letter without its accent, in lower case; nothing for other characters.
fn plain(letter: char) -> impl Iterator<Item = char> {
    use unicode_normalization::UnicodeNormalization;
    let special = match letter.to_lowercase().next().unwrap_or(letter) {
        'ß' => "ss",
        'ø' | 'ö' | 'œ' => "oe",
        'ü' => "ue",
        'ä' | 'æ' => "ae",
        'å' => "o",
        'ł' => "w",
        'đ' => "d",
        'ı' => "i",
        _ => "",
    };
    let simple = special.is_empty().then(|| letter.to_lowercase().nfd());
    special.chars().chain(simple.into_iter().flatten().filter(char::is_ascii_lowercase))
}

/// Hangul as sounds, with the places of its syllables.
#[derive(Default)]
pub(super) struct Hangul {
    sounds: Vec<Sound>,
    /// For each sound, and for the end: the byte of its syllable, and the costs of a name that
    /// begins or ends there.
    places: Vec<(usize, Cost, Cost)>,
}

/// A stretch of Hangul that a word agrees with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreement {
    pub cost: Cost,
    /// Bytes of the text from the first syllable to the end of the last one.
    pub start: usize,
    pub end: usize,
}

/// A state of an alignment: sounds heard, cost so far, and the sound where it began.
#[derive(Debug, Clone, Copy)]
struct Cell {
    column: usize,
    cost: Cost,
    start: usize,
}

/// Leaves the cheapest cell of each column, and adds those that are reached by inserted sounds.
fn settle(cells: &mut Vec<Cell>, sounds: &[Sound], budget: Cost) {
    cells.sort_unstable_by_key(|cell| (cell.column, cell.cost, cell.start));
    let mut settled: Vec<Cell> = Vec::with_capacity(cells.len());
    let mut inserted: Option<Cell> = None;
    let mut rest = cells.iter().copied().peekable();
    loop {
        let next = match (rest.peek(), inserted) {
            (Some(cell), Some(other)) if (other.column, other.cost) < (cell.column, cell.cost) => {
                inserted.take()
            }
            (Some(_), _) => rest.next(),
            (None, _) => inserted.take(),
        };
        let Some(cell) = next else { break };
        if settled.last().is_some_and(|last| last.column == cell.column) {
            continue;
        }
        settled.push(cell);
        if let Some(sound) = sounds.get(cell.column) {
            let cost = cell.cost + TABLE.inserted[*sound as usize];
            let reached = Cell { column: cell.column + 1, cost, ..cell };
            inserted = (cost <= budget).then_some(reached);
        }
    }
    *cells = settled;
}

impl Hangul {
    pub fn new(text: &str) -> Self {
        let mut hangul = Self::default();
        let mut inside = false;
        let mut end = 0;
        for (at, c) in text.char_indices() {
            let Some(index) = (c as u32).checked_sub('가' as u32).filter(|index| *index < 11172)
            else {
                inside = false;
                continue;
            };
            let index = index as usize;
            let parts = [
                &TABLE.initials[index / 588],
                &TABLE.vowels[index % 588 / 28],
                &TABLE.finals[index % 28],
            ];
            for sound in parts.into_iter().flatten() {
                // A doubled ㄹ, ㄴ or ㅁ is one sound.
                if hangul.sounds.last() == Some(sound) && inside {
                    continue;
                }
                hangul.sounds.push(*sound);
                let first = hangul.places.last().is_none_or(|(last, ..)| *last != at);
                let ends = first && (!inside || is_after_name(&text[at..]));
                hangul.places.push((
                    at,
                    if inside { BEGINS_INSIDE } else { 0 },
                    if ends { 0 } else { ENDS_INSIDE },
                ));
            }
            inside = true;
            end = at + c.len_utf8();
        }
        hangul.places.push((end, 0, 0));
        hangul
    }

    /// Sounds of the syllables in a stretch of bytes.
    fn range(&self, bytes: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let sounds = &self.places[..self.sounds.len()];
        let first = sounds.partition_point(|(at, ..)| *at < bytes.start);
        first..sounds.partition_point(|(at, ..)| *at < bytes.end).max(first)
    }

    /// The cheapest agreement of a word with a stretch of Hangul inside `bytes`, if it costs at
    /// most `budget`.
    pub fn find(
        &self,
        word: &Spoken,
        bytes: std::ops::Range<usize>,
        budget: Cost,
    ) -> Option<Agreement> {
        let range = self.range(bytes);
        let sounds = &self.sounds[range.clone()];
        let places = &self.places[range.start..=range.end];
        if word.letters() == 0 || word.least_cost(bits(sounds)) > usize::from(budget) {
            return None;
        }
        // For each number of letters read the live cells: column, cost, column of the start.
        let mut rows: Vec<Vec<Cell>> = vec![Vec::new(); word.letters() + 1];
        let first = word.readings[0].iter().fold(0, |bits, (_, heard, _)| {
            bits | heard.first().map_or(u32::MAX, |sound| 1 << sound)
        });
        let starts = places.iter().zip(sounds).enumerate();
        rows[0].extend(starts.filter_map(|(column, (place, sound))| {
            let possible = place.1 <= budget && 1 << sound & first != 0;
            possible.then_some(Cell { column, cost: place.1, start: column })
        }));
        for row in 0..word.letters() {
            let mut cells = std::mem::take(&mut rows[row]);
            if row > 0 {
                settle(&mut cells, sounds, budget);
            }
            for cell in cells {
                let mut reach = |letters: usize, heard: usize, cost: Cost| {
                    if cell.cost + cost <= budget {
                        let (column, cost) = (cell.column + heard, cell.cost + cost);
                        rows[row + letters].push(Cell { column, cost, ..cell });
                    }
                };
                if row > 0 {
                    reach(1, 0, LOST_LETTER);
                }
                for (letters, heard, cost) in &word.readings[row] {
                    if sounds[cell.column..].starts_with(heard) {
                        reach(*letters, heard.len(), *cost);
                    }
                }
            }
        }
        let ends =
            rows[word.letters()].iter().map(|cell| (cell.cost + places[cell.column].2, cell));
        let (cost, cell) = ends.min_by_key(|(cost, cell)| (*cost, cell.start, cell.column))?;
        (cost <= budget).then(|| Agreement {
            cost,
            start: places[cell.start].0,
            end: places[cell.column].0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(latin: &str, korean: &str) -> Option<Cost> {
        let text = format!("그리고 {korean}가 왔다");
        let found = Hangul::new(&text).find(&Spoken::new(latin), 0..text.len(), 40);
        found.map(|agreement| agreement.cost)
    }

    /// Names of many languages in their usual Korean spelling.
    const NAMES: &str = include_str!("data/spellings.tsv");

    #[test]
    fn names_agree_with_their_spelling_and_not_with_others() {
        let names: Vec<_> = NAMES.lines().filter_map(|line| line.split_once('\t')).collect();
        let close = |latin: &str, korean: &str, tolerance: f32| {
            let budget = Spoken::new(latin).letters() as f32 * tolerance;
            cost(latin, korean).is_some_and(|cost| f32::from(cost) <= budget)
        };
        let same = names.iter().filter(|(latin, korean)| close(latin, korean, 0.4)).count();
        let near = names.iter().filter(|(latin, korean)| close(latin, korean, 0.55)).count();
        let others = (0..names.len())
            .filter(|at| close(names[*at].0, names[(at + 37) % names.len()].1, 0.4))
            .count();
        let percent = |count: usize| 100 * count / names.len();
        assert!(names.len() > 400);
        let result = (percent(same), percent(near), percent(others));
        assert!(result.0 >= 95 && result.1 >= 97 && result.2 <= 3, "{result:?}");
    }

    #[test]
    fn korean_names_agree_in_the_usual_romanizations() {
        for (latin, korean) in [
            ("Seo-jin", "서진"),
            ("Seojin", "서진"),
            ("Moon", "문"),
            ("Yoon", "윤"),
            ("Kim", "김"),
            ("Jeong", "정"),
            ("Chung", "정"),
            ("Jung", "정"),
            ("Choi", "최"),
            ("Park", "박"),
            ("Busan", "부산"),
            ("Pusan", "부산"),
            ("Jeju", "제주"),
            ("Haemin", "해민"),
            ("Woo", "우"),
            ("Hyun", "현"),
            ("Gyeong", "경"),
            ("Kyung", "경"),
            ("Suk-yeol", "석열"),
            ("Geun-hye", "근혜"),
        ] {
            let cost = cost(latin, korean);
            let letters = Spoken::new(latin).letters() as Cost;
            assert!(cost.is_some_and(|cost| 2 * cost <= letters), "{latin} {korean} {cost:?}");
        }
    }

    #[test]
    fn an_agreement_has_its_place() {
        let text = "어제 휘트컴이 자카르타에서 말했다";
        let found = Hangul::new(text).find(&Spoken::new("Jakarta"), 0..text.len(), 2).unwrap();
        assert_eq!(&text[found.start..found.end], "자카르타");
    }
}
