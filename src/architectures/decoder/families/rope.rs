//! Rotations as checkpoints ask for them: base, share of the head, and scaling for texts longer
//! than those of the training.
//!
//! Reference: `modeling_rope_utils.py` of `transformers`.

use super::{Defaults, MAX_CONTEXT, MAX_WIDTH};
use crate::architectures::layers::{Longer, Pairing, Rope};
use crate::checkpoint::{Checkpoint, Hyper};
use crate::error::{Error, Result};

/// Where parameters stand, the strongest first: older configs, newer ones, and those with a
/// rotation for each type of layer.
const PLACES: &[&str] = &["rope_scaling", "rope_parameters.full_attention", "rope_parameters"];

/// The parameters of a rotation, wherever they stand.
struct Parameters<'c> {
    hyper: &'c Hyper,
}

impl Parameters<'_> {
    fn number(&self, key: &str, gguf: &str) -> Result<Option<f64>> {
        let places = PLACES.iter().map(|place| format!("{place}.{key}"));
        places.map(|path| self.hyper.number(&path, gguf)).find_map(Result::transpose).transpose()
    }

    fn needed(&self, key: &str, gguf: &str) -> Result<f64> {
        self.number(key, gguf)?.filter(|n| *n > 0.0).ok_or_else(|| {
            Error::malformed(self.hyper.file(), format!("rope scaling lacks a {key} above zero"))
        })
    }

    /// What may stand beside the parameters, too.
    fn or_beside(&self, key: &str, gguf: &str) -> Result<Option<f64>> {
        match self.number(key, gguf)? {
            None => self.hyper.number(key, gguf),
            found => Ok(found),
        }
    }

    fn kind(&self) -> Option<&str> {
        let paths =
            PLACES.iter().flat_map(|place| [format!("{place}.rope_type"), format!("{place}.type")]);
        paths.into_iter().find_map(|path| self.hyper.word(&path, "rope.scaling.type"))
    }

    /// The length of the training's texts.
    fn original(&self) -> Result<f64> {
        const KEY: &str = "original_max_position_embeddings";
        const GGUF: &str = "rope.scaling.original_context_length";
        let context = || self.hyper.count("max_position_embeddings", "context_length", MAX_CONTEXT);
        // Beside the parameters it is stronger than among them.
        match self.hyper.number(KEY, GGUF)? {
            Some(original) => Ok(original),
            None => Ok(self.number(KEY, GGUF)?.unwrap_or(context()? as f64)),
        }
    }

    fn factors(&self, key: &str, count: usize) -> Result<Option<Vec<f32>>> {
        let places = PLACES.iter().map(|place| format!("{place}.{key}"));
        let Some(list) = places.into_iter().find_map(|path| self.hyper.list(&path, "-")) else {
            return Ok(None);
        };
        let factors: Vec<f32> =
            list.iter().filter_map(|v| v.as_f64()).filter(|f| *f > 0.0).map(|f| f as f32).collect();
        if factors.len() != count || list.len() != count {
            let reason = format!("{key} is not a list of {count} numbers above zero");
            return Err(Error::malformed(self.hyper.file(), reason));
        }
        Ok(Some(factors))
    }
}

