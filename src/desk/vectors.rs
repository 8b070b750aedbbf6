//! Vectors of units, by which those are found that mean the same in other words. An encoder, which
//! this module does not know, makes them; they are kept by its name, rounded to 8 bits.

use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension, params};

use super::lookup::{Match, compare, distinct};
use super::unit::Origin;
use super::{COLUMNS, Desk, HAS_WORDS, unit};
use crate::error::Result;
use crate::language::{Language, LanguagePair};
use crate::likeness::{self, NGrams};

/// Texts that are encoded at once.
const BATCH: usize = 64;
/// Bytes of a vector's scale, before its numbers.
const SCALE_BYTES: usize = size_of::<f32>();
/// Candidates for each unit that is asked for: some have the same source.
const CANDIDATES: usize = 4;

/// A text of a unit that has no vector.
struct Missing {
    unit: i64,
    is_machine: bool,
    text: String,
}

/// Encodes texts of a language: one vector each, of length 1.
pub type Encode<'e> = dyn FnMut(Language, &[&str]) -> Result<Vec<Vec<f32>>> + 'e;

impl Desk {
    /// Gives each unit its vectors of an encoder, where it has none: of its source, and for the
    /// words of people of its translation. Calls `encode` with some texts at a time; after an error
    /// those before it have their vectors. Returns the number of new vectors.
    pub fn index(&self, encoder: &str, encode: &mut Encode<'_>) -> Result<u64> {
        let mut count = 0;
        for language in [Language::English, Language::Korean] {
            let mut last = 0;
            loop {
                let (missing, reached) = self.missing(encoder, language, last)?;
                if !missing.is_empty() {
                    let texts: Vec<&str> = missing.iter().map(|one| one.text.as_str()).collect();
                    let vectors = encode(language, &texts)?;
                    count += self.keep_vectors(encoder, language, &missing, &vectors)?;
                }
                let Some(reached) = reached else { break };
                last = reached;
            }
        }
        Ok(count)
    }

    /// The next texts in a language without vectors, after a unit; and the last of their units.
    fn missing(
        &self,
        encoder: &str,
        language: Language,
        after: i64,
    ) -> Result<(Vec<Missing>, Option<i64>)> {
        if !self.has_vectors {
            return Ok((Vec::new(), None));
        }
        let select = format!(
            "SELECT id, origin = 0, iif(direction LIKE ?1 || '-%', source, target) FROM unit \
                      WHERE id > ?2 AND {HAS_WORDS} AND (origin > 0 OR direction LIKE ?1 || '-%') AND NOT EXISTS(\
                      SELECT 1 FROM vector WHERE language = ?1 AND machine = (origin = 0) \
                      AND unit = unit.id AND encoder = (SELECT id FROM encoder WHERE name = ?3)) \
                      ORDER BY id LIMIT ?4"
        );
        let missing: Vec<Missing> = self.read(|connection| {
            let values = params![language.code(), after, encoder, BATCH as i64];
            let mut select = connection.prepare_cached(&select)?;
            let rows = select.query_map(values, |row| {
                Ok(Missing { unit: row.get(0)?, is_machine: row.get(1)?, text: row.get(2)? })
            })?;
            rows.collect()
        })?;
        let reached = missing.last().map(|one| one.unit);
        Ok((missing, reached))
    }

    /// Keeps vectors of texts that their units still have.
    fn keep_vectors(
        &self,
        encoder: &str,
        language: Language,
        missing: &[Missing],
        vectors: &[Vec<f32>],
    ) -> Result<u64> {
        self.transaction(|connection| {
            let add = "INSERT OR IGNORE INTO encoder(name) VALUES(?1)";
            connection.prepare_cached(add)?.execute([encoder])?;
            let Some(encoder) = encoder_id(connection, encoder)? else { return Ok(0) };
            let insert = "INSERT OR REPLACE INTO vector(encoder, language, machine, unit, numbers) \
                          SELECT ?1, ?2, ?3, id, ?5 FROM unit WHERE id = ?4 \
                          AND iif(direction LIKE ?2 || '-%', source, target) = ?6";
            let mut insert = connection.prepare_cached(insert)?;
            let mut count = 0;
            for (one, vector) in missing.iter().zip(vectors) {
                let numbers = packed(vector);
                let values =
                    params![encoder, language.code(), one.is_machine, one.unit, numbers, one.text];
                count += insert.execute(values)? as u64;
            }
            Ok(count)
        })
    }

