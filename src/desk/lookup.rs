//! Looking up: by key, by the exact source, and by likeness.
//!
//! Candidates for likeness share rare tokens with the text: its tokens are looked up from the
//! rarest, up to a bound on the rows read, so that the time does not grow with the memory.
//! Near units are ranked by their percentages, those below [`LEAST_LIKENESS`] by shared n-grams.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::unit::{Origin, Unit};
use super::{COLUMNS, Desk, SegmentKey, fuzzy, place, unit};
use crate::error::Result;
use crate::language::LanguagePair;
use crate::likeness::{self, NGrams};

/// Likeness below which a unit is no match, in percent.
pub const LEAST_LIKENESS: u8 = 70;

/// Likeness from which on a translator changes a unit rather than write anew, in percent.
pub const CLOSE_LIKENESS: u8 = 85;

/// Rows of the index that one look-up reads.
const MAX_ROWS: usize = 20_000;
/// Thousandths in a whole.
const WHOLE: f64 = 1_000.0;

/// How far a look-up goes.
struct Reach {
    /// Share of the tokens that are looked up, rarest first.
    tokens: f64,
    /// Units that are compared letter by letter.
    compared: usize,
}

impl Reach {
    /// For units of at least [`LEAST_LIKENESS`]: they keep at least one of these tokens.
    const NEAR: Self = Self { tokens: 0.6, compared: 60 };
    /// For the nearest units however far.
    const FAR: Self = Self { tokens: 1.0, compared: 200 };
}

/// A machine's translation found by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// The unit.
    pub unit: Unit,
    /// How it was made, as its writer stored it.
    pub outcome: Option<String>,
}

/// A unit that is like a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// The unit, with the texts in the direction of the request.
    pub unit: Unit,
    /// Likeness of its source in percent.
    pub percent: u8,
    /// True for a unit of the other direction, turned around.
    pub reversed: bool,
    /// Character n-grams that its source shares with the text, in thousandths.
    #[serde(skip)]
    pub(crate) overlap: u16,
    /// Cosine of its source's vector with the text's, for one that was found by meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<f32>,
}

impl Match {
    /// Orders matches of one text, the more alike the larger: by percentages from
    /// [`LEAST_LIKENESS`] on, below by shared n-grams, then the words of the stronger origin.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        let near = if self.percent >= LEAST_LIKENESS { self.percent } else { 0 };
        (near, self.overlap, !self.reversed, self.unit.origin, self.unit.changed)
    }
}

impl Desk {
    /// The machine's translation with a key.
    pub fn recall(&self, key: SegmentKey) -> Result<Option<Recalled>> {
        let select = format!("SELECT {COLUMNS}, outcome FROM unit WHERE identity = ?1");
        self.read(|connection| {
            connection
                .prepare_cached(&select)?
                .query_row([key.0], |row| Ok(Recalled { unit: unit(row)?, outcome: row.get(8)? }))
                .optional()
        })
    }

    /// The translation that people gave for exactly this source, white space aside: a confirmed one
    /// before an imported one, then the latest.
    pub fn exact(&self, languages: LanguagePair, source: &str) -> Result<Option<Unit>> {
        let place = place(languages, &likeness::normalized(source));
        let select = format!(
            "SELECT {COLUMNS} FROM unit WHERE place = ?1 AND origin > 0 \
             ORDER BY origin DESC, changed DESC, id DESC LIMIT 1"
        );
        self.read(|connection| {
            connection.prepare_cached(&select)?.query_row([place], unit).optional()
        })
    }

