//! `malmoi bench`: speed of a model on this machine, and the machine's limits (a roofline).

mod measure;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use malmoi::internals::kernels::{Isa, Phase, roofline};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use measure::{Figure, Measure};

/// Parts of the benchmark, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BenchPart {
    /// Time to open the model, and to the first token
    Load,
    /// Reading a prompt
    Prefill,
    /// Generating one text
    Decode,
    /// Generating many texts at the same time
    Batch,
    /// Summarizing articles, from text to summary
    Feed,
    /// Encoder-decoder models
    Sources,
}

/// Measure the speed of a model on this machine, and compare it with the machine's limits
#[derive(Args)]
pub(crate) struct Bench {
    /// Parts to measure [default: all]
    #[arg(long, value_name = "PART", value_enum, value_delimiter = ',')]
    only: Vec<BenchPart>,
    /// Number of runs of each part; the median is reported
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Prompt lengths for `prefill`, in tokens
    #[arg(long, value_name = "TOKENS", value_delimiter = ',', default_value = "512,4096")]
    prefill: Vec<usize>,
    /// Prompt lengths for `decode`, in tokens
    #[arg(long, value_name = "TOKENS", value_delimiter = ',', default_value = "512")]
    decode: Vec<usize>,
    /// Numbers of texts generated at the same time
    #[arg(long, value_name = "TEXTS", value_delimiter = ',', default_value = "16")]
    batch: Vec<usize>,
    /// Number of articles for `feed`
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    articles: u32,
    /// File for the prompts of the articles, as JSON lines of token ids, to benchmark other
    /// programs with the same input
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
}

impl Bench {
    pub fn run(self, context: &Context) -> Result<Exit> {
        let isa = Isa::detect();
        let measure = Measure::open(context, self.runs as usize)?;
        let model = measure.model();
        let wants = |part: BenchPart| self.only.is_empty() || self.only.contains(&part);
        // Encoder-decoder models have measurements of their own.
        let sources = model.is_encoder_decoder();
        if sources && !self.only.is_empty() && !wants(BenchPart::Sources) {
            bail!(
                "{} is an encoder-decoder model, which only `--only sources` measures",
                model.name()
            );
        }
        let work = model.matmul_cost();
        let mut memory = None;
        let mut bytes_per_second = || {
            memory = measure::peak_memory().max(memory);
            let rate = roofline::bytes_per_second(work.bytes.max(1 << 26) as usize);
            // The memory read by this measurement does not count.
            measure::reset_peak_memory();
            rate
        };
        let machine = BenchMachine {
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
                "machine  {} threads, {}; {:.1} GB/s memory bandwidth, {:.0} G int8 operations/s{}\n\
                 model    {}, {:.0} MB, {:.0} MB read per step\n\n",
                rayon::current_num_threads(),
                isa.name(),
                machine.bytes / 1e9,
                texts / 1e9,
                if Phase::share_kernels() {
                    String::new()
                } else {
                    format!(", {:.0} G bfloat16 operations/s for prompts", prompts / 1e9)
                },
                model.name(),
                model.bytes() as f64 / 1e6,
                work.bytes as f64 / 1e6,
            )
        })?;
        if wants(BenchPart::Load) {
            measure.load(context)?.into_iter().try_for_each(say)?;
        }
        if wants(BenchPart::Sources) && sources {
            for (texts, beams) in [(1, 1), (32, 1), (32, 4)] {
                say(measure.sources(texts, beams)?)?;
            }
        }
        for tokens in self.prefill.iter().filter(|_| wants(BenchPart::Prefill) && !sources) {
            let limit = (work.weights > 0).then(|| prompts / 2.0 / work.weights as f64);
            measure.prefill(*tokens, limit)?.map_or(Ok(()), say)?;
        }
        for tokens in self.decode.iter().filter(|_| wants(BenchPart::Decode) && !sources) {
            // Memory bandwidth depends on other processes, so it is measured before and after.
            let before = bytes_per_second();
            if let Some(figure) = measure.decode(*tokens)? {
                let reads = f64::midpoint(before, bytes_per_second());
                say(figure.within((work.bytes > 0).then(|| reads / work.bytes as f64)))?;
            }
        }
        for texts in self.batch.iter().filter(|_| wants(BenchPart::Batch) && !sources) {
            measure.batch(*texts)?.into_iter().try_for_each(say)?;
        }
        if wants(BenchPart::Feed) && !sources {
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

/// Limits of the machine.
struct BenchMachine {
    /// Memory bandwidth in bytes per second.
    bytes: f64,
    /// Products per second in each of [`Phase::ALL`].
    products: [f64; 2],
}