    /// True if some unit has a vector of an encoder.
    pub fn is_indexed(&self, encoder: &str) -> Result<bool> {
        if !self.has_vectors {
            return Ok(false);
        }
        let select = "SELECT EXISTS(SELECT 1 FROM vector \
                      WHERE encoder = (SELECT id FROM encoder WHERE name = ?1))";
        self.read(|connection| {
            connection.prepare_cached(select)?.query_row([encoder], |row| row.get(0))
        })
    }

    /// Number of vectors of an encoder.
    pub fn indexed(&self, encoder: &str) -> Result<u64> {
        if !self.has_vectors {
            return Ok(0);
        }
        let select = "SELECT count(*) FROM vector \
                      WHERE encoder = (SELECT id FROM encoder WHERE name = ?1)";
        let count = self.read(|connection| {
            connection.prepare_cached(select)?.query_row([encoder], |row| row.get::<_, i64>(0))
        })?;
        Ok(count.unsigned_abs())
    }

    /// Units whose sources have vectors near that of a text, the nearest first, at most `limit` of
    /// them and of each source one. Compares with every vector of the language. Machine
    /// translations only if `origin` is [`Origin::Machine`]; the words of people serve in both
    /// directions.
    ///
    /// `vector` is the text's, of length 1, from the same encoder; `least` the least cosine.
    pub fn near_in_meaning(
        &self,
        languages: LanguagePair,
        text: &str,
        (encoder, vector): (&str, &[f32]),
        origin: Origin,
        least: f32,
        limit: usize,
    ) -> Result<Vec<Match>> {
        if !self.has_vectors {
            return Ok(Vec::new());
        }
        let text = likeness::normalized(text);
        let ngrams = NGrams::of(&text);
        let mut found = self.read(|connection| {
            let Some(encoder) = encoder_id(connection, encoder)? else { return Ok(Vec::new()) };
            let mut matches = Vec::new();
            let select = format!("SELECT {COLUMNS} FROM unit WHERE id = ?1 AND origin >= ?2");
            let mut select = connection.prepare_cached(&select)?;
            let wanted = limit.saturating_mul(CANDIDATES);
            for (id, cosine) in
                nearest(connection, encoder, languages.from, vector, origin, least, wanted)?
            {
                let Some(unit) = select.query_row((id, origin as i64), unit).optional()? else {
                    continue;
                };
                let found = compare(unit, languages, &text, &ngrams, 0);
                matches.extend(found.map(|found| Match { meaning: Some(cosine), ..found }));
            }
            Ok(matches)
        })?;
        distinct(&mut found);
        found.truncate(limit);
        Ok(found)
    }
}

/// The units of the nearest vectors, each with its cosine, the nearest first.
fn nearest(
    connection: &Connection,
    encoder: i64,
    language: Language,
    vector: &[f32],
    origin: Origin,
    least: f32,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, f32)>> {
    let (scale, numbers) = rounded(vector);
    let select = "SELECT unit, numbers FROM vector \
                  WHERE encoder = ?1 AND language = ?2 AND machine <= ?3";
    let mut select = connection.prepare_cached(select)?;
    let mut rows = select.query(params![encoder, language.code(), origin == Origin::Machine])?;
    let mut best: Vec<(i64, f32)> = Vec::new();
    let mut least = least;
    while let Some(row) = rows.next()? {
        let bytes = row.get_ref(1)?.as_blob()?;
        let Some((own_scale, own)) = bytes.split_first_chunk::<SCALE_BYTES>() else { continue };
        if own.len() != numbers.len() {
            continue;
        }
        let cosine = dot(&numbers, own) as f32 * scale * f32::from_le_bytes(*own_scale);
        if cosine >= least && limit > 0 {
            best.push((row.get(0)?, cosine));
            // Now and then the farthest are dropped.
            if best.len() >= 2 * limit {
                keep_best(&mut best, limit);
                least = best.last().map_or(least, |(_, cosine)| *cosine);
            }
        }
    }
    keep_best(&mut best, limit);
    Ok(best)
}

/// Sorts by cosine, then the later unit, and keeps the first.
fn keep_best(best: &mut Vec<(i64, f32)>, limit: usize) {
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(Reverse(a.0).cmp(&Reverse(b.0))));
    best.truncate(limit);
}

/// The sum of products; `numbers` are bytes of `i8`.
fn dot(one: &[i8], numbers: &[u8]) -> i32 {
    one.iter().zip(numbers).map(|(a, b)| i32::from(*a) * i32::from(*b as i8)).sum()
}

/// A vector in whole numbers of -127 to 127, and what they are multiplied with.
fn rounded(vector: &[f32]) -> (f32, Vec<i8>) {
    let largest = vector.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    (scale, vector.iter().map(|number| (number / scale).round() as i8).collect())
}

