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
    ("a", "ㅏ ㅔ9 ㅔㅣ10 ㅓ20 ㅗ20 wㅏ20 yㅏ30 -30 ㅡ30 ㅣ40"),
    ("e", "ㅔ1 -15 ㅡ19 ㅣ20 ㅓ20 ㅣㅔ20 yㅔ20 ㅏ30"),
    ("i", "ㅣ4 ㅏㅣ4 y4 ㅡ17 -17 ㅓ30 ㅔ30"),
    ("o", "ㅗ ㅓ19 ㅏ20 ㅜ20 ㅗㅜ20 ㅡ20 wㅓ20 -30"),
    ("u", "ㅜ1 w7 ㅓ9 yㅜ10 ㅏ20 wㅣ20 ㅡ20 ㅣ30 ㅗ30 ㅔ30 -30"),
    ("y", "ㅣ2 y3 ㅏㅣ10 -20 ㅡ30"), ("aa", "ㅏ ㅗ18"), ("ae", "ㅔ2 ㅏㅔ4 ㅏㅣ14"),
    ("ai", "ㅏㅣ1 ㅔㅣ5 ㅔ6 ㅣ30"), ("au", "ㅗ1 ㅏㅜ3 ㅓ18"), ("aw", "ㅗ1 ㅏㅜ4"),
    ("ay", "ㅔㅣ1 ㅏㅣ4 ㅔ20"), ("ea", "ㅣ3 ㅔ5 ㅔㅣ6 ㅣㅏ6 ㅔㅏ8 ㅓ9 ㅣㅓ9 ㅏ20"),
    ("ee", "ㅣ ㅔ18"), ("ei", "ㅔㅣ2 ㅏㅣ3 ㅣ5"),
    ("eu", "ㅗㅣ3 yㅜ3 ㅔㅜ8 ㅡ8 ㅜ8 wㅔ20"), ("ew", "yㅜ1 ㅜ5 ㅔㅜ6"),
    ("ey", "ㅣ1 ㅔㅣ4 ㅏㅣ20"), ("ie", "ㅣㅔ2 ㅣ3 ㅏㅣ9 ㅔ18"),
    ("oa", "ㅗㅏ1 ㅗ4 wㅏ6"), ("oe", "wㅔ3 ㅗ4 ㅗㅔ8 ㅜ8 ㅔ14"),
    ("oi", "ㅗㅣ1 wㅏ6 ㅗㅔ6 wㅔ6"), ("oo", "ㅜ1 ㅗ16 ㅓ20"),
    ("ou", "ㅜ1 ㅓ6 ㅗ7 ㅏㅜ8 ㅗㅜ10"), ("ow", "ㅏㅜ2 ㅗ4 ㅗㅜ5 ㅏ18"),
    ("oy", "ㅗㅣ1 wㅏ3"), ("ue", "ㅡ2 ㅜㅔ4 wㅔ6 ㅜ7 yㅜ9 -20"),
    ("ui", "ㅣ2 ㅜㅣ4 wㅣ5 ㅡㅣ9 ㅜ20"), ("uy", "ㅏㅣ2 wㅣ3 ㅜㅣ4"),
    ("eau", "ㅗ yㅜ15"), ("eaux", "ㅗ"), ("aux", "ㅗ"), ("eo", "ㅓ3 ㅣㅗ3 ㅔㅗ5 ㅣ19"),
    ("ia", "ㅣㅏ yㅏ10 ㅏ10 ㅏㅣㅓ10"), ("io", "ㅣㅗ1 ㅏㅣㅗ6 yㅗ8 ㅓ8"),
    ("ieu", "yㅓ3 yㅗ3 ㅣㅡ3"), ("er", "ㅓ1 ㅔㄹ5 ㅓㄹ10 ㅏ20 ㅔ20"),
    ("ar", "ㅏㄹ2 ㅏ4 ㅔㄹ7 ㅓ8 ㅗ20"), ("or", "ㅗㄹ1 ㅗ3 ㅓ8"),
    ("ur", "ㅜㄹ2 ㅓ3 wㅣㄹ6"), ("ir", "ㅣㄹ1 ㅓ6 ㅏㅣㅓ10"),
    ("our", "ㅜㄹ2 ㅓ4 ㅗ4"), ("ough", "ㅗ4 ㅓㅍ4 ㅏㅜ4 ㅓ4"), ("augh", "ㅗ2 ㅏㅍ2"),
    ("igh", "ㅏㅣ"), ("eigh", "ㅔㅣ3 ㅣ3 ㅏㅣ3"), ("ij", "ㅔㅣ2 ㅏㅣ2"),
    ("tion", "ㅅyㅓㄴ3 ㅅㅓㄴ3 ㅊㅣㅗㄴ3"), ("sion", "ㅈㅓㄴ2 ㅅyㅓㄴ2"),
    ("b", "ㅂ ㅍ20 -30"), ("c", "ㅋ1 ㅅ5 ㄱ8 ㅊ20 ㅈ20 ㅌ30"),
    ("ch", "ㅊ ㅎㅣ9 ㅋ10 ㅅ10 ㅎ10 ㄱ10 ㅈ20 -30"), ("ck", "ㄱ2 ㅋ2"),
    ("d", "ㄷ ㅌ20 -20 ㅈ30"), ("dg", "ㅈ"), ("dj", "ㅈ"), ("dz", "ㅈ"),
    ("f", "ㅍ ㅎ18 ㅂ30"), ("g", "ㄱ ㅈ7 ㅋ20 ㅎ20 -30"), ("gh", "ㄱ1 -5 ㅍ30"),
    ("gl", "ㄱㄹ2 ㄹㄹ14 ㄹ14"), ("gn", "ㄴy2 ㄴ4 ㄱㄴ4"), ("h", "ㅎ2 -2"),
    ("j", "ㅈ1 y5 ㅎ6"), ("k", "ㅋ ㄱ7 ㅎ30"), ("kh", "ㅎ1 ㅋ4 ㄱ20"), ("kn", "ㄴ"),
    ("l", "ㄹ -26"), ("ll", "ㄹ y16"), ("m", "ㅁ ㄴ30"),
    ("mc", "ㅁㅔㄱ3 ㅁㅔㅋ5 ㅁㅓㅋ5 ㅁㅔ5 ㅁㅓ5"), ("n", "ㄴ ㅇ20 -27 ㅁ30"),
    ("ng", "ㅇ2 ㅇㄱ2 ㄴㄱ10 ㄴㅈ10"), ("nk", "ㅇㅋ ㅇㄱ6"), ("nc", "ㅇㅋ"),
    ("nx", "ㅇㅋㅅ2 ㅇㅅ2"), ("nh", "ㄴ1 ㄴy3"), ("lh", "ㄹy"), ("p", "ㅍ ㅂ8 -30"),
    ("ph", "ㅍ ㅂ16"), ("pf", "ㅍ"), ("q", "ㅋ1 ㅊ5 ㄱ6"), ("qu", "ㅋw2 ㅋ2"),
    ("r", "ㄹ -10 ㅓ20 ㅎ30"), ("s", "ㅅ ㅈ10 -17 ㅊ30"), ("sc", "ㅅ1 ㅅㅋ3"),
    ("sch", "ㅅ1 ㅅㅋ3"), ("sh", "ㅅ"), ("sz", "ㅅ"), ("t", "ㅌ ㄷ9 ㅊ20 -20 ㅅ30"),
    ("tch", "ㅊ"), ("th", "ㅅ1 ㅌ4 ㄷ6"), ("ts", "ㅊ1 ㅅ5 ㅌㅅ9"),
    ("tz", "ㅊ3 ㅈ3 ㅌㅅ3"), ("tsch", "ㅊ"), ("cz", "ㅊ"), ("cs", "ㅊ2 ㅋㅅ2"),
    ("v", "ㅂ ㅍ6 w20 ㅜ30"), ("w", "w1 ㅂ6 -9 ㅜ10 ㅍ20"), ("wh", "ㅎw1 w5 ㅎ5"),
    ("wr", "ㄹ"), ("x", "ㄱㅅ2 ㅅ4 ㅋㅅ9 ㅎ9 ㅈ9 ㄱㅈ9 ㅊ20 -20"),
    ("z", "ㅈ1 ㅅ3 ㅊ8"), ("zh", "ㅈ"), ("zz", "ㅈ1 ㅊ5 ㅌㅅ5"),
];

