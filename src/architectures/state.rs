//! What a sequence has read: keys and values of attention layers, and the fixed amount that
//! recurrent layers remember. A state is a value: it is cut back, forked and thrown away without
//! asking the network.
//!
//! Knows memory; knows no network and no arithmetic.

use std::borrow::Cow;
use std::sync::Arc;

use candle_core::Result;

use crate::kernels::KeyValues;

/// What one sequence has read.
#[derive(Clone)]
pub struct State {
    length: usize,
    memory: Memory,
    /// Where recurrent layers can return to, oldest first.
    marks: Vec<Mark>,
    /// A step has begun and not ended: what recurrent layers remember belongs to no length.
    torn: bool,
    /// What to do when the sequence becomes longer than some length.
    again: Option<Again>,
    /// What an encoder made of the source.
    source: Option<Source>,
}

/// Keys and values of a source, for each layer of a decoder that attends to it. Nobody writes to
/// them.
#[derive(Clone)]
pub(super) struct Source(Arc<Vec<KeyValues>>);

impl Source {
    pub fn new(layers: Vec<KeyValues>) -> Self {
        Self(Arc::new(layers))
    }

    /// Whether it is the same, and not only one like it.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Those for a layer.
    pub fn keys(&self, layer: usize) -> Result<&KeyValues> {
        match self.0.get(layer) {
            Some(keys) => Ok(keys),
            None => candle_core::bail!("a state of another network"),
        }
    }
}

/// Sequences that are longer than `than` tokens are read in another way, from their beginning.
#[derive(Clone)]
struct Again {
    than: usize,
    /// Every token read so far.
    tokens: Vec<u32>,
}

#[derive(Clone)]
pub(super) enum Memory {
    /// One a layer.
    Layers(Vec<LayerMemory>),
    /// The tokens themselves: a scripted model's.
    Tokens(Vec<u32>),
}

/// What one layer remembers of one sequence.
#[derive(Clone)]
pub(super) enum LayerMemory {
    /// Keys and values of every token.
    Attention(KeyValues),
    /// A fixed amount, however long the sequence is.
    Recurrent(Recurrent),
    /// Nothing: it reads another layer's keys and values.
    Nothing,
}

#[derive(Clone)]
struct Mark {
    length: usize,
    layers: Vec<Recurrent>,
}

impl State {
    /// Marks that are kept; each costs what recurrent layers remember.
    const MARKS: usize = 3;
    /// While a text is written, a mark is made so often (tokens).
    const EVERY: usize = 128;

    /// A sequence that has read nothing.
    pub(super) fn new(memory: Memory) -> Self {
        Self { length: 0, memory, marks: Vec::new(), torn: false, again: None, source: None }
    }

    /// The same for a network that has read a source.
    pub(super) fn with_source(self, source: Source) -> Self {
        Self { source: Some(source), ..self }
    }

    /// The same for a network that reads sequences of more than `than` tokens in another way.
    pub(super) fn read_again_if_longer(self, than: usize) -> Self {
        Self { again: Some(Again { than, tokens: Vec::new() }), ..self }
    }

    /// Tokens read so far.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets what was read after the first `length` tokens, and returns how many are left.
    ///
    /// Attention can be cut anywhere. What recurrent layers remember cannot: they return to the
    /// last mark before, so that fewer tokens may be left than asked for; the caller reads the
    /// rest again. Marks are made where a piece of a prompt ends, and now and then.
    pub fn truncate(&mut self, length: usize) -> usize {
        let mut length = length.min(self.length);
        if length == self.length && !self.torn {
            return length;
        }
        if self.again.as_ref().is_some_and(|again| self.length > again.than && length <= again.than)
        {
            length = 0;
        }
        match &mut self.memory {
            // Keys and values are written at `length`; what lies beyond is overwritten.
            Memory::Layers(layers) => {
                let mut recurrent: Vec<&mut Recurrent> =
                    layers.iter_mut().filter_map(recurrent_mut).collect();
                if recurrent.is_empty() {
                    self.length = length;
                } else {
                    self.marks.retain(|mark| mark.length <= length);
                    self.length = self.marks.last().map_or(0, |mark| mark.length);
                    for (index, layer) in recurrent.iter_mut().enumerate() {
                        match self.marks.last() {
                            Some(mark) => **layer = mark.layers[index].clone(),
                            None => **layer = Recurrent::new(layer.0.len()),
                        }
                    }
                }
            }
            Memory::Tokens(tokens) => {
                tokens.truncate(length);
                self.length = length;
            }
        }
        if let Some(again) = &mut self.again {
            again.tokens.truncate(self.length);
        }
        self.torn = false;
        self.length
    }

    /// Tokens that may be read now and taken back without any others being read again.
    pub fn ahead(&self) -> usize {
        let is_recurrent = |layer: &LayerMemory| matches!(layer, LayerMemory::Recurrent(_));
        match (&self.memory, &self.again) {
            (Memory::Layers(layers), _) if layers.iter().any(is_recurrent) => 0,
            (_, Some(again)) if self.length <= again.than => again.than - self.length,
            _ => usize::MAX,
        }
    }

    /// A second sequence with the same past. Memory is shared until one of the two is written to.
    pub fn fork(&self) -> Self {
        self.clone()
    }

    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn layer(&mut self, index: usize) -> Option<&mut LayerMemory> {
        match &mut self.memory {
            Memory::Layers(layers) => layers.get_mut(index),
            Memory::Tokens(_) => None,
        }
    }