/// The rotation of heads of a size, scaled as the checkpoint asks.
pub(super) fn read(checkpoint: &Checkpoint, head_dim: usize, defaults: Defaults) -> Result<Rope> {
    let hyper = &checkpoint.hyper;
    let parameters = Parameters { hyper };
    let base = parameters.or_beside("rope_theta", "rope.freq_base")?;
    let base = base.or(defaults.rope_base).unwrap_or(10_000.0);
    let rotated = match hyper.is_gguf() {
        true => hyper.count_or("-", "rope.dimension_count", MAX_WIDTH, head_dim)?,
        false => {
            let share = parameters.or_beside("partial_rotary_factor", "-")?.or(defaults.rotated);
            (share.unwrap_or(1.0) * head_dim as f64) as usize
        }
    };
    if rotated == 0 || rotated > head_dim || rotated % 2 != 0 {
        let reason = format!("{rotated} numbers of a head of {head_dim} cannot be rotated");
        return Err(Error::malformed(hyper.file(), reason));
    }
    let mut rope = Rope::new(rotated, base, Pairing::Halves);
    divide(&mut rope, checkpoint)?;
    let pairs = rotated / 2;
    let kind = match parameters.kind() {
        // Files of llama.cpp do not say so, but have the tables.
        _ if hyper.is_gguf() && checkpoint.find("rope_factors_long.weight")?.is_some() => {
            Some("longrope")
        }
        // Phi's older configs call it by other names.
        Some("su") => Some("longrope"),
        Some("yarn") if parameters.factors("long_factor", pairs)?.is_some() => Some("longrope"),
        kind => kind,
    };
    match kind {
        None | Some("default" | "none") => {}
        Some("linear") => {
            let factor = parameters.needed("factor", "rope.scaling.factor")? as f32;
            rope.frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
        }
        Some("llama3") => scale_llama3(
            &mut rope.frequencies,
            parameters.needed("factor", "-")?,
            parameters.needed("low_freq_factor", "-")?,
            parameters.needed("high_freq_factor", "-")?,
            parameters.original()?,
        ),
        // Called dynamic, but fixed: the base is stretched once
        // (`compute_ntk_alpha_rope_parameters`). Files of llama.cpp hold the
        // stretched base.
        Some("dynamic") if parameters.number("alpha", "-")?.is_some_and(|alpha| alpha > 0.0) => {
            let size = head_dim as f64;
            let stretched = base * parameters.needed("alpha", "-")?.powf(size / (size - 2.0));
            rope = Rope::new(head_dim, stretched, Pairing::Halves);
        }
        // Stretches the base for texts longer than the training's only, and those are beyond the
        // context that we take.
        Some("dynamic") => {}
        Some("yarn") => scale_yarn(&mut rope, base, &parameters)?,
        Some("longrope") => choose_by_length(&mut rope, checkpoint, &parameters)?,
        Some(other) => {
            let known = "linear, dynamic, llama3, yarn, longrope";
            return Err(hyper.unsupported(format!("rope scaling `{other}`"), known));
        }
    }
    Ok(rope)
}

/// Divides the frequencies by a GGUF file's table, where it has one: Llama 3's scaling, and pairs
/// that do not turn.
pub(super) fn divide(rope: &mut Rope, checkpoint: &Checkpoint) -> Result<()> {
    if checkpoint.hyper.is_gguf() && checkpoint.find("rope_freqs.weight")?.is_some() {
        let divisors = table(checkpoint, "rope_freqs.weight", rope.frequencies.len())?;
        for (frequency, divisor) in rope.frequencies.iter_mut().zip(divisors) {
            *frequency /= divisor;
        }
    }
    Ok(())
}

fn table(checkpoint: &Checkpoint, name: &str, count: usize) -> Result<Vec<f32>> {
    let table = checkpoint.tensor(name, &[count])?;
    Ok(table.to_tensor(&candle_core::Device::Cpu)?.to_vec1()?)
}

/// Llama 3.1's scaling: slow rotations are slowed by `factor`, fast ones kept, those between
/// blended (`_compute_llama3_parameters`).
fn scale_llama3(frequencies: &mut [f32], factor: f64, low: f64, high: f64, original: f64) {
    for frequency in frequencies {
        let f = f64::from(*frequency);
        let wavelength = std::f64::consts::TAU / f;
        let scaled = if wavelength > original / low {
            f / factor
        } else if wavelength < original / high {
            f
        } else {
            let smooth = (original / wavelength - low) / (high - low);
            (1.0 - smooth) * f / factor + smooth * f
        };
        *frequency = scaled as f32;
    }
}