/// Sounds in the order of their codes. A tense consonant is written as the aspirated one.
const SOUNDS: &str = "ㄱㅋㄴㄷㅌㄹㅁㅂㅍㅅㅈㅊㅎㅇywㅏㅓㅗㅜㅡㅣㅔ";

type Sound = u8;
pub(super) type Cost = u16;

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
    [("ㅡ", 0), ("ㅣywㅜ", 10), ("ㅏㅓㅗㅔㄹㅎㄷ", 20), ("ㄱㅂㅇㄴ", 30)];
const INSERTED_OTHER: Cost = 40;
/// Cost of a letter that no sound stands for.
const LOST_LETTER: Cost = 40;
/// Costs of a beginning and of an end inside a word of Hangul or a syllable, and of a space inside
/// the name.
const BEGINS_INSIDE: Cost = 30;
const BEGINS_IN_SYLLABLE: Cost = 60;
const ENDS_INSIDE: Cost = 10;
const SPACE_INSIDE: Cost = 15;

/// Particles and nouns that stand right after a name.
#[rustfmt::skip]
const AFTER_NAMES: &[&str] = &[
    "은", "는", "이", "가", "을", "를", "의", "에", "도", "와", "과", "로", "으로", "만", "나", "란", "라", "씨", "측", "등", "까지",
    "부터", "께", "한테", "보다", "처럼", "였", "인", "입", "다", "여", "랑", "며", "든", "조차", "마저", "뿐", "군", "양", "주", "시", "섬",
    "산", "강", "호", "만", "해", "어", "족", "계", "당", "사", "팀", "대", "전", "후", "내", "왕", "경", "식", "제", "형", "판", "풍", "급",
    "발", "행", "산", "교", "공", "반", "항", "역", "촌", "구", "현", "성", "州",
];

