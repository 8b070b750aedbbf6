//! Time of imports and of look-ups in translation memories of growing size, and how often a look-up
//! finds what a comparison with every unit finds. One line of JSON for each size and direction,
//! which `memory.py` shows as tables and a picture.
//!
//! ```sh
//! cargo run --release --bin memory -- SOURCES.en TRANSLATIONS.ko 10000 100000 1000000
//! ```
//!
//! Both files have a sentence on each line. A unit is made of halves of two sentences with one word
//! changed; every tenth sentence is in no unit, and its nearest units are looked up. Near look-ups
//! are of units with some words replaced, left out or added. Vectors are random: their comparison
//! takes as long as that of an encoder's.

use std::error::Error;
use std::time::Instant;

use malmoi::desk::{CLOSE_LIKENESS, Desk, LEAST_LIKENESS, Match, Origin, Unit, Written};
use malmoi::internals::likeness::{NGrams, normalized, percent};
use malmoi::{Language, LanguagePair};
use serde_json::{Value, json};

/// Look-ups of each kind in each direction.
const LOOK_UPS: usize = 100;
/// Units of a look-up of the nearest.
const NEAREST: usize = 3;
/// Dimensions of vectors, as multilingual-e5-small has them.
const DIMENSIONS: usize = 384;
/// Every such line is in no unit.
const HELD_OUT: usize = 10;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sources, translations, sizes @ ..] = &arguments[..] else {
        return Err("usage: memory SOURCES.en TRANSLATIONS.ko SIZE...".into());
    };
    let lines = |path: &String| -> Result<Vec<String>, Failure> {
        Ok(std::fs::read_to_string(path)?.lines().map(normalized).collect())
    };
    let (english, korean) = (lines(sources)?, lines(translations)?);
    if english.len() < HELD_OUT || english.len() != korean.len() {
        return Err("the files have too few lines, or not as many as each other".into());
    }
    for size in sizes {
        measure(&english, &korean, size.parse()?)?;
    }
    Ok(())
}

fn measure(english: &[String], korean: &[String], size: usize) -> Result<(), Failure> {
    let path = std::env::temp_dir().join(format!("malmoi-memory-{}.db", std::process::id()));
    let desk = Desk::open(&path)?;
    let languages = LanguagePair { from: Language::English, to: Language::Korean };
    let turned = LanguagePair { from: languages.to, to: languages.from };
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let kept: Vec<usize> = (0..english.len()).filter(|line| line % HELD_OUT != 0).collect();
    let texts: Vec<[String; 2]> = (0..size)
        .map(|_| {
            let (first, second) = (random.of(&kept), random.of(&kept));
            let word = random.below(1 << 30);
            [english, korean].map(|lines| mixed(&lines[first], &lines[second], word))
        })
        .collect();
    let units = texts.iter().map(|[source, target]| {
        Written::from(Unit::new(languages, source, target, Origin::Imported))
    });
    let began = Instant::now();
    desk.keep(units)?;
    let import = began.elapsed().as_secs_f64();
    desk.checkpoint()?;
    let bytes = desk.stats()?.bytes;
    let mut rows = Vec::new();
    for (side, languages, lines) in [(0, languages, english), (1, turned, korean)] {
        let all = || texts.iter().map(|text| text[side].as_str());
        let mut row = json!({
            "units": size, "import_seconds": import, "bytes": bytes, "from": languages.from.code(),
        });
        for least in [LEAST_LIKENESS, CLOSE_LIKENESS] {
            let most = if least == CLOSE_LIKENESS { 99 } else { CLOSE_LIKENESS - 1 };
            let asked: Vec<String> = (0..LOOK_UPS)
                .map(|_| edited(&texts[random.below(size)][side], least..=most, lines, &mut random))
                .collect();
            row[least.to_string()] = near(&desk, languages, &asked, least, all)?;
        }
        let asked: Vec<&String> = lines.iter().step_by(HELD_OUT).take(LOOK_UPS).collect();
        row["nearest"] = nearest(&desk, languages, &asked, all)?;
        rows.push(row);
    }
    // Last, because the vectors are most of the file.
    let meaning = meaning(&desk, languages, &mut random)?;
    for mut row in rows {
        row["meaning"] = meaning.clone();
        println!("{row}");
    }
    drop(desk);
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}

/// Times, and the share of texts whose most similar unit was found.
fn near<'t, T: Iterator<Item = &'t str>>(
    desk: &Desk,
    languages: LanguagePair,
    asked: &[String],
    least: u8,
    all: impl Fn() -> T,
) -> Result<Value, Failure> {
    let mut best = vec![0; asked.len()];
    for unit in all() {
        for (best, text) in best.iter_mut().zip(asked) {
            *best = percent(unit, text, least.max(*best)).unwrap_or(*best);
        }
    }
    let (found, milliseconds) = looked_up(desk, languages, asked, least, 1)?;
    let hits = found
        .iter()
        .zip(&best)
        .filter(|(found, best)| found.first().map_or(0, |found| found.percent) == **best);
    let recall = hits.count() as f64 / asked.len() as f64;
    Ok(json!({"recall": recall, "milliseconds": milliseconds}))
}

