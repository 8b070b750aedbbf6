//! `malmoi bench`: how fast a model is on this machine, beside what the machine could do at most.

mod measure;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use malmoi::Language;
use malmoi::kernels::{Isa, Phase, roofline};
use serde_json::json;

use crate::context::{Context, Exit};
use crate::output;
use measure::{Figure, Measure};

/// What can be measured, in the order in which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Opening the model, and its first token.
    Load,
    /// Reading a prompt.
    Prefill,
    /// Writing one text.
    Decode,
    /// Writing many texts at once.
    Batch,
    /// Summarizing articles, from their text to their summary.
    Feed,
    /// Models that read a source and then write.
    Sources,
}

/// Measure how fast a model is here, and how near that is to what the machine can do
#[derive(Args)]
pub(crate) struct Bench {
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Runs of each part; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Tokens of prompts that are read
    #[arg(long, value_name = "TOKENS", value_delimiter = ',', default_value = "512,4096")]
    prefill: Vec<usize>,
    /// Tokens that stand before the text that is written
    #[arg(long, value_name = "TOKENS", value_delimiter = ',', default_value = "512")]
    decode: Vec<usize>,
    /// Texts that are written at once
    #[arg(long, value_name = "TEXTS", value_delimiter = ',', default_value = "16")]
    batch: Vec<usize>,
    /// Articles that are summarized
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    articles: u32,
    /// Write what the model is given for the articles to a file, as JSON lines of token ids: to
    /// measure others with the same
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
}

impl Bench {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let isa = Isa::detect();
        let measure = Measure::open(context, self.runs as usize)?;
        let model = measure.model();
        let wants = |part: Part| self.only.is_empty() || self.only.contains(&part);
        // Networks of one kind have no use for the measurements of the other.
        let sources = model.is_encoder_decoder();
        if sources && !self.only.is_empty() && !wants(Part::Sources) {
            bail!(
                "{} reads sources and takes no prompt: --only sources is what can be measured",
                model.name()
            );
        }
        let work = model.matmul_cost();
        let mut memory = None;
        let mut bytes_per_second = || {
            memory = measure::peak_memory().max(memory);
            let rate = roofline::bytes_per_second(work.bytes.max(1 << 26) as usize);
            // What was just read was nobody's model.
            measure::forget_memory();
            rate
        };
        let machine = Machine {
            bytes: bytes_per_second(),
            products: Phase::ALL.map(|phase| roofline::products_per_second(isa, phase)),
        };
        let say = |figure: Figure| {
            let line = if context.json {
                format!("{}\n", figure.json(model.name()))
            } else {
                figure.text()
            };
            output::print(&line)
        };
        let [prompts, texts] = machine.products.map(|products| 2.0 * products);
        let begin = json!({
            "part": "machine", "version": env!("CARGO_PKG_VERSION"), "threads": rayon::current_num_threads(),
            "kernels": isa.name(), "bytes_per_second": machine.bytes, "int8_operations_per_second": texts,
            "prompt_operations_per_second": prompts,
            "model": model.name(), "bytes": model.bytes(), "bytes_a_step": work.bytes, "weights": work.weights,
        });
        output::print(&if context.json {
            format!("{begin}\n")
        } else {
            format!(
                "machine  {} threads, {}; reads {:.1} GB/s, {:.0} G operations on bytes a second{}\n\
                 model    {}, {:.0} MB, of which a step reads {:.0} MB\n\n",
                rayon::current_num_threads(),
                isa.name(),
                machine.bytes / 1e9,
                texts / 1e9,
                match Phase::share_kernels() {
                    true => String::new(),
                    false => format!(", {:.0} G on a prompt's bfloat16", prompts / 1e9),
                },
                model.name(),
                model.bytes() as f64 / 1e6,
                work.bytes as f64 / 1e6,
            )
        })?;
        if wants(Part::Load) {
            measure.load(context)?.into_iter().try_for_each(say)?;
        }
        if wants(Part::Sources) && sources {
            for (texts, beams) in [(1, 1), (32, 1), (32, 4)] {
                say(measure.sources(texts, beams)?)?;
            }
        }
        for tokens in self.prefill.iter().filter(|_| wants(Part::Prefill) && !sources) {
            let limit = (work.weights > 0).then(|| prompts / 2.0 / work.weights as f64);
            measure.prefill(*tokens, limit)?.map_or(Ok(()), say)?;
        }
        for tokens in self.decode.iter().filter(|_| wants(Part::Decode) && !sources) {
            // What memory gives changes with what others do: it is asked before and after.
            let before = bytes_per_second();
            if let Some(figure) = measure.decode(*tokens)? {
                let reads = f64::midpoint(before, bytes_per_second());
                say(figure.within((work.bytes > 0).then(|| reads / work.bytes as f64)))?;
            }
        }
        for texts in self.batch.iter().filter(|_| wants(Part::Batch) && !sources) {
            measure.batch(*texts)?.into_iter().try_for_each(say)?;
        }
        if wants(Part::Feed) && !sources {
            let at_once = self.batch.iter().copied().max().unwrap_or(16).max(1);
            let (figure, prompts) = measure.feed(self.articles as usize, at_once)?;
            if let Some(path) = &self.prompts {
                let lines: String = prompts.iter().map(|prompt| format!("{prompt}\n")).collect();
                output::write(Some(path), &lines)?;
            }
            say(figure)?;
        }
        if let Some(memory) = measure::peak_memory().max(memory) {
            say(Figure::new("memory", "at most, all parts", "MB", vec![memory as f64 / 1e6]))?;
        }
        Ok(Exit::Done)
    }
}

/// What the machine can do, a second.
struct Machine {
    bytes: f64,
    /// For prompts and for texts, as [`Phase::ALL`].
    products: [f64; 2],
}

/// The language of the articles that are measured with.
const LANGUAGE: Language = Language::English;
