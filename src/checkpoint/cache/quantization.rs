//! Quantizations of float weights: their names, and the type that each tensor gets.

use crate::kernels::GgmlType;

/// A quantization of float weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantization {
    /// 8.5 bits per weight, with no visible loss.
    Q8_0,
    /// 6.5 bits per weight.
    Q6K,
    /// 4.5 bits per weight; 6.5 for embeddings and the output matrix.
    Q4K,
}

/// Parts of the names of matrices that keep their precision.
const UNQUANTIZED: &[&str] = &["norm", "position", "conv", "relative_attention_bias", "rope"];

impl Quantization {
    /// All of them, from most to fewest bits.
    pub const ALL: [Self; 3] = [Self::Q8_0, Self::Q6K, Self::Q4K];

    /// The name on the command line: `q8_0`, `q6k`, `q4k`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Q8_0 => "q8_0",
            Self::Q6K => "q6k",
            Self::Q4K => "q4k",
        }
    }

    /// Bits per weight.
    pub fn bits(self) -> f64 {
        let ggml_type = self.main_type();
        8.0 * ggml_type.block_bytes() as f64 / ggml_type.block_len() as f64
    }

    /// Parses a name, with or without underscores, in either case.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_lowercase().replace('_', "");
        Self::ALL.into_iter().find(|quantization| quantization.as_str().replace('_', "") == word)
    }

    fn main_type(self) -> GgmlType {
        match self {
            Self::Q8_0 => GgmlType::Q8_0,
            Self::Q6K => GgmlType::Q6_K,
            Self::Q4K => GgmlType::Q4_K,
        }
    }

    /// The type a tensor is quantized to; `None` if it stays as it is. The rules are those of
    /// `llama_tensor_quantize` of llama.cpp.
    pub(super) fn ggml_type(self, name: &str, shape: &[usize]) -> Option<GgmlType> {
        let [rows, columns] = shape else { return None };
        if !name.ends_with(".weight")
            || *rows < 2
            || UNQUANTIZED.iter().any(|part| name.contains(part))
        {
            return None;
        }
        let outer = ["embed", "shared", "lm_head"].iter().any(|part| name.contains(part));
        let wanted = if self == Self::Q4K && outer { GgmlType::Q6_K } else { self.main_type() };
        // Rows that large blocks do not divide are stored in small ones.
        let fits = |ggml_type: &GgmlType| columns % ggml_type.block_len() == 0;
        [wanted, GgmlType::Q8_0].into_iter().find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_underscores() {
        assert_eq!(Quantization::parse("q8_0"), Some(Quantization::Q8_0));
        assert_eq!(Quantization::parse("Q4_K"), Some(Quantization::Q4K));
        assert_eq!(Quantization::parse("q4"), None);
    }

    #[test]
    fn matrices_are_quantized_but_norms_positions_and_convolutions() {
        let to = |name: &str, shape: &[usize]| Quantization::Q4K.ggml_type(name, shape);
        assert_eq!(to("model.layers.0.mlp.up_proj.weight", &[512, 256]), Some(GgmlType::Q4_K));
        assert_eq!(to("model.embed_tokens.weight", &[512, 256]), Some(GgmlType::Q6_K));
        assert_eq!(to("model.layers.0.mlp.up_proj.weight", &[512, 96]), Some(GgmlType::Q8_0));
        assert_eq!(to("model.layers.0.mlp.up_proj.weight", &[512, 40]), None);
        assert_eq!(to("model.layers.0.input_layernorm.weight", &[256]), None);
        assert_eq!(to("model.layers.0.linear_attn.conv1d.weight", &[512, 1, 4]), None);
        assert_eq!(to("model.decoder.embed_positions.weight", &[512, 256]), None);
        assert_eq!(to("model.layers.0.self_attn.q_proj.bias", &[256]), None);
    }
}
