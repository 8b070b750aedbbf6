//! Requests in flight, by their content: a client that asks again because it has lost patience gets
//! the answer to its first request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::engine::Failure;

/// Time for which an answer is kept for clients that ask again.
const KEPT: Duration = Duration::from_secs(60);

type Answer = Result<Value, Failure>;

/// Identifies requests that have the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestHash([u8; 32]);

impl RequestHash {
    /// The hash of the parts of a request: its key, address and body.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// Answers to come, and those that came a short while ago.
#[derive(Default)]
pub(crate) struct InFlight(Mutex<HashMap<RequestHash, watch::Receiver<Option<Answer>>>>);

impl InFlight {
    /// Waits for the answer to a request. The first one of a kind begins the work, which goes on
    /// when its client leaves. A failure that would come again is kept as well.
    pub async fn answer<W: Future<Output = Answer> + Send + 'static>(
        self: &Arc<Self>,
        request: RequestHash,
        begin: impl FnOnce() -> Result<W, Failure>,
    ) -> Answer {
        let mut coming = self.join(request, begin)?;
        match coming.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or(Err(Failure::Internal)),
            Err(_) => Err(Failure::Internal),
        }
    }

    fn join<W: Future<Output = Answer> + Send + 'static>(
        self: &Arc<Self>,
        request: RequestHash,
        begin: impl FnOnce() -> Result<W, Failure>,
    ) -> Result<watch::Receiver<Option<Answer>>, Failure> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(coming) = all.get(&request) {
            return Ok(coming.clone());
        }
        let work = begin()?;
        let (sender, coming) = watch::channel(None);
        all.insert(request, coming.clone());
        let this = self.clone();
        tokio::spawn(async move {
            let answer = work.await;
            let is_kept = match &answer {
                Ok(_) | Err(Failure::Late { .. } | Failure::TooLarge(_)) => true,
                Err(_) => false,
            };
            // The map holds a receiver.
            let _ = sender.send(Some(answer));
            if is_kept {
                tokio::time::sleep(KEPT).await;
            }
            this.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&request);
        });
        Ok(coming)
    }
}
