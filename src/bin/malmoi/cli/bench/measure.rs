//! The measurements of `malmoi bench`. They return figures and print nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result};
use malmoi::internals::architectures::{LogitsFor, Network, Row, State};
use malmoi::internals::generation::beam::search;
use malmoi::internals::kernels::{Phase, argmax};
use malmoi::{Capabilities, Event, Language, Model, Observer};
use serde_json::{Value, json};

use crate::context::Context;

/// Language of the articles.
const LANGUAGE: Language = Language::English;
/// Number of tokens generated after a prompt.
const NEW: usize = 64;
/// Maximum length of the warm-up prompt, in tokens.
const WARM_UP: usize = 512;
/// Mean prompt length for many texts, in tokens. Lengths vary by half.
const PROMPT: usize = 128;
/// Mean length of encoder inputs, in tokens. Lengths vary by half.
const SOURCE: usize = 28;
/// Number of tokens generated for an encoder input.
const WRITTEN: usize = 32;

/// A measurement: the values of all runs, reported as their median.
pub(super) struct Figure {
    part: &'static str,
    what: String,
    unit: &'static str,
    values: Vec<f64>,
    /// Limit of the machine.
    limit: Option<f64>,
}

impl Figure {
    pub fn new(
        part: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        mut values: Vec<f64>,
    ) -> Self {
        values.sort_by(f64::total_cmp);
        Self { part, what: what.into(), unit, values, limit: None }
    }

    /// Adds the limit of the machine.
    pub fn within(self, limit: Option<f64>) -> Self {
        Self { limit, ..self }
    }

