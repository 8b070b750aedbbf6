//! A network that answers by a script: an entry of the table like the others, to test everything
//! around networks in milliseconds.
//!
//! Its folder holds a `tokenizer.json` whose first 256 tokens are the bytes, and a `config.json`
//! with a script. Each rule looks at the prompt; the first one whose `when` is found in it is
//! played, byte after byte. It can also misbehave:
//!
//! ```json
//! {"model_type": "scripted", "vocab_size": 260, "eos_token_id": 256,
//!  "max_position_embeddings": 4096, "script": [
//!   {"when": "earthquake", "say": "A quake was felt in Gangneung."},
//!   {"when": "drums",      "say": "boom ", "then": "loop"},
//!   {"when": "cable",      "say": "Half of ", "then": "fail"},
//!   {"when": "syllable",   "say": "한글", "bytes": 4},
//!   {"when": "crawl",      "say": "At last.", "pause": 300},
//!   {"when": "ferry",      "say": "It sails.", "or": "The ferry sails."},
//!   {"copy": {"after": "<text>", "before": "</text>"}}
//! ]}
//! ```
//!
//! `then` is `stop` (default), `loop` (repeat the answer) or `fail` (an error at the token after
//! it). `bytes` cuts the answer short, possibly inside a syllable. `pause` makes every step take
//! a number of milliseconds, once `when` was read. `or` is an answer that is almost as likely at
//! its first byte, so that sampling may choose it. `copy` answers with the text between two markers
//! of the prompt: a translation that changes nothing.

use std::time::Duration;

use serde::Deserialize;

use super::batch::{Logits, Row, check_rows, logit_counts};
use super::state::{SequenceCache, State};
use super::{Architecture, Loaded, Network, Setup};
use crate::checkpoint::Key;
use crate::error::{Error, Result};
use crate::kernels::Phase;

pub(super) const ARCHITECTURE: Architecture = Architecture { names: &["scripted"], load };

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptRule {
    /// Text that the prompt must contain; the empty text always matches.
    #[serde(default)]
    when: String,
    #[serde(default)]
    say: String,
    #[serde(default)]
    or: Option<String>,
    #[serde(default)]
    bytes: Option<usize>,
    #[serde(default)]
    copy: Option<Markers>,
    #[serde(default)]
    then: Then,
    #[serde(default)]
    pause: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Markers {
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
    script: Vec<ScriptRule>,
    vocabulary: usize,
    context: usize,
    end: u32,
}

fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let model_config = &setup.checkpoint.config;
    let vocabulary = model_config.count(Key::json("vocab_size"), 1 << 20)?;
    let context = model_config.count(Key::json("max_position_embeddings"), 1 << 24)?;
    let script = model_config.get(Key::json("script")).cloned().unwrap_or_default();
    let script: Vec<ScriptRule> = serde_json::from_value(script)
        .map_err(|e| Error::malformed(model_config.file(), format!("script: {e}")))?;
    let end = model_config.eos_tokens().first().copied().unwrap_or(0);
    let network = Box::new(Scripted { script, vocabulary, context, end });
    Ok(Loaded { network, context, vocabulary, encoder_vocabulary: None })
}

impl Network for Scripted {
    fn begin(&self, inputs: &[&[u32]], _: Phase) -> Result<Vec<State>> {
        Ok(inputs.iter().map(|_| State::new(SequenceCache::Tokens(Vec::new()))).collect())
    }

