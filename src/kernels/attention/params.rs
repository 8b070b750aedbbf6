//! The parameters of an attention layer.

/// What attention needs to know beside queries, keys and values.
#[derive(Debug, Clone, Copy)]
pub struct Attention {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Numbers of a head.
    pub head_dim: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// What soft-caps scores, where anything does: `cap · tanh(score / cap)` (Gemma 2).
    pub softcap: Option<f32>,
    /// Which keys a query sees.
    pub mask: Mask,
    /// Whether its results go to a layer that rounds them to 16 bits where AMX reads a prompt:
    /// then AMX may attend, too.
    pub allows_bf16: bool,
}

/// Which keys a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Its own and all before it.
    Causal,
    /// The last so many, its own included.
    SlidingWindow(usize),
    /// All, those after it too.
    Full,
}

impl Attention {
    /// The keys that the query at `position` sees, of `count`.
    pub fn visible(&self, position: usize, count: usize) -> std::ops::Range<usize> {
        let end = position + 1;
        match self.mask {
            Mask::Causal => 0..end,
            Mask::SlidingWindow(window) => end.saturating_sub(window)..end,
            Mask::Full => 0..count,
        }
    }
}
