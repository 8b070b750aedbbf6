//! Rotary embeddings of checkpoints: base, rotated fraction of the head, and scaling for texts
//! longer than those of the training.
//!
//! Reference: `modeling_rope_utils.py` of `transformers`.

use super::defaults::Defaults;
use crate::architectures::bounds::{MAX_CONTEXT, MAX_WIDTH};
use crate::architectures::layers::{Longer, Pairing, Rope};
use crate::checkpoint::{Checkpoint, Key, ModelConfig};
use crate::error::{Error, Result};

/// Config keys that hold the parameters, in order of precedence: of older configs, of newer ones
/// with parameters for each type of layer, and of newer ones without.
const PLACES: &[&str] = &["rope_scaling", "rope_parameters.full_attention", "rope_parameters"];

/// The parameters of a rotary embedding, at any of the places.
struct Parameters<'c> {
    config: &'c ModelConfig,
}

impl Parameters<'_> {
    fn number(&self, key: Key<'_>) -> Result<Option<f64>> {
        for place in PLACES {
            let path = key.json.map(|name| format!("{place}.{name}"));
            let number = self.config.number(Key { json: path.as_deref(), ..key })?;
            if number.is_some() {
                return Ok(number);
            }
        }
        Ok(None)
    }

    fn nonzero(&self, key: Key<'_>) -> Result<Option<f64>> {
        Ok(self.number(key)?.filter(|number| *number != 0.0))
    }

    fn needed(&self, key: Key<'_>) -> Result<f64> {
        self.number(key)?.filter(|n| *n > 0.0).ok_or_else(|| {
            let name = key.json.unwrap_or_default();
            Error::malformed(self.config.file(), format!("rope scaling lacks a {name} above zero"))
        })
    }

    /// A number among the parameters or at the top level of the config.
    fn or_top_level(&self, key: Key<'_>) -> Result<Option<f64>> {
        match self.number(key)? {
            None => self.config.number(key),
            found => Ok(found),
        }
    }

    fn kind(&self) -> Option<&str> {
        let paths =
            PLACES.iter().flat_map(|place| [format!("{place}.rope_type"), format!("{place}.type")]);
        paths.into_iter().find_map(|path| self.config.string(Key::both(&path, "rope.scaling.type")))
    }

    /// Maximum length of the training texts.
    fn original(&self) -> Result<f64> {
        const KEY: Key<'static> =
            Key::both("original_max_position_embeddings", "rope.scaling.original_context_length");
        let context = || {
            self.config.count(Key::both("max_position_embeddings", "context_length"), MAX_CONTEXT)
        };
        // The top level takes precedence over the parameters.
        match self.config.number(KEY)? {
            Some(original) => Ok(original),
            None => Ok(self.number(KEY)?.unwrap_or(context()? as f64)),
        }
    }

    fn factors(&self, key: &str, count: usize) -> Result<Option<Vec<f32>>> {
        let places = PLACES.iter().map(|place| format!("{place}.{key}"));
        let Some(list) = places.into_iter().find_map(|path| self.config.list(Key::json(&path)))
        else {
            return Ok(None);
        };
        let factors: Vec<f32> =
            list.iter().filter_map(|v| v.as_f64()).filter(|f| *f > 0.0).map(|f| f as f32).collect();
        if factors.len() != count || list.len() != count {
            let reason = format!("{key} is not a list of {count} numbers above zero");
            return Err(Error::malformed(self.config.file(), reason));
        }
        Ok(Some(factors))
    }
}

/// The rotary embedding for heads of a size, scaled as the checkpoint asks.
pub(super) fn read(checkpoint: &Checkpoint, head_dim: usize, defaults: Defaults) -> Result<Rope> {
    let model_config = &checkpoint.config;
    let parameters = Parameters { config: model_config };
    let base = parameters.or_top_level(Key::both("rope_theta", "rope.freq_base"))?;
    let base = base.or(defaults.rope_base).unwrap_or(10_000.0);
    let rotated = if model_config.is_gguf() {
        model_config.count_or(Key::gguf("rope.dimension_count"), MAX_WIDTH, head_dim)?
    } else {
        let fraction = parameters.or_top_level(Key::json("partial_rotary_factor"))?;
        (fraction.or(defaults.rotated).unwrap_or(1.0) * head_dim as f64) as usize
    };
    if rotated == 0 || rotated > head_dim || rotated % 2 != 0 {
        let reason = format!("{rotated} elements of a head of size {head_dim} cannot be rotated");
        return Err(Error::malformed(model_config.file(), reason));
    }
    let mut rope = Rope::new(rotated, base, Pairing::Halves);
    divide(&mut rope, checkpoint)?;
    let pairs = rotated / 2;
    let kind = match parameters.kind() {
        // GGUF files do not name the type, but have the tables.
        _ if model_config.is_gguf() && checkpoint.find("rope_factors_long.weight")?.is_some() => {
            Some("longrope")
        }
        // Older configs of Phi use other names.
        Some("su") => Some("longrope"),
        Some("yarn") if parameters.factors("long_factor", pairs)?.is_some() => Some("longrope"),
        kind => kind,
    };
    match kind {
        None | Some("default" | "none") => {}
        Some("linear") => {
            let factor = parameters.needed(Key::both("factor", "rope.scaling.factor"))? as f32;
            rope.frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
        }
        Some("llama3") => scale_llama3(
            &mut rope.frequencies,
            parameters.needed(Key::json("factor"))?,
            parameters.needed(Key::json("low_freq_factor"))?,
            parameters.needed(Key::json("high_freq_factor"))?,
            parameters.original()?,
        ),
        // Named dynamic, but with `alpha` the base is scaled once
        // (`compute_ntk_alpha_rope_parameters`). GGUF files hold the scaled base.
        Some("dynamic")
            if parameters.number(Key::json("alpha"))?.is_some_and(|alpha| alpha > 0.0) =>
        {
            let size = head_dim as f64;
            let scaled = base * parameters.needed(Key::json("alpha"))?.powf(size / (size - 2.0));
            rope = Rope::new(head_dim, scaled, Pairing::Halves);
        }
        // Scales the base for texts longer than those of the training, which are beyond the context
        // limit.
        Some("dynamic") => {}
        Some("yarn") => scale_yarn(&mut rope, base, &parameters)?,
        Some("longrope") => choose_by_length(&mut rope, checkpoint, &parameters)?,
        Some(other) => {
            let known = "linear, dynamic, llama3, yarn, longrope";
            return Err(model_config.unsupported(format!("rope scaling `{other}`"), known));
        }
    }
    Ok(rope)
}

