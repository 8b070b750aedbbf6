//! The two names of a hyper-parameter.

/// A hyper-parameter by its name in `config.json`, in GGUF metadata, or in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'k> {
    /// Path in `config.json`: `rope_scaling.factor`.
    pub json: Option<&'k str>,
    /// Name in GGUF metadata, without the architecture's prefix: `rope.scaling.factor`.
    pub gguf: Option<&'k str>,
}

impl<'k> Key<'k> {
    /// A parameter that only `config.json` has.
    pub const fn json(json: &'k str) -> Self {
        Self { json: Some(json), gguf: None }
    }

    /// A parameter that only GGUF metadata have.
    pub const fn gguf(gguf: &'k str) -> Self {
        Self { json: None, gguf: Some(gguf) }
    }

    /// A parameter that both have.
    pub const fn both(json: &'k str, gguf: &'k str) -> Self {
        Self { json: Some(json), gguf: Some(gguf) }
    }
}