/// The bytes of a rounded vector: its scale, then its numbers.
fn packed(vector: &[f32]) -> Vec<u8> {
    let (scale, numbers) = rounded(vector);
    let numbers = numbers.into_iter().map(|number| number as u8);
    scale.to_le_bytes().into_iter().chain(numbers).collect()
}

fn encoder_id(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let select = "SELECT id FROM encoder WHERE name = ?1";
    connection.prepare_cached(select)?.query_row([name], |row| row.get(0)).optional()
}

/// Removes the vectors of a unit in a language, or in both.
pub(super) fn forget(
    connection: &Connection,
    unit: i64,
    language: Option<Language>,
) -> rusqlite::Result<()> {
    let delete = "DELETE FROM vector WHERE encoder IN (SELECT id FROM encoder) \
                  AND language IN (?2, ?3) AND machine IN (0, 1) AND unit = ?1";
    let [one, other] = match language {
        Some(language) => [language; 2],
        None => [Language::English, Language::Korean],
    };
    connection.prepare_cached(delete)?.execute(params![unit, one.code(), other.code()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::unit::Unit;
    use super::*;
    use crate::error::Error;
    use proptest::prelude::*;

    const EN_KO: LanguagePair = LanguagePair { from: Language::English, to: Language::Korean };

    #[test]
    fn an_index_goes_on_where_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path().join("desk.db")).unwrap();
        let unit = |number: usize| {
            let source = format!("The port opened pier {number}.");
            Unit::new(EN_KO, source, format!("부두 {number}"), Origin::Imported).into()
        };
        desk.keep((0..200).map(unit)).unwrap();
        let mut calls = 0;
        let stopped = desk.index("test", &mut |_, texts| {
            calls += 1;
            let vectors = texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect();
            if calls < 3 { Ok(vectors) } else { Err(Error::Cancelled) }
        });
        assert!(matches!(stopped, Err(Error::Cancelled)));
        let done = desk.indexed("test").unwrap();
        assert_eq!(done, 2 * BATCH as u64);
        let mut seen = 0;
        let added = desk.index("test", &mut |_, texts| {
            seen += texts.len() as u64;
            Ok(texts.iter().map(|_| vec![0.5, 0.5]).collect())
        });
        assert_eq!((added.unwrap(), seen), (400 - done, 400 - done));
        // Another encoder has vectors of its own, of other lengths.
        assert_eq!(desk.indexed("other").unwrap(), 0);
        let found = |encoder: &str, vector: &[f32], least: f32| {
            let asked = (encoder, vector);
            desk.near_in_meaning(EN_KO, "x", asked, Origin::Machine, least, 3).unwrap().len()
        };
        assert_eq!((found("other", &[1.0, 0.0], -9.0), found("test", &[1.0], -9.0)), (0, 0));
        assert_eq!((found("test", &[1.0, 0.0], 0.1), found("test", &[1.0, 0.0], 99.0)), (3, 0));
    }

    #[test]
    fn units_whose_words_are_white_space_are_neither_listed_nor_indexed() {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path().join("desk.db")).unwrap();
        for source in ["\n", " \u{A0}", "\u{3000}\t", "\r\n"] {
            let unit = Unit::new(EN_KO, source, source, Origin::Imported);
            desk.keep([Unit { details: Some(format!("{source:?}")), ..unit }.into()]).unwrap();
        }
        assert_eq!(desk.stats().unwrap().units.iter().map(|(.., count)| count).sum::<u64>(), 4);
        assert_eq!(desk.search(&Default::default(), 9).unwrap(), []);
        let indexed = desk.index("test", &mut |_, texts| Ok(vec![vec![1.0]; texts.len()]));
        assert_eq!(indexed.unwrap(), 0);
    }

    proptest! {
        #[test]
        fn rounding_changes_a_cosine_little(
            pairs in proptest::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 8..400),
        ) {
            let unit = |vector: Vec<f32>| -> Vec<f32> {
                let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
                vector.iter().map(|number| number / length.max(1e-6)).collect()
            };
            let (one, other): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (one, other) = (unit(one), unit(other));
            let exact: f32 = one.iter().zip(&other).map(|(a, b)| a * b).sum();
            let (scale, numbers) = rounded(&one);
            let bytes = packed(&other);
            let (own, rest) = bytes.split_first_chunk::<SCALE_BYTES>().unwrap();
            let cosine = dot(&numbers, rest) as f32 * scale * f32::from_le_bytes(*own);
            prop_assert!((cosine - exact).abs() < 0.02, "{} for {}", cosine, exact);
        }
    }
}