/// Divides the frequencies by the table of a GGUF file, if it has one: for Llama 3's scaling, and
/// for pairs that are not rotated.
pub(super) fn divide(rope: &mut Rope, checkpoint: &Checkpoint) -> Result<()> {
    if checkpoint.config.is_gguf() && checkpoint.find("rope_freqs.weight")?.is_some() {
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

/// Llama 3.1's scaling: low frequencies are divided by `factor`, high ones are kept, those between
/// are interpolated (`_compute_llama3_parameters`).
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

/// YaRN: high frequencies are kept, low ones are divided by `factor`, those between are
/// interpolated (Peng et al. 2023, <https://arxiv.org/abs/2309.00071>;
/// `_compute_yarn_parameters`).
fn scale_yarn(rope: &mut Rope, base: f64, parameters: &Parameters<'_>) -> Result<()> {
    let original = parameters.original()?;
    let factor = parameters.needed(Key::both("factor", "rope.scaling.factor"))?;
    let fast = parameters.nonzero(Key::both("beta_fast", "rope.scaling.yarn_beta_fast"))?;
    let slow = parameters.nonzero(Key::both("beta_slow", "rope.scaling.yarn_beta_slow"))?;
    let (fast, slow) = (fast.unwrap_or(32.0), slow.unwrap_or(1.0));
    let size = (2 * rope.frequencies.len()) as f64;
    // The pair with a number of turns within the original context.
    let pair =
        |turns: f64| size * (original / (turns * std::f64::consts::TAU)).ln() / (2.0 * base.ln());
    let (mut low, mut high) = (pair(fast), pair(slow));
    let truncate = PLACES
        .iter()
        .find_map(|place| parameters.config.get(Key::json(&format!("{place}.truncate"))));
    if truncate.and_then(|v| v.as_bool()).unwrap_or(true) {
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
    let scales = (
        parameters.nonzero(Key::json("mscale"))?,
        parameters.nonzero(Key::both("mscale_all_dim", "rope.scaling.yarn_log_multiplier"))?,
    );
    rope.amplitude = match (
        parameters.number(Key::both("attention_factor", "rope.scaling.yarn_attn_factor"))?,
        scales,
    ) {
        (Some(factor), _) => factor,
        (None, (Some(own), Some(all))) => longer(own) / longer(all),
        (None, (None, Some(all))) if parameters.config.is_gguf() => longer(1.0) / longer(all),
        _ => longer(1.0),
    } as f32;
    // In llama.cpp this is a factor of the paper's value.
    if let (true, Some(factor)) =
        (parameters.config.is_gguf(), parameters.number(Key::gguf("rope.scaling.attn_factor"))?)
    {
        rope.amplitude *= factor as f32;
    }
    Ok(())
}

/// LongRoPE: a table of divisors for texts up to the length of the training, another for longer
/// ones (Ding et al. 2024, <https://arxiv.org/abs/2402.13753>; `_compute_longrope_parameters`).
fn choose_by_length(
    rope: &mut Rope,
    checkpoint: &Checkpoint,
    parameters: &Parameters<'_>,
) -> Result<()> {
    let model_config = parameters.config;
    let pairs = rope.frequencies.len();
    let factors = |json: &str, gguf: &str| {
        if model_config.is_gguf() {
            return table(checkpoint, gguf, pairs);
        }
        parameters.factors(json, pairs)?.ok_or_else(|| {
            Error::malformed(model_config.file(), format!("rope scaling lacks a {json}"))
        })
    };
    let (short, long) = (
        factors("short_factor", "rope_factors_short.weight")?,
        factors("long_factor", "rope_factors_long.weight")?,
    );
    // The default of Phi, which its configs may leave out.
    let original = match model_config.number(Key::json("original_max_position_embeddings"))? {
        None if !model_config.is_gguf() => 4096.0,
        _ => parameters.original()?,
    };
    let context = model_config
        .count(Key::both("max_position_embeddings", "context_length"), MAX_CONTEXT)?
        as f64;
    let factor = parameters.number(Key::json("factor"))?.unwrap_or(context / original);
    let amplitude =
        match parameters.number(Key::both("attention_factor", "rope.scaling.attn_factor"))? {
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
