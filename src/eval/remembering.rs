//! An encoder of sentences that keeps what it has encoded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::checks::SentenceEncoder;
use crate::error::Result;

/// An encoder with the vectors of all sentences that it was given.
pub(super) struct Remembering {
    encoder: Arc<dyn SentenceEncoder>,
    vectors: Mutex<HashMap<String, Vec<f32>>>,
}

impl Remembering {
    pub fn over(encoder: Arc<dyn SentenceEncoder>) -> Arc<dyn SentenceEncoder> {
        Arc::new(Self { encoder, vectors: Mutex::default() })
    }
}

impl SentenceEncoder for Remembering {
    fn name(&self) -> &str {
        self.encoder.name()
    }

    fn encode(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>> {
        let known = || self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new: Vec<&str> = {
            let known = known();
            sentences.iter().copied().filter(|sentence| !known.contains_key(*sentence)).collect()
        };
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            // Not under the lock: other threads encode meanwhile.
            let vectors = self.encoder.encode(&new)?;
            known().extend(new.iter().map(|sentence| (*sentence).to_string()).zip(vectors));
        }
        let known = known();
        Ok(sentences.iter().filter_map(|sentence| known.get(*sentence).cloned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts sentences; the vector is their length.
    struct Counting(AtomicUsize);

    impl SentenceEncoder for Counting {
        fn name(&self) -> &str {
            "counting"
        }

        fn encode(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>> {
            self.0.fetch_add(sentences.len(), Ordering::Relaxed);
            Ok(sentences.iter().map(|sentence| vec![sentence.len() as f32]).collect())
        }
    }

    #[test]
    fn a_sentence_is_encoded_once_and_vectors_keep_their_order() {
        let inner = Arc::new(Counting(AtomicUsize::new(0)));
        let encoder = Remembering::over(inner.clone());
        let vectors = encoder.encode(&["three", "a", "three"]).unwrap();
        assert_eq!(vectors, [[5.0], [1.0], [5.0]]);
        assert_eq!(encoder.encode(&["a", "bb"]).unwrap(), [[1.0], [2.0]]);
        assert_eq!(inner.0.load(Ordering::Relaxed), 3);
    }
}
