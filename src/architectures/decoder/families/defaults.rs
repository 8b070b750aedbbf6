//! Values that the configs of a family may leave out.

/// Default values of a family; `None` if its configs must name the value.
#[derive(Default, Clone, Copy)]
pub(super) struct Defaults {
    pub heads: Option<usize>,
    pub kv_heads: Option<usize>,
    pub head_dim: Option<usize>,
    pub context: Option<usize>,
    pub rope_base: Option<f64>,
    /// Fraction of a head that is rotated.
    pub rotated: Option<f64>,
    /// True if the family reads its rotary embeddings itself.
    pub own_ropes: bool,
    pub tied: bool,
}