/// A word without the longest of some particles; `None` if it has none of them, or if too few bytes
/// would stay.
fn without<'w>(word: &'w str, particles: &[&str], shortest: usize) -> Option<&'w str> {
    let stems = particles.iter().filter_map(|particle| word.strip_suffix(particle));
    stems.min_by_key(|stem| stem.len()).filter(|stem| stem.len() >= shortest)
}

/// Length in bytes of the particles that a word ends with; at least two syllables stay.
pub(super) fn particle_length(word: &str) -> usize {
    const TWO_SYLLABLES: usize = 6;
    word.len() - stem(word, TWO_SYLLABLES).len()
}

/// True if a text is nothing but particles.
pub(super) fn is_particles(text: &str) -> bool {
    stem(text, 0).is_empty()
}

/// A word without the particles at its end, as long as a number of bytes stay.
fn stem(word: &str, shortest: usize) -> &str {
    const AFTER_OTHERS: &[&str] = &["은", "는", "도", "만", "의", "서", "서는", "나", "라도"];
    const CASES: &[&str] = &[
        "에게", "에서", "에겐", "에선", "으로", "까지", "부터", "한테", "께서", "로", "에", "와",
        "과", "들",
    ];
    const LAST: &[&str] = &[
        "이라는",
        "이라고",
        "이라며",
        "이었다",
        "보다",
        "처럼",
        "라는",
        "라고",
        "라며",
        "였다",
        "이다",
        "이며",
        "이고",
        "이나",
        "이란",
        "마저",
        "조차",
        "마다",
        "은",
        "는",
        "이",
        "가",
        "을",
        "를",
        "의",
        "도",
        "만",
        "나",
        "란",
        "씨",
        "인",
    ];
    let is_case = |word: &&str| CASES.iter().any(|case| word.ends_with(case));
    let rest = without(word, AFTER_OTHERS, shortest).filter(is_case).unwrap_or(word);
    let rest =
        without(rest, CASES, shortest).or_else(|| without(rest, LAST, shortest)).unwrap_or(rest);
    let singular = without(rest, &["들"], shortest)
        .map(|rest| without(rest, &["인"], shortest).unwrap_or(rest));
    singular.unwrap_or(rest)
}

