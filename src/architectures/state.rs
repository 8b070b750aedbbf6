//! State of a sequence: the KV caches of attention layers and the states of recurrent layers. A
//! state is a value: it is truncated, forked and dropped without the network.
//!
//! Knows memory; knows no network and no arithmetic.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::Result;

use crate::kernels::KvCache;

/// Everything that a network keeps of one sequence.
#[derive(Clone)]
pub struct State {
    /// Number of tokens processed.
    length: usize,
    cache: SequenceCache,
    /// Positions to which recurrent layers can return, oldest first.
    snapshots: Vec<Snapshot>,
    /// True between the beginning and the end of a step: recurrent layers are then at no position.
    mid_step: bool,
    /// Set if longer sequences are computed differently, from their first token on.
    recompute: Option<RecomputeBeyond>,
    /// Encoder output for cross-attention.
    encoder_output: Option<EncoderOutput>,
}

/// Cross-attention keys and values of one encoder input, for each decoder layer. Read only.
#[derive(Clone)]
pub(super) struct EncoderOutput(Arc<Vec<KvCache>>);

impl EncoderOutput {
    pub fn new(layers: Vec<KvCache>) -> Self {
        Self(Arc::new(layers))
    }

    /// True if both are the same object, not only equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Keys and values for a decoder layer.
    pub fn kv(&self, layer: usize) -> Result<&KvCache> {
        match self.0.get(layer) {
            Some(kv) => Ok(kv),
            None => candle_core::bail!("a state of another network"),
        }
    }
}

/// A sequence that becomes longer than `length` tokens is computed again from its first token.
#[derive(Clone)]
struct RecomputeBeyond {
    length: usize,
    /// All tokens so far.
    tokens: Vec<u32>,
}

/// The caches of one sequence.
#[derive(Clone)]
pub(super) enum SequenceCache {
    /// One for each layer.
    Layers(Vec<LayerCache>),
    /// The tokens themselves, of a scripted model.
    Tokens(Vec<u32>),
}

/// The cache of one layer.
#[derive(Clone)]
pub(super) enum LayerCache {
    /// Keys and values of every token.
    Attention(KvCache),
    /// A state of fixed size.
    Recurrent(RecurrentState),
    /// None: the layer uses the keys and values of another one.
    None,
}

/// The recurrent layers at some position.
#[derive(Clone)]
struct Snapshot {
    length: usize,
    layers: Vec<RecurrentState>,
}

impl State {
    /// Maximum number of snapshots. Each is as large as all recurrent states.
    const MAX_SNAPSHOTS: usize = 3;
    /// Tokens between snapshots while decoding.
    const SNAPSHOT_INTERVAL: usize = 128;

    /// The state of an empty sequence.
    pub(super) fn new(cache: SequenceCache) -> Self {
        Self {
            length: 0,
            cache,
            snapshots: Vec::new(),
            mid_step: false,
            recompute: None,
            encoder_output: None,
        }
    }

    /// Adds the encoder output.
    pub(super) fn with_encoder_output(self, output: EncoderOutput) -> Self {
        Self { encoder_output: Some(output), ..self }
    }

    /// Marks sequences of more than `length` tokens as computed differently, from their first token
    /// on.
    pub(super) fn recompute_beyond(self, length: usize) -> Self {
        Self { recompute: Some(RecomputeBeyond { length, tokens: Vec::new() }), ..self }
    }

    /// Number of tokens processed.
    pub fn len(&self) -> usize {
        self.length
    }