    /// Keys and values of an attention layer.
    pub(super) fn keys(&mut self, layer: usize) -> Result<&mut KeyValues> {
        match self.layer(layer) {
            Some(LayerMemory::Attention(cache)) => Ok(cache),
            _ => candle_core::bail!("a state of another network"),
        }
    }

    /// What an encoder made of the source.
    pub(super) fn source(&self) -> Result<&Source> {
        match &self.source {
            Some(source) => Ok(source),
            None => candle_core::bail!("a state of another network"),
        }
    }

    /// What a recurrent layer remembers.
    pub(super) fn recurrent(&mut self, layer: usize) -> Result<&mut [f32]> {
        match self.layer(layer) {
            Some(LayerMemory::Recurrent(memory)) => Ok(Arc::make_mut(&mut memory.0).as_mut_slice()),
            _ => candle_core::bail!("a state of another network"),
        }
    }

    /// What a step over `tokens` has to read: these, or all of the sequence where it becomes too
    /// long to be read on as it was.
    pub(super) fn reading<'t>(&mut self, tokens: &'t [u32]) -> Cow<'t, [u32]> {
        match &mut self.again {
            Some(again)
                if (1..=again.than).contains(&self.length)
                    && self.length + tokens.len() > again.than =>
            {
                let mut all = std::mem::take(&mut again.tokens);
                all.extend(tokens);
                self.truncate(0);
                Cow::Owned(all)
            }
            _ => Cow::Borrowed(tokens),
        }
    }

    /// A step begins: until it ends well, recurrent layers are somewhere in between.
    pub(super) fn begin_step(&mut self) {
        self.torn = true;
    }

    /// A step over these tokens has ended well.
    pub(super) fn end_step(&mut self, tokens: &[u32]) {
        self.torn = false;
        let before = self.length;
        self.length += tokens.len();
        if let Some(again) = &mut self.again {
            again.tokens.extend(tokens);
        }
        if tokens.len() > 1 || before / Self::EVERY < self.length / Self::EVERY {
            self.mark();
        }
    }

    fn mark(&mut self) {
        let Memory::Layers(layers) = &mut self.memory else { return };
        let layers: Vec<Recurrent> =
            layers.iter_mut().filter_map(recurrent_mut).map(|layer| layer.clone()).collect();
        if layers.is_empty() {
            return;
        }
        if self.marks.len() == Self::MARKS {
            self.marks.remove(0);
        }
        self.marks.push(Mark { length: self.length, layers });
    }
}

fn recurrent_mut(layer: &mut LayerMemory) -> Option<&mut Recurrent> {
    match layer {
        LayerMemory::Recurrent(recurrent) => Some(recurrent),
        LayerMemory::Attention(_) | LayerMemory::Nothing => None,
    }
}

/// What a recurrent layer remembers of one sequence. Cloning shares the memory; the first to write
/// copies it.
#[derive(Clone)]
pub(super) struct Recurrent(Arc<Vec<f32>>);

impl Recurrent {
    /// Nothing was read: zeros.
    pub fn new(size: usize) -> Self {
        Self(Arc::new(vec![0.0; size]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence whose one layer counts the tokens it has read.
    struct Counter(State);

    impl Counter {
        fn new() -> Self {
            Self(State::new(Memory::Layers(vec![LayerMemory::Recurrent(Recurrent::new(1))])))
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
    fn what_recurrent_layers_remember_goes_back_to_a_mark() {
        let mut one = Counter::new();
        one.read(40);
        (0..100).for_each(|_| one.read(1));
        // The end of the prompt, and every 128th token.
        assert_eq!((one.0.truncate(139), one.counted()), (128, 128));
        assert_eq!((one.0.truncate(100), one.counted()), (40, 40));
        one.read(3);
        assert_eq!((one.0.truncate(43), one.counted()), (43, 43));
        assert_eq!((one.0.truncate(39), one.counted()), (0, 0));
    }

    #[test]
    fn a_fork_and_its_marks_are_its_own() {
        let mut one = Counter::new();
        one.read(10);
        let mut other = Counter(one.0.fork());
        other.read(5);
        assert_eq!((one.counted(), other.counted()), (10, 15));
        assert_eq!((other.0.truncate(12), other.counted()), (10, 10));
    }

    #[test]
    fn a_sequence_that_becomes_too_long_is_read_again_once() {
        let mut state = State::new(Memory::Layers(Vec::new())).read_again_if_longer(4);
        let mut read = |tokens: &[u32]| {
            let all = state.reading(tokens).into_owned();
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
    fn only_what_can_be_taken_back_alone_is_read_ahead() {
        assert_eq!(Counter::new().0.ahead(), 0);
        let mut state = State::new(Memory::Layers(Vec::new()));
        assert_eq!(state.ahead(), usize::MAX);
        state = state.read_again_if_longer(4);
        let ahead = |state: &mut State, tokens: &[u32]| {
            state.begin_step();
            state.end_step(tokens);
            state.ahead()
        };
        assert_eq!(ahead(&mut state, &[1, 2, 3]), 1);
        assert_eq!(ahead(&mut state, &[4]), 0);
        assert_eq!(ahead(&mut state, &[5]), usize::MAX);
    }

    #[test]
    fn a_step_that_failed_is_taken_back() {
        let mut one = Counter::new();
        one.read(10);
        one.0.begin_step();
        one.add(7);
        assert_eq!((one.0.truncate(10), one.counted()), (10, 10));
    }
}