/// True if a text begins with what may stand right after a name.
pub(super) fn is_after_name(text: &str) -> bool {
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

/// Sounds that a word is compared with, and their places.
struct Stretch<'h> {
    sounds: &'h [Sound],
    places: &'h [(usize, Cost, Cost)],
}

impl Stretch<'_> {
    /// Cost of the spaces that a name gets inside when it continues with `heard` sounds.
    fn spaces(&self, cell: &Cell, heard: usize) -> Cost {
        let next = cell.column..cell.column + heard;
        let begins_word = |column: &usize| *column > cell.start && self.places[*column].1 == 0;
        SPACE_INSIDE * next.filter(begins_word).count() as Cost
    }
}

/// Leaves the cheapest cell of each column, and adds those that are reached by inserted sounds.
fn settle(cells: &mut Vec<Cell>, stretch: &Stretch<'_>, budget: Cost) {
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
        if let Some(sound) = stretch.sounds.get(cell.column) {
            let cost = cell.cost + TABLE.inserted[*sound as usize] + stretch.spaces(&cell, 1);
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
                    match (first, inside) {
                        (true, false) => 0,
                        (true, true) => BEGINS_INSIDE,
                        (false, _) => BEGINS_IN_SYLLABLE,
                    },
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
        let stretch = Stretch { sounds, places };
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
                settle(&mut cells, &stretch, budget);
            }
            for cell in cells {
                let mut reach = |letters: usize, heard: usize, cost: Cost| {
                    let cost = cost + stretch.spaces(&cell, heard);
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
        let found = Hangul::new(&text).find(&Spoken::new(latin), 0..text.len(), 400);
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
        let same = names.iter().filter(|(latin, korean)| close(latin, korean, 9.0)).count();
        let near = names.iter().filter(|(latin, korean)| close(latin, korean, 11.0)).count();
        let others = (0..names.len())
            .filter(|at| close(names[*at].0, names[(at + 37) % names.len()].1, 9.0))
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
            assert!(cost.is_some_and(|cost| cost <= 10 * letters), "{latin} {korean} {cost:?}");
        }
    }

    #[test]
    fn particles_are_no_part_of_a_name() {
        for (word, bare) in [
            ("헬싱키에서는", "헬싱키"),
            ("카탈루냐인들에게는", "카탈루냐"),
            ("올베라였다", "올베라"),
            ("올베라의", "올베라"),
            ("가나", "가나"),
        ] {
            assert_eq!(&word[..word.len() - particle_length(word)], bare);
        }
        assert!(is_particles("에서는") && is_particles("") && !is_particles("항구"));
    }

    #[test]
    fn chance_agreements_across_spaces_and_inside_words_cost_more() {
        let near = |text: &str| {
            let found = Hangul::new(text).find(&Spoken::new("Helsinki"), 0..text.len(), 400);
            found.map_or(Cost::MAX, |agreement| agreement.cost)
        };
        assert!(near("헬싱키") < near("헬 싱키") && near("헬싱키") < near("나헬싱키"));
    }

    #[test]
    fn an_agreement_has_its_place() {
        let text = "어제 휘트컴이 자카르타에서 말했다";
        let found = Hangul::new(text).find(&Spoken::new("Jakarta"), 0..text.len(), 20).unwrap();
        assert_eq!(&text[found.start..found.end], "자카르타");
    }
}
