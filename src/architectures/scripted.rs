//! A network that answers by a script: a real row of the table, for testing everything around
//! networks in milliseconds.
//!
//! Its folder holds a `tokenizer.json` whose first 256 tokens are the bytes, and a `config.json`
//! with a script. Each rule looks at the prompt; the first whose `when` is found in it is played,
//! byte after byte. It misbehaves on demand too:
//! ```json
//! {"model_type": "scripted", "vocab_size": 260, "eos_token_id": 256, "max_position_embeddings": 4096, "script": [
//!   {"when": "earthquake", "say": "A quake was felt in Gangneung."},
//!   {"when": "drums",      "say": "boom ", "then": "loop"},
//!   {"when": "cable",      "say": "Half of ", "then": "fail"},
//!   {"when": "syllable",   "say": "한글", "bytes": 4},
//!   {"when": "crawl",      "say": "At last.", "pause": 300},
//!   {"copy": {"after": "<text>", "before": "</text>"}}
//! ]}
//! ```
//! `then` is `stop` (default), `loop` (say it again and again) or `fail` (an error at the token
//! after). `bytes` cuts the answer short, between the bytes of a syllable if need be. `pause` makes
//! every step take a number of milliseconds, from where `when` has been read on. `copy` says what
//! stands in the prompt between two marks: a translation that changes nothing.

use std::time::Duration;

use serde::Deserialize;

use super::state::{Memory, State};
use super::{Architecture, Loaded, Logits, Network, Row, Setup, check_rows};
use crate::checkpoint::Key;
use crate::error::{Error, Result};
use crate::kernels::Phase;

pub(super) const ARCHITECTURE: Architecture = Architecture { names: &["scripted"], load };

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// What must stand in the prompt; nothing always does.
    #[serde(default)]
    when: String,
    #[serde(default)]
    say: String,
    #[serde(default)]
    bytes: Option<usize>,
    #[serde(default)]
    copy: Option<Marks>,
    #[serde(default)]
    then: Then,
    #[serde(default)]
    pause: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marks {
    after: String,
    before: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Then {
    #[default]
    Stop,
    Loop,
    Fail,
}

struct Scripted {
    script: Vec<Rule>,
    vocabulary: usize,
    context: usize,
    end: u32,
}

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let model_config = &setup.checkpoint.config;
    let vocabulary = model_config.count(Key::json("vocab_size"), 1 << 20)?;
    let context = model_config.count(Key::json("max_position_embeddings"), 1 << 24)?;
    let script = model_config.get(Key::json("script")).cloned().unwrap_or_default();
    let script: Vec<Rule> = serde_json::from_value(script)
        .map_err(|e| Error::malformed(model_config.file(), format!("script: {e}")))?;
    let end = model_config.eos_tokens().first().copied().unwrap_or(0);
    let network = Box::new(Scripted { script, vocabulary, context, end });
    Ok(Loaded { network, context, vocabulary, sources: None })
}

impl Network for Scripted {
    fn begin(&self, sources: &[&[u32]], _: Phase) -> Result<Vec<State>> {
        Ok(sources.iter().map(|_| State::new(Memory::Tokens(Vec::new()))).collect())
    }

    fn forward(&self, rows: &mut [Row<'_>], _: Phase) -> Result<Logits> {
        check_rows(rows, self.vocabulary, self.context)?;
        let mut values = Vec::new();
        for row in rows.iter_mut() {
            row.state.begin_step();
            let Memory::Tokens(tokens) = row.state.memory() else {
                return Err(Error::Engine("a state of another network".into()));
            };
            tokens.extend(row.tokens);
            let pause = self.script.iter().filter(|rule| rule.pause > 0);
            let pause =
                pause.filter(|rule| find(tokens, &rule.when, 0).is_some()).map(|rule| rule.pause);
            std::thread::sleep(Duration::from_millis(pause.max().unwrap_or(0)));
            let wanted = row.want.count(row.tokens.len());
            for end in tokens.len() - wanted + 1..=tokens.len() {
                let next = self.next(&tokens[..end])?;
                // The next token is certain, and its neighbours are likelier than the rest, so that
                // a penalty has somewhere to go.
                values.extend((0..self.vocabulary).map(|id| {
                    let distance = id.abs_diff(next as usize);
                    if distance == 0 { 20.0 } else { -(distance.min(100) as f32) / 10.0 }
                }));
            }
            row.state.end_step(row.tokens);
        }
        Ok(Logits::of_rows(self.vocabulary, values, rows))
    }
}

impl Scripted {
    /// What follows the tokens. The prompt ends where the longest beginning of an answer ends the
    /// tokens.
    fn next(&self, tokens: &[u32]) -> Result<u32> {
        for rule in &self.script {
            let Some(answer) = rule.answer(tokens) else { continue };
            let said = said(&answer, tokens, rule.then);
            return match answer.get(said % answer.len().max(1)) {
                Some(token) if said < answer.len() || rule.then == Then::Loop => Ok(*token),
                _ if rule.then == Then::Fail => {
                    Err(Error::Scripted(format!("the script fails after {said} tokens")))
                }
                _ => Ok(self.end),
            };
        }
        Ok(self.end)
    }
}

impl Rule {
    /// What the rule says to these tokens; `None` where it does not apply.
    fn answer(&self, tokens: &[u32]) -> Option<Vec<u32>> {
        let prompt = tokens;
        find(prompt, &self.when, 0)?;
        match &self.copy {
            None => {
                let answer: Vec<u32> = self.say.bytes().map(u32::from).collect();
                let cut = self.bytes.unwrap_or(answer.len()).min(answer.len());
                Some(answer[..cut].to_vec())
            }
            Some(Marks { after, before }) => {
                let start = find(prompt, after, 0)? + after.len();
                Some(prompt[start..find(prompt, before, start)?].to_vec())
            }
        }
    }
}

/// Where the bytes of a text first stand among tokens.
fn find(tokens: &[u32], text: &str, from: usize) -> Option<usize> {
    if text.is_empty() {
        return Some(from);
    }
    let is = |window: &[u32]| {
        window.iter().zip(text.bytes()).all(|(token, byte)| *token == u32::from(byte))
    };
    tokens[from..].windows(text.len()).position(is).map(|at| at + from)
}

/// How much of the answer stands at the end of the tokens.
fn said(answer: &[u32], tokens: &[u32], then: Then) -> usize {
    let most = if then == Then::Loop { tokens.len() } else { answer.len().min(tokens.len()) };
    let matches = |count: &usize| {
        let tail = &tokens[tokens.len() - count..];
        tail.iter().zip(answer.iter().cycle()).all(|(a, b)| a == b)
    };
    if answer.is_empty() { 0 } else { (0..=most).rev().find(matches).unwrap_or(0) }
}