    /// True if no token was processed yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Removes the tokens after the first `length`, and returns the number of tokens that are left.
    ///
    /// KV caches can be cut anywhere. Recurrent layers return to their last snapshot at or before
    /// `length`, so that fewer tokens may be left; the caller processes the rest again. Snapshots
    /// are made at the end of each chunk of a prompt and at intervals while decoding.
    pub fn truncate(&mut self, length: usize) -> usize {
        let mut length = length.min(self.length);
        if length == self.length && !self.mid_step {
            return length;
        }
        if let Some(recompute) = &self.recompute
            && length <= recompute.length
            && recompute.length < self.length
        {
            length = 0;
        }
        match &mut self.cache {
            SequenceCache::Layers(layers) => {
                let mut recurrent: Vec<&mut RecurrentState> =
                    layers.iter_mut().filter_map(recurrent_mut).collect();
                if recurrent.is_empty() {
                    // KV caches are overwritten from `length` on.
                    self.length = length;
                } else {
                    self.snapshots.retain(|snapshot| snapshot.length <= length);
                    self.length = self.snapshots.last().map_or(0, |snapshot| snapshot.length);
                    for (index, layer) in recurrent.iter_mut().enumerate() {
                        **layer = match self.snapshots.last() {
                            Some(snapshot) => snapshot.layers[index].clone(),
                            None => RecurrentState::new(layer.0.len()),
                        };
                    }
                }
            }
            SequenceCache::Tokens(tokens) => {
                tokens.truncate(length);
                self.length = length;
            }
        }
        if let Some(recompute) = &mut self.recompute {
            recompute.tokens.truncate(self.length);
        }
        self.mid_step = false;
        self.length
    }

    /// Number of tokens that can be appended now and removed again without computing any others
    /// again.
    pub fn removable(&self) -> usize {
        let is_recurrent = |layer: &LayerCache| matches!(layer, LayerCache::Recurrent(_));
        match (&self.cache, &self.recompute) {
            (SequenceCache::Layers(layers), _) if layers.iter().any(is_recurrent) => 0,
            (_, Some(recompute)) if self.length <= recompute.length => {
                recompute.length - self.length
            }
            _ => usize::MAX,
        }
    }

    /// A second sequence with the same tokens. Memory is shared until one of the two changes.
    pub fn fork(&self) -> Self {
        self.clone()
    }

    pub(super) fn cache_mut(&mut self) -> &mut SequenceCache {
        &mut self.cache
    }

    fn layer(&mut self, index: usize) -> Option<&mut LayerCache> {
        match &mut self.cache {
            SequenceCache::Layers(layers) => layers.get_mut(index),
            SequenceCache::Tokens(_) => None,
        }
    }

    /// The KV cache of an attention layer.
    pub(super) fn kv_cache(&mut self, layer: usize) -> Result<&mut KvCache> {
        match self.layer(layer) {
            Some(LayerCache::Attention(cache)) => Ok(cache),
            _ => candle_core::bail!("a state of another network"),
        }
    }

    pub(super) fn encoder_output(&self) -> Result<&EncoderOutput> {
        match &self.encoder_output {
            Some(output) => Ok(output),
            None => candle_core::bail!("a state of another network"),
        }
    }

    /// The state of a recurrent layer.
    pub(super) fn recurrent(&mut self, layer: usize) -> Result<&mut [f32]> {
        match self.layer(layer) {
            Some(LayerCache::Recurrent(state)) => Ok(Arc::make_mut(&mut state.0).as_mut_slice()),
            _ => candle_core::bail!("a state of another network"),
        }
    }

    /// The tokens to compute in order to append `tokens`: these, or the whole sequence if it
    /// becomes so long that it must be computed again. The state is then empty.
    pub(super) fn tokens_to_compute<'t>(&mut self, tokens: &'t [u32]) -> Cow<'t, [u32]> {
        match &mut self.recompute {
            Some(recompute)
                if (1..=recompute.length).contains(&self.length)
                    && self.length + tokens.len() > recompute.length =>
            {
                let mut all = std::mem::take(&mut recompute.tokens);
                all.extend(tokens);
                self.truncate(0);
                Cow::Owned(all)
            }
            _ => Cow::Borrowed(tokens),
        }
    }

    /// Begins a step: until [`end_step`](Self::end_step) recurrent layers are at no position.
    pub(super) fn begin_step(&mut self) {
        self.mid_step = true;
    }

    /// Ends a step that appended these tokens.
    pub(super) fn end_step(&mut self, tokens: &[u32]) {
        self.mid_step = false;
        let before = self.length;
        self.length += tokens.len();
        if let Some(recompute) = &mut self.recompute {
            recompute.tokens.extend(tokens);
        }
        let intervals = |length: usize| length / Self::SNAPSHOT_INTERVAL;
        if tokens.len() > 1 || intervals(before) < intervals(self.length) {
            self.add_snapshot();
        }
    }

    fn add_snapshot(&mut self) {
        let SequenceCache::Layers(layers) = &mut self.cache else { return };
        let layers: Vec<RecurrentState> =
            layers.iter_mut().filter_map(recurrent_mut).map(|layer| layer.clone()).collect();
        if layers.is_empty() {
            return;
        }
        if self.snapshots.len() == Self::MAX_SNAPSHOTS {
            self.snapshots.remove(0);
        }
        self.snapshots.push(Snapshot { length: self.length, layers });
    }
}

