//! scratch
use malmoi::generation::Options;
use malmoi::{Model, Part};
use std::time::Instant;
fn main() -> malmoi::Result<()> {
    let path = std::env::args().nth(1).unwrap();
    let text = std::fs::read_to_string(std::env::args().nth(2).unwrap()).unwrap();
    let t = Instant::now();
    let model = Model::open(&path)?;
    eprintln!("open {:?} {:?} ctx {}", model, t.elapsed(), model.context());
    let ids = model.prompt(None, &[Part::Trusted("Summarize the following news article in 3 sentences:\n\n"), Part::Plain(&text)])?;
    let t = Instant::now();
    let mut first = None;
    let out = model.generate(&[ids.clone()], &Options { max_tokens: 120, ..Default::default() }, &mut |_, s| { first.get_or_insert(t.elapsed()); print!("{s}"); std::ops::ControlFlow::Continue(()) })?;
    let total = t.elapsed().as_secs_f64(); let f = first.unwrap().as_secs_f64();
    println!();
    eprintln!("prompt {} tokens: first {:.2}s = {:.1} tok/s; decode {} = {:.1} tok/s; {:?}", ids.len(), f, ids.len() as f64 / f, out[0].tokens, (out[0].tokens - 1) as f64 / (total - f), out[0].finish);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    for l in status.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("Rss")) { eprintln!("{l}"); }
    Ok(())
}
