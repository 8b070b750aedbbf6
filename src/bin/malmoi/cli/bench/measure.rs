//! The measurements of `malmoi bench`. Each gives figures; none prints.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context as _, Result};
use malmoi::architectures::{LogitsFor, Network, Row, State};
use malmoi::generation::beam::search;
use malmoi::kernels::{Phase, argmax};
use malmoi::{Capabilities, Event, Model, Observer};
use serde_json::{Value, json};

use super::LANGUAGE;
use crate::context::Context;

/// Tokens that are written after a prompt.
const NEW: usize = 64;
/// The most tokens that are read before prompts are measured.
const WARM_UP: usize = 512;
/// Tokens of the prompts of many texts, and of sources: as these on average, from half to one and a
/// half of it.
const PROMPT: usize = 128;
const SOURCE: usize = 28;
const WRITTEN: usize = 32;

/// What was measured: a median of some runs, all of which it keeps.
pub(super) struct Figure {
    part: &'static str,
    what: String,
    unit: &'static str,
    values: Vec<f64>,
    /// What the machine would allow.
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

    /// Beside what the machine would allow.
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

    /// A line for a reader.
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

/// A model, and how often everything is measured.
pub(super) struct Measure {
    model: Model,
    capabilities: Capabilities,
    runs: usize,
}

impl Measure {
    pub fn open(context: &Context, runs: usize) -> Result<Self> {
        let (chosen, _) = context.resolver().summarizers(LANGUAGE, LANGUAGE)?;
        Ok(Self { model: chosen.model, capabilities: chosen.capabilities, runs })
    }

    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Seconds of opening the model anew, and until a short prompt's first token is there. Its file
    /// has been read before.
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

    /// Tokens a second of a prompt; nothing where it does not fit.
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
        // The first prompt maps weights and gets memory from the system, too.
        self.read(&self.ids(tokens.min(WARM_UP), 0))?;
        let rates = self.repeat(rate)?;
        Ok(Some(
            Figure::new("prefill", format!("{tokens} tokens"), "tokens/s", rates).within(limit),
        ))
    }

    /// Tokens a second of one text after so many others.
    pub fn decode(&self, tokens: usize) -> Result<Option<Figure>> {
        if tokens == 0 || tokens + NEW > self.model.context() {
            return Ok(None);
        }
        let mut rates = Vec::new();
        let (state, next) = self.read(&self.ids(tokens, 0))?;
        for _ in 0..self.runs {
            let mut texts = vec![(state.fork(), next)];
            // The first step of a fork copies what it shares.
            self.write(&mut texts, 1)?;
            let began = Instant::now();
            self.write(&mut texts, NEW)?;
            rates.push(NEW as f64 / began.elapsed().as_secs_f64());
        }
        let what = format!("one text, {NEW} tokens after {tokens}");
        Ok(Some(Figure::new("decode", what, "tokens/s", rates)))
    }

    /// Tokens a second of many texts of different lengths: all that are written after their prompts
    /// were read, and prompts and texts together.
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

    /// Articles a minute, from text to checked summary, so many at once; and what the model was
    /// given for them, with how many tokens it wrote.
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

    /// Tokens a second that are written for sources, so many at a time.
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

    /// Ids that no text is made of: what is measured does not depend on what a model would say.
    /// Control tokens stand at the ends of vocabularies.
    fn ids(&self, count: usize, seed: usize) -> Vec<u32> {
        let largest = self.model.tokenizer().largest_id().unwrap_or(1000) as usize;
        (0..count)
            .map(|at| (largest / 4 + (seed * 977 + at) * 7919 % (largest / 2).max(1)) as u32)
            .collect()
    }

    fn network(&self) -> &dyn Network {
        self.model.network()
    }

    /// Reads a prompt in one step, and chooses the token after it.
    fn read(&self, ids: &[u32]) -> Result<(State, u32)> {
        let mut read = self.read_all(&[ids.to_vec()])?;
        read.pop().context("a network that begins no sequence")
    }

    /// Reads prompts, and chooses a token after each.
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

    /// Writes tokens, whatever they are: no text ends before its time.
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

/// The most memory this process had, in bytes, where the system says so, since [`forget_memory`].
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Lets the system forget how much memory this process had, where it can.
pub(super) fn forget_memory() {
    // What cannot be forgotten is reported.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// From half of a number to one and a half of it.
fn between(mean: usize, index: usize) -> usize {
    mean / 2 + index * 7919 % (mean + 1)
}

/// The example article, its paragraphs in other orders.
fn articles(count: usize) -> Vec<String> {
    let text = include_str!("../../../../../examples/articles/harbour.txt");
    let paragraphs: Vec<&str> = text.split("\n\n").collect();
    let (title, body) =
        paragraphs.split_first().map_or(("", &[][..]), |(title, body)| (*title, body));
    let article = |index: usize| {
        let mut body = body.to_vec();
        let by = index % body.len().max(1);
        body.rotate_left(by);
        format!("{title} ({index})\n\n{}", body.join("\n\n"))
    };
    (0..count).map(article).collect()
}