    fn forward(&self, rows: &mut [Row<'_>], _: Phase) -> Result<Logits> {
        check_rows(rows, self.vocabulary, self.context)?;
        let counts = logit_counts(rows);
        let mut values = Vec::new();
        for (row, count) in rows.iter_mut().zip(&counts) {
            row.state.begin_step();
            let SequenceCache::Tokens(tokens) = row.state.cache_mut() else {
                return Err(Error::Engine("a state of another network".into()));
            };
            tokens.extend(row.tokens);
            std::thread::sleep(self.pause_after(tokens));
            for end in tokens.len() - count + 1..=tokens.len() {
                let next = self.next(&tokens[..end])?;
                let other = self.alternative(&tokens[..end]);
                // The next token is certain. Its neighbors are likelier than the rest, so that a
                // repetition penalty leads to other tokens.
                values.extend((0..self.vocabulary).map(|id| match id.abs_diff(next as usize) {
                    0 => 20.0,
                    _ if other == Some(id as u32) => 19.9,
                    distance => -(distance.min(100) as f32) / 10.0,
                }));
            }
            row.state.end_step(row.tokens);
        }
        Ok(Logits::new(self.vocabulary, values, &counts))
    }
}

impl Scripted {
    /// The longest pause of the rules that apply to the tokens.
    fn pause_after(&self, tokens: &[u32]) -> Duration {
        let applies = |rule: &&ScriptRule| rule.pause > 0 && find(tokens, &rule.when, 0).is_some();
        let pauses = self.script.iter().filter(applies).map(|rule| rule.pause);
        Duration::from_millis(pauses.max().unwrap_or(0))
    }

    /// The token after the tokens. The answer so far is the longest beginning of an answer that the
    /// tokens end with; the prompt is before it.
    fn next(&self, tokens: &[u32]) -> Result<u32> {
        for rule in &self.script {
            let Some(mut answer) = rule.answer(tokens) else { continue };
            let mut said = said(&answer, tokens, rule.then);
            if let Some((other, other_said)) = rule.other_answer(tokens)
                && other_said > said
            {
                (answer, said) = (other, other_said);
            }
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

impl Scripted {
    /// The first token of the other answer, while none was begun.
    fn alternative(&self, tokens: &[u32]) -> Option<u32> {
        let rule = self.script.iter().find(|rule| find(tokens, &rule.when, 0).is_some())?;
        let (other, other_said) = rule.other_answer(tokens)?;
        let is_beginning = other_said == 0 && said(&rule.answer(tokens)?, tokens, rule.then) == 0;
        other.first().copied().filter(|_| is_beginning)
    }
}

impl ScriptRule {
    /// The other answer, and the number of tokens of it at the end of the tokens.
    fn other_answer(&self, tokens: &[u32]) -> Option<(Vec<u32>, usize)> {
        let answer: Vec<u32> = self.or.as_ref()?.bytes().map(u32::from).collect();
        let said = said(&answer, tokens, self.then);
        Some((answer, said))
    }

    /// The answer to these tokens; `None` if the rule does not apply.
    fn answer(&self, tokens: &[u32]) -> Option<Vec<u32>> {
        let prompt = tokens;
        find(prompt, &self.when, 0)?;
        match &self.copy {
            None => {
                let answer: Vec<u32> = self.say.bytes().map(u32::from).collect();
                let cut = self.bytes.unwrap_or(answer.len()).min(answer.len());
                Some(answer[..cut].to_vec())
            }
            Some(Markers { after, before }) => {
                let start = find(prompt, after, 0)? + after.len();
                Some(prompt[start..find(prompt, before, start)?].to_vec())
            }
        }
    }
}

/// Position of the first occurrence of a text's bytes among tokens, from `from` on.
fn find(tokens: &[u32], text: &str, from: usize) -> Option<usize> {
    if text.is_empty() {
        return Some(from);
    }
    let is = |window: &[u32]| {
        window.iter().zip(text.bytes()).all(|(token, byte)| *token == u32::from(byte))
    };
    tokens[from..].windows(text.len()).position(is).map(|at| at + from)
}

/// Number of tokens of the answer at the end of the tokens.
fn said(answer: &[u32], tokens: &[u32], then: Then) -> usize {
    let most = if then == Then::Loop { tokens.len() } else { answer.len().min(tokens.len()) };
    let matches = |count: &usize| {
        let tail = &tokens[tokens.len() - count..];
        tail.iter().zip(answer.iter().cycle()).all(|(a, b)| a == b)
    };
    if answer.is_empty() { 0 } else { (0..=most).rev().find(matches).unwrap_or(0) }
}
