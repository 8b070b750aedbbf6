//! Time of imports and of look-ups in translation memories of growing size.
//!
//! ```sh
//! cargo run --release --bin memory -- SOURCES.en TRANSLATIONS.ko 10000 100000 1000000
//! ```
//!
//! Both files have a sentence on each line. A unit is made of halves of two sentences with one word
//! changed; look-ups are of the sentences themselves.

use std::error::Error;
use std::time::Instant;

use malmoi::desk::{Desk, LEAST_LIKENESS, Origin, Unit, Written};
use malmoi::{Language, LanguagePair};

/// Look-ups in each direction.
const LOOK_UPS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sources, translations, sizes @ ..] = &arguments[..] else {
        return Err("usage: memory SOURCES.en TRANSLATIONS.ko SIZE...".into());
    };
    let lines = |path: &String| -> Result<Vec<String>, Box<dyn Error>> {
        Ok(std::fs::read_to_string(path)?.lines().map(str::to_string).collect())
    };
    let (english, korean) = (lines(sources)?, lines(translations)?);
    if english.is_empty() || english.len() != korean.len() {
        return Err("the files have no lines, or not as many as each other".into());
    }
    for size in sizes {
        measure(&english, &korean, size.parse()?)?;
    }
    Ok(())
}

fn measure(english: &[String], korean: &[String], size: usize) -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("malmoi-memory-{}.db", std::process::id()));
    let desk = Desk::open(&path)?;
    let languages = LanguagePair { from: Language::English, to: Language::Korean };
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let units = (0..size).map(|_| {
        let (first, second, word) =
            (random.below(english.len()), random.below(english.len()), random.below(1 << 30));
        let [source, target] =
            [english, korean].map(|lines| mixed(&lines[first], &lines[second], word));
        Written::from(Unit::new(languages, source, target, Origin::Imported))
    });
    let began = Instant::now();
    desk.keep(units)?;
    let seconds = began.elapsed().as_secs_f64();
    desk.checkpoint()?;
    let megabytes = desk.stats()?.bytes / 1_000_000;
    println!("{size} units: imported in {seconds:.1} s, {megabytes} MB");
    let turned = LanguagePair { from: languages.to, to: languages.from };
    for (languages, lines) in [(languages, english), (turned, korean)] {
        let step = (lines.len() / LOOK_UPS).max(1);
        let mut times = Vec::new();
        for line in lines.iter().step_by(step).take(LOOK_UPS) {
            let began = Instant::now();
            desk.similar(languages, line, Origin::Imported, LEAST_LIKENESS, 5)?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        let from = languages.from.code();
        println!(
            "  {from}: median {:.2} ms, 95 % {:.2} ms, most {:.2} ms",
            at(50),
            at(95),
            at(100)
        );
    }
    drop(desk);
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        let _ = std::fs::remove_file(file);
    }
    Ok(())
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

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