    /// Units whose sources are at least `least` percent like a text, the most alike first, at most
    /// `limit` of them and of each source one; with 0 the nearest units that share a token with the
    /// text, however far. Machine translations only if `origin` is [`Origin::Machine`]; the words
    /// of people serve in both directions.
    pub fn similar(
        &self,
        languages: LanguagePair,
        text: &str,
        origin: Origin,
        least: u8,
        limit: usize,
    ) -> Result<Vec<Match>> {
        let text = likeness::normalized(text);
        let (tokens, ngrams) = (fuzzy::tokens(&text), NGrams::of(&text));
        let reach = if least < LEAST_LIKENESS { Reach::FAR } else { Reach::NEAR };
        let mut matches = Vec::new();
        let read = self.read(|connection| {
            let select = format!("SELECT {COLUMNS} FROM unit WHERE id = ?1 AND origin >= ?2");
            let mut select = connection.prepare_cached(&select)?;
            for id in candidates(connection, &tokens, &reach)? {
                let row = (id, origin as i64);
                let Some(unit) = select.query_row(row, unit).optional()? else { continue };
                matches.extend(compare(unit, languages, &text, &ngrams, least));
            }
            Ok(())
        });
        read?;
        matches.sort_by_cached_key(|found| Reverse(found.rank()));
        distinct(&mut matches);
        matches.truncate(limit);
        Ok(matches)
    }
}

/// Keeps the first match of each source.
pub(super) fn distinct(matches: &mut Vec<Match>) {
    let mut seen = HashSet::new();
    matches.retain(|found| seen.insert(likeness::normalized(&found.unit.source)));
}

/// The match of a unit with a text, if it is like it in either direction.
pub(super) fn compare(
    unit: Unit,
    languages: LanguagePair,
    text: &str,
    ngrams: &NGrams,
    least: u8,
) -> Option<Match> {
    let reversed = unit.languages() != languages;
    if reversed && unit.origin == Origin::Machine {
        return None;
    }
    let unit = if reversed { unit.turned_around() } else { unit };
    let source = likeness::normalized(&unit.source);
    let percent = likeness::percent(&source, text, least)?;
    let overlap = (NGrams::of(&source).overlap(ngrams) * WHOLE) as u16;
    Some(Match { unit, percent, reversed, overlap, meaning: None })
}

/// Ids of units that share rare tokens, those that share most first. A token counts the more the
/// fewer units have it.
fn candidates(
    connection: &Connection,
    tokens: &[String],
    reach: &Reach,
) -> rusqlite::Result<Vec<i64>> {
    let mut frequency =
        connection.prepare_cached("SELECT units FROM frequency WHERE token = ?1")?;
    let mut known = Vec::new();
    for token in tokens {
        let units: Option<i64> = frequency.query_row([token], |row| row.get(0)).optional()?;
        known.extend(units.filter(|units| *units > 0).map(|units| (units, token)));
    }
    known.sort_unstable();
    // The largest id is about the number of units.
    let last: Option<i64> =
        connection.prepare_cached("SELECT max(id) FROM unit")?.query_row([], |row| row.get(0))?;
    let all_units = last.unwrap_or(0) as f64;
    // Tokens that no unit has are the rarest.
    let unknown = tokens.len() - known.len();
    let looked_up = ((tokens.len() as f64 * reach.tokens).ceil() as usize).saturating_sub(unknown);
    let mut rows_left = MAX_ROWS;
    let mut shared: HashMap<i64, f64> = HashMap::new();
    let mut find =
        connection.prepare_cached("SELECT rowid FROM words WHERE words MATCH ?1 LIMIT ?2")?;
    for (units, token) in known.into_iter().take(looked_up.max(1)) {
        let weight = (1.0 + all_units / units as f64).ln();
        let mut rows = find.query((format!("\"{token}\""), rows_left as i64))?;
        while let Some(row) = rows.next()? {
            *shared.entry(row.get(0)?).or_default() += weight;
            rows_left -= 1;
        }
        if rows_left == 0 {
            break;
        }
    }
    let mut found: Vec<(i64, f64)> = shared.into_iter().collect();
    found.sort_unstable_by(|(id, weight), (other, other_weight)| {
        other_weight.total_cmp(weight).then(other.cmp(id))
    });
    found.truncate(reach.compared);
    Ok(found.into_iter().map(|(id, _)| id).collect())
}