/// YaRN: fast rotations are kept, slow ones slowed by `factor`, those between blended along a ramp
/// (Peng et al. 2023, <https://arxiv.org/abs/2309.00071>; `_compute_yarn_parameters`).
fn scale_yarn(rope: &mut Rope, base: f64, parameters: &Parameters<'_>) -> Result<()> {
    let original = parameters.original()?;
    let factor = parameters.needed("factor", "rope.scaling.factor")?;
    let beta = |key: &str, gguf: &str, default: f64| {
        Ok::<_, Error>(parameters.number(key, gguf)?.filter(|beta| *beta != 0.0).unwrap_or(default))
    };
    let fast = beta("beta_fast", "rope.scaling.yarn_beta_fast", 32.0)?;
    let slow = beta("beta_slow", "rope.scaling.yarn_beta_slow", 1.0)?;
    let size = (2 * rope.frequencies.len()) as f64;
    // The pair that turns so many times within the original context.
    let pair =
        |turns: f64| size * (original / (turns * std::f64::consts::TAU)).ln() / (2.0 * base.ln());
    let (mut low, mut high) = (pair(fast), pair(slow));
    let whole =
        PLACES.iter().find_map(|place| parameters.hyper.get(&format!("{place}.truncate"), "-"));
    if whole.and_then(|v| v.as_bool()).unwrap_or(true) {
        (low, high) = (low.floor(), high.ceil());
    }
    (low, high) = (low.max(0.0), high.min(size - 1.0));
    let width = if high == low { 0.001 } else { high - low };
    for (index, frequency) in rope.frequencies.iter_mut().enumerate() {
        let slowed = (((index as f64) - low) / width).clamp(0.0, 1.0);
        let f = f64::from(*frequency);
        *frequency = (f / factor * slowed + f * (1.0 - slowed)) as f32;
    }
    let longer = |scale: f64| if factor <= 1.0 { 1.0 } else { 0.1 * scale * factor.ln() + 1.0 };
    let given = |key: &str, gguf: &str| {
        Ok::<_, Error>(parameters.number(key, gguf)?.filter(|scale| *scale != 0.0))
    };
    let scales =
        (given("mscale", "-")?, given("mscale_all_dim", "rope.scaling.yarn_log_multiplier")?);
    rope.amplitude =
        match (parameters.number("attention_factor", "rope.scaling.yarn_attn_factor")?, scales) {
            (Some(factor), _) => factor,
            (None, (Some(own), Some(all))) => longer(own) / longer(all),
            (None, (None, Some(all))) if parameters.hyper.is_gguf() => longer(1.0) / longer(all),
            _ => longer(1.0),
        } as f32;
    // llama.cpp multiplies what the paper gives.
    if let (true, Some(factor)) =
        (parameters.hyper.is_gguf(), parameters.number("-", "rope.scaling.attn_factor")?)
    {
        rope.amplitude *= factor as f32;
    }
    Ok(())
}

/// LongRoPE: one table of divisors for texts as long as the training's, another for longer ones
/// (Ding et al. 2024, <https://arxiv.org/abs/2402.13753>; `_compute_longrope_parameters`).
fn choose_by_length(
    rope: &mut Rope,
    checkpoint: &Checkpoint,
    parameters: &Parameters<'_>,
) -> Result<()> {
    let hyper = parameters.hyper;
    let pairs = rope.frequencies.len();
    let factors = |json: &str, gguf: &str| match hyper.is_gguf() {
        true => table(checkpoint, gguf, pairs),
        false => parameters
            .factors(json, pairs)?
            .ok_or_else(|| Error::malformed(hyper.file(), format!("rope scaling lacks a {json}"))),
    };
    let (short, long) = (
        factors("short_factor", "rope_factors_short.weight")?,
        factors("long_factor", "rope_factors_long.weight")?,
    );
    // Phi's own default, which its configs may leave out.
    let original = match hyper.number("original_max_position_embeddings", "-")? {
        None if !hyper.is_gguf() => 4096.0,
        _ => parameters.original()?,
    };
    let context = hyper.count("max_position_embeddings", "context_length", MAX_CONTEXT)? as f64;
    let factor = parameters.number("factor", "-")?.unwrap_or(context / original);
    let amplitude = match parameters.number("attention_factor", "rope.scaling.attn_factor")? {
        Some(amplitude) => amplitude,
        None if factor <= 1.0 => 1.0,
        None => (1.0 + factor.ln() / original.ln()).sqrt(),
    };
    let divided =
        |factors: Vec<f32>| rope.frequencies.iter().zip(factors).map(|(f, by)| f / by).collect();
    let longer = Longer { than: original as usize, frequencies: divided(long) };
    *rope = Rope {
        frequencies: divided(short),
        longer: Some(longer),
        amplitude: amplitude as f32,
        pairing: rope.pairing,
    };
    Ok(())
}