fn recurrent_mut(layer: &mut LayerCache) -> Option<&mut RecurrentState> {
    match layer {
        LayerCache::Recurrent(state) => Some(state),
        LayerCache::Attention(_) | LayerCache::None => None,
    }
}

/// The state of a recurrent layer. Clones share memory until one of them is changed.
#[derive(Clone)]
pub(super) struct RecurrentState(Arc<Vec<f32>>);

impl RecurrentState {
    /// The state of an empty sequence: zeros.
    pub fn new(size: usize) -> Self {
        Self(Arc::new(vec![0.0; size]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence with one recurrent layer that counts tokens.
    struct Counter(State);

    impl Counter {
        fn new() -> Self {
            Self(State::new(SequenceCache::Layers(vec![LayerCache::Recurrent(
                RecurrentState::new(1),
            )])))
        }

        fn read(&mut self, tokens: usize) {
            self.0.begin_step();
            self.add(tokens);
            self.0.end_step(&vec![7; tokens]);
        }

        fn add(&mut self, tokens: usize) {
            self.0.recurrent(0).unwrap()[0] += tokens as f32;
        }

        fn counted(&mut self) -> usize {
            self.0.recurrent(0).unwrap()[0] as usize
        }
    }

    #[test]
    fn recurrent_layers_return_to_a_snapshot() {
        let mut sequence = Counter::new();
        sequence.read(40);
        (0..100).for_each(|_| sequence.read(1));
        // Snapshots at the end of the prompt and at every 128th token.
        assert_eq!((sequence.0.truncate(139), sequence.counted()), (128, 128));
        assert_eq!((sequence.0.truncate(100), sequence.counted()), (40, 40));
        sequence.read(3);
        assert_eq!((sequence.0.truncate(43), sequence.counted()), (43, 43));
        assert_eq!((sequence.0.truncate(39), sequence.counted()), (0, 0));
    }

    #[test]
    fn a_fork_has_its_own_snapshots() {
        let mut sequence = Counter::new();
        sequence.read(10);
        let mut other = Counter(sequence.0.fork());
        other.read(5);
        assert_eq!((sequence.counted(), other.counted()), (10, 15));
        assert_eq!((other.0.truncate(12), other.counted()), (10, 10));
    }

    #[test]
    fn a_sequence_that_becomes_too_long_is_computed_again_once() {
        let mut state = State::new(SequenceCache::Layers(Vec::new())).recompute_beyond(4);
        let mut read = |tokens: &[u32]| {
            let all = state.tokens_to_compute(tokens).into_owned();
            state.begin_step();
            state.end_step(&all);
            (all, state.len())
        };
        assert_eq!(read(&[1, 2, 3]), (vec![1, 2, 3], 3));
        assert_eq!(read(&[4]), (vec![4], 4));
        assert_eq!(read(&[5, 6]), (vec![1, 2, 3, 4, 5, 6], 6));
        assert_eq!(read(&[7]), (vec![7], 7));
        assert_eq!(state.truncate(5), 5);
        assert_eq!(state.truncate(4), 0);
    }

    #[test]
    fn removable_tokens_end_where_others_must_be_computed_again() {
        assert_eq!(Counter::new().0.removable(), 0);
        let mut state = State::new(SequenceCache::Layers(Vec::new()));
        assert_eq!(state.removable(), usize::MAX);
        state = state.recompute_beyond(4);
        let removable = |state: &mut State, tokens: &[u32]| {
            state.begin_step();
            state.end_step(tokens);
            state.removable()
        };
        assert_eq!(removable(&mut state, &[1, 2, 3]), 1);
        assert_eq!(removable(&mut state, &[4]), 0);
        assert_eq!(removable(&mut state, &[5]), usize::MAX);
    }

    #[test]
    fn a_failed_step_is_undone() {
        let mut sequence = Counter::new();
        sequence.read(10);
        sequence.0.begin_step();
        sequence.add(7);
        assert_eq!((sequence.0.truncate(10), sequence.counted()), (10, 10));
    }
}
