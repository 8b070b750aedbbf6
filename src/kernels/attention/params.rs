//! Parameters of an attention layer.

/// Parameters of an attention layer.
#[derive(Debug, Clone, Copy)]
pub struct Attention {
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Size of a head.
    pub head_dim: usize,
    /// Factor of scores.
    pub scale: f32,
    /// Soft cap of scores: `cap · tanh(score / cap)` (Gemma 2).
    pub softcap: Option<f32>,
    /// Which keys a query sees.
    pub mask: Mask,
    /// True if the output projection rounds its input to bf16 in prefills on AMX: then attention
    /// may use AMX, too.
    pub allows_bf16: bool,
}

/// The keys that a query attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// The query's own position and all before it.
    Causal,
    /// The last positions up to the query's own, at most this many.
    SlidingWindow(usize),
    /// All positions.
    Full,
}

impl Attention {
    /// The visible ones of `count` keys, for the query at `position`.
    pub fn visible(&self, position: usize, count: usize) -> std::ops::Range<usize> {
        let end = position + 1;
        match self.mask {
            Mask::Causal => 0..end,
            Mask::SlidingWindow(window) => end.saturating_sub(window)..end,
            Mask::Full => 0..count,
        }
    }
}