    fn median(&self) -> f64 {
        self.values.get(self.values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub fn json(&self, model: &str) -> Value {
        json!({
            "part": self.part, "model": model, "what": self.what, "unit": self.unit, "median": self.median(), "runs": self.values,
            "limit": self.limit,
        })
    }

    /// One line of text.
    pub fn text(&self) -> String {
        let number = |value: f64| match value {
            value if value >= 100.0 => format!("{value:.0}"),
            value if value >= 10.0 => format!("{value:.1}"),
            value => format!("{value:.2}"),
        };
        let mut line =
            format!("{:8} {:44} {:>7} {}", self.part, self.what, number(self.median()), self.unit);
        if let [first, .., last] = self.values.as_slice() {
            line += &format!(" ({} to {})", number(*first), number(*last));
        }
        if let Some(limit) = self.limit {
            line += &format!(", {:.0} % of the machine's limit", 100.0 * self.median() / limit);
        }
        line + "\n"
    }
}

/// A model, and the number of runs of each part.
pub(super) struct Measure {
    model: Model,
    capabilities: Capabilities,
    runs: usize,
}

impl Measure {
    pub fn open(context: &Context, runs: usize) -> Result<Self> {
        let (resolved, _) = context.resolver().summarizers(LANGUAGE, LANGUAGE)?;
        Ok(Self { model: resolved.model, capabilities: resolved.capabilities, runs })
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Seconds to open the model again, and to the first token of a short prompt. The file is in
    /// the page cache.
    pub fn load(&self, context: &Context) -> Result<Vec<Figure>> {
        let (mut opened, mut first) = (Vec::new(), Vec::new());
        for _ in 0..self.runs {
            let began = Instant::now();
            let fresh = Self::open(context, 1)?;
            opened.push(began.elapsed().as_secs_f64());
            if !fresh.model.is_encoder_decoder() {
                fresh.read(&fresh.ids(16, 0))?;
                first.push(began.elapsed().as_secs_f64());
            }
        }
        let mut figures =
            vec![Figure::new("load", "opened, its file in memory already", "s", opened)];
        if !first.is_empty() {
            figures.push(Figure::new("load", "to the first token after 16", "s", first));
        }
        Ok(figures)
    }

    /// Tokens per second of reading a prompt; `None` if it does not fit.
    pub fn prefill(&self, tokens: usize, limit: Option<f64>) -> Result<Option<Figure>> {
        if tokens == 0 || tokens > self.model.context() {
            return Ok(None);
        }
        let rate = || -> Result<f64> {
            let ids = self.ids(tokens, 0);
            let began = Instant::now();
            self.read(&ids)?;
            Ok(tokens as f64 / began.elapsed().as_secs_f64())
        };
        // The first prompt also maps weights and allocates memory.
        self.read(&self.ids(tokens.min(WARM_UP), 0))?;
        let rates = self.repeat(rate)?;
        Ok(Some(
            Figure::new("prefill", format!("{tokens} tokens"), "tokens/s", rates).within(limit),
        ))
    }

    /// Tokens per second of generating one text after a prompt of `tokens` tokens.
    pub fn decode(&self, tokens: usize) -> Result<Option<Figure>> {
        if tokens == 0 || tokens + NEW > self.model.context() {
            return Ok(None);
        }
        let mut rates = Vec::new();
        let (state, next) = self.read(&self.ids(tokens, 0))?;
        for _ in 0..self.runs {
            let mut texts = vec![(state.fork(), next)];
            // The first step of a fork copies shared pages.
            self.write(&mut texts, 1)?;
            let began = Instant::now();
            self.write(&mut texts, NEW)?;
            rates.push(NEW as f64 / began.elapsed().as_secs_f64());
        }
        let what = format!("one text, {NEW} tokens after {tokens}");
        Ok(Some(Figure::new("decode", what, "tokens/s", rates)))
    }

    /// Tokens per second of many texts with prompts of different lengths: generated tokens alone,
    /// and prompts and generated tokens together.
    pub fn batch(&self, count: usize) -> Result<Vec<Figure>> {
        let (mut written, mut all) = (Vec::new(), Vec::new());
        let prompts: Vec<Vec<u32>> =
            (0..count).map(|text| self.ids(between(PROMPT, text), text)).collect();
        let read: usize = prompts.iter().map(Vec::len).sum();
        for _ in 0..self.runs {
            let began = Instant::now();
            let mut texts = self.read_all(&prompts)?;
            let decoding = Instant::now();
            self.write(&mut texts, NEW)?;
            written.push((count * NEW) as f64 / decoding.elapsed().as_secs_f64());
            all.push((read + count * NEW) as f64 / began.elapsed().as_secs_f64());
        }
        let what = format!("{count} texts, {NEW} tokens each after about {PROMPT}");
        Ok(vec![
            Figure::new("batch", what, "tokens/s", written),
            Figure::new("batch", format!("{count} texts, prompts and texts"), "tokens/s", all),
        ])
    }

    /// Articles per minute from text to checked summary, `at_once` of them at the same time; and
    /// their prompts with the number of generated tokens.
    pub fn feed(&self, count: usize, at_once: usize) -> Result<(Figure, Vec<Value>)> {
        let articles = articles(count);
        let prompts = Mutex::new(BTreeMap::new());
        let rate = || -> Result<f64> {
            let model = self.model.shared(at_once)?;
            let next = std::sync::atomic::AtomicUsize::new(0);
            let work = || -> malmoi::Result<()> {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(article) = articles.get(index) else { return Ok(()) };
                    let request = model
                        .summarize(article)
                        .capabilities(self.capabilities.clone())
                        .sentences(3);
                    let mut given = Vec::new();
                    let mut stage = 0;
                    let keep = |event: &Event| match event {
                        Event::Stage { .. } => stage = given.len(),
                        Event::Prompt { ids, .. } => given.push(json!({ "ids": ids })),
                        Event::Segment { index, tokens, .. } => {
                            if let Some(prompt) = given.get_mut(stage + *index) {
                                prompt["tokens"] = json!(tokens);
                            }
                        }
                        _ => {}
                    };
                    request.observe(Observer::new().on_event(keep))?;
                    if let Ok(mut prompts) = prompts.lock() {
                        prompts.insert(index, given);
                    }
                }
            };
            let began = Instant::now();
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..at_once.min(count)).map(|_| scope.spawn(work)).collect();
                threads
                    .into_iter()
                    .try_for_each(|thread| thread.join().unwrap_or(Err(malmoi::Error::Cancelled)))
            })?;
            Ok(count as f64 * 60.0 / began.elapsed().as_secs_f64())
        };
        let rates = self.repeat(rate)?;
        let figure = Figure::new(
            "feed",
            format!("{count} articles, {at_once} at once"),
            "articles/min",
            rates,
        );
        let prompts = prompts.into_inner().unwrap_or_default();
        Ok((figure, prompts.into_values().flatten().collect()))
    }

    /// Tokens per second generated for encoder inputs, `texts` of them at a time.
    pub fn sources(&self, texts: usize, beams: usize) -> Result<Figure> {
        let sources: Vec<Vec<u32>> =
            (0..64).map(|text| self.ids(between(SOURCE, text), text)).collect();
        let mut sources: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
        sources.sort_by_key(|source| std::cmp::Reverse(source.len()));
        let mut how = self
            .model
            .seq2seq_task("", "en", "ko")
            .or_else(|_| self.model.seq2seq_task("", "ko", "en"))?
            .search;
        how.num_beams = beams;
        (how.logits_processors.min_new_tokens, how.logits_processors.max_length) =
            (WRITTEN, WRITTEN + 1);
        let rate = || -> Result<f64> {
            let began = Instant::now();
            let mut written = 0;
            for sources in sources.chunks(texts) {
                let found = search(self.model.network(), sources, &how, texts)?;
                written += found
                    .iter()
                    .filter_map(|found| found.first())
                    .map(|best| best.ids.len())
                    .sum::<usize>();
            }
            Ok(written as f64 / began.elapsed().as_secs_f64())
        };
        let rates = self.repeat(rate)?;
        Ok(Figure::new("sources", format!("{texts} at a time, beams: {beams}"), "tokens/s", rates))
    }

    fn repeat(&self, mut rate: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
        (0..self.runs).map(|_| rate()).collect()
    }

    /// Pseudo-random token ids, so that speed does not depend on the content of a text. They avoid
    /// both ends of the vocabulary, where control tokens are.
    fn ids(&self, count: usize, seed: usize) -> Vec<u32> {
        let largest = self.model.tokenizer().largest_id().unwrap_or(1000) as usize;
        (0..count)
            .map(|at| (largest / 4 + (seed * 977 + at) * 7919 % (largest / 2).max(1)) as u32)
            .collect()
    }

    fn network(&self) -> &dyn Network {
        self.model.network()
    }

    /// Reads a prompt in one step, and returns the most likely next token.
    fn read(&self, ids: &[u32]) -> Result<(State, u32)> {
        let mut read = self.read_all(&[ids.to_vec()])?;
        read.pop().context("the network returned no sequence")
    }

    /// Reads prompts in one step, and returns the most likely next token of each.
    fn read_all(&self, prompts: &[Vec<u32>]) -> Result<Vec<(State, u32)>> {
        let mut states = self.network().begin(&vec![&[][..]; prompts.len()], Phase::Prefill)?;
        let rows = states.iter_mut().zip(prompts);
        let mut rows: Vec<_> =
            rows.map(|(state, tokens)| Row { state, tokens, logits: LogitsFor::Last }).collect();
        let logits = self.network().forward(&mut rows, Phase::Prefill)?;
        let next: Vec<u32> =
            (0..prompts.len()).map(|row| argmax(logits.last(row)) as u32).collect();
        Ok(states.into_iter().zip(next).collect())
    }

    /// Generates tokens, ignoring end tokens.
    fn write(&self, texts: &mut [(State, u32)], tokens: usize) -> Result<()> {
        for _ in 0..tokens {
            let last: Vec<[u32; 1]> = texts.iter().map(|(_, next)| [*next]).collect();
            let rows = texts.iter_mut().zip(&last);
            let mut rows: Vec<_> = rows
                .map(|((state, _), tokens)| Row { state, tokens, logits: LogitsFor::Last })
                .collect();
            let logits = self.network().forward(&mut rows, Phase::Decode)?;
            for (row, (_, next)) in texts.iter_mut().enumerate() {
                *next = argmax(logits.last(row)) as u32;
            }
        }
        Ok(())
    }
}

/// Peak memory of this process in bytes since [`reset_peak_memory`], if the system reports it.
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Resets the peak memory of this process, if the system can.
pub(super) fn reset_peak_memory() {
    // Otherwise the peak includes the earlier memory.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A number from half of `mean` to one and a half of it.
fn between(mean: usize, index: usize) -> usize {
    mean / 2 + index * 7919 % (mean + 1)
}

/// Copies of the example article with rotated paragraphs.
fn articles(count: usize) -> Vec<String> {
    let text = include_str!("../../../../../examples/articles/harbour.txt");
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let (title, body) =
        paragraphs.split_first().map_or(("", &[][..]), |(title, body)| (*title, body));
    let article = |index: usize| {
        let mut body = body.to_vec();
        body.rotate_left(index % paragraphs.len().saturating_sub(1).max(1));
        format!("{title} ({index})\n\n{}", body.join("\n\n"))
    };
    (0..count).map(article).collect()
}