/// Times; of the units that share most n-grams with each text the share that was found; and the
/// n-grams that the found ones share, in proportion.
fn nearest<'t, T: Iterator<Item = &'t str>>(
    desk: &Desk,
    languages: LanguagePair,
    asked: &[&String],
    all: impl Fn() -> T,
) -> Result<Value, Failure> {
    let ngrams: Vec<NGrams> = asked.iter().map(|text| NGrams::of(text)).collect();
    let mut best = vec![Vec::new(); asked.len()];
    for unit in all() {
        let of_unit = NGrams::of(unit);
        for (best, text) in best.iter_mut().zip(&ngrams) {
            let overlap = of_unit.overlap(text);
            let least = best.last().map_or(0.0, |(overlap, _): &(f64, &str)| *overlap);
            let is_new = !best.iter().any(|(_, other)| *other == unit);
            if is_new && (best.len() < NEAREST || overlap > least) {
                best.push((overlap, unit));
                best.sort_by(|a, b| b.0.total_cmp(&a.0));
                best.truncate(NEAREST);
            }
        }
    }
    let (found, milliseconds) = looked_up(desk, languages, asked, 0, NEAREST)?;
    let (mut hits, mut shared, mut most) = (0, 0.0, 0.0);
    for ((found, best), text) in found.iter().zip(&best).zip(&ngrams) {
        let sources = found.iter().map(|found| found.unit.source.as_str());
        let overlaps: Vec<f64> = sources.map(|source| NGrams::of(source).overlap(text)).collect();
        let last = best.last().map_or(0.0, |(overlap, _)| *overlap);
        hits += overlaps.iter().filter(|overlap| **overlap >= last).count();
        shared += overlaps.iter().sum::<f64>();
        most += best.iter().map(|(overlap, _)| overlap).sum::<f64>();
    }
    let recall = hits as f64 / (NEAREST * asked.len()) as f64;
    Ok(json!({"recall": recall, "overlap": shared / most, "milliseconds": milliseconds}))
}

/// Time of storing vectors and of looking up by them, and the size of the file with them.
fn meaning(desk: &Desk, languages: LanguagePair, random: &mut Random) -> Result<Value, Failure> {
    let mut vector = || -> Vec<f32> {
        let numbers: Vec<f32> =
            (0..DIMENSIONS).map(|_| random.below(2_001) as f32 / 1_000.0 - 1.0).collect();
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        numbers.iter().map(|number| number / length).collect()
    };
    let began = Instant::now();
    desk.index("random", &mut |_, texts| Ok(texts.iter().map(|_| vector()).collect()))?;
    let seconds = began.elapsed().as_secs_f64();
    desk.checkpoint()?;
    let mut times = Vec::new();
    for _ in 0..LOOK_UPS / 5 {
        let vector = vector();
        let began = Instant::now();
        let asked = ("random", vector.as_slice());
        desk.near_in_meaning(languages, "", asked, Origin::Imported, -1.0, NEAREST)?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let bytes = desk.stats()?.bytes;
    Ok(json!({"seconds": seconds, "milliseconds": summary(times), "bytes": bytes}))
}

/// Look-ups of texts, and the median, 95th percentile and longest time.
fn looked_up(
    desk: &Desk,
    languages: LanguagePair,
    asked: &[impl AsRef<str>],
    least: u8,
    limit: usize,
) -> Result<(Vec<Vec<Match>>, [f64; 3]), Failure> {
    let (mut found, mut times) = (Vec::new(), Vec::new());
    for text in asked {
        let began = Instant::now();
        found.push(desk.similar(languages, text.as_ref(), Origin::Imported, least, limit)?);
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok((found, summary(times)))
}

/// The median, the 95th percentile and the largest.
fn summary(mut times: Vec<f64>) -> [f64; 3] {
    times.sort_by(f64::total_cmp);
    [50, 95, 100].map(|share| times[(times.len() - 1) * share / 100])
}

/// The first half of one sentence and the second half of another, with a number after one word.
fn mixed(first: &str, second: &str, word: usize) -> String {
    let (first, second): (Vec<&str>, Vec<&str>) =
        (first.split(' ').collect(), second.split(' ').collect());
    let halves = first[..first.len() / 2].iter().chain(&second[second.len() / 2..]);
    let mut words: Vec<String> = halves.map(|word| word.to_string()).collect();
    let at = word % words.len();
    words[at] += &(word % 977).to_string();
    words.join(" ")
}

/// A text with words replaced by others, left out or added, until its likeness is in a range.
fn edited(
    text: &str,
    range: std::ops::RangeInclusive<u8>,
    lines: &[String],
    random: &mut Random,
) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    loop {
        let line = &lines[random.below(lines.len())];
        let other: Vec<&str> = line.split(' ').collect();
        let other = other[random.below(other.len())];
        let at = random.below(words.len());
        match random.below(3) {
            0 => words[at] = other,
            1 if words.len() > 1 => drop(words.remove(at)),
            _ => words.insert(at, other),
        }
        let edited = words.join(" ");
        let likeness = percent(&edited, text, 0).unwrap_or(0);
        if range.contains(&likeness) {
            return edited;
        }
        if likeness < *range.start() {
            words = text.split(' ').collect();
        }
    }
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn of(&mut self, choices: &[usize]) -> usize {
        choices[self.below(choices.len())]
    }
}
