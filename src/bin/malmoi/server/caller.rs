//! Who sent the request that is being answered, for the audit log: known wherever its work is put
//! into the queue, without a parameter of every handler.

use std::sync::{Arc, Mutex, PoisonError};

use crate::audit::Asker;

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// The sender of a request.
pub(crate) struct Caller {
    /// The method and the pattern of the address.
    route: String,
    /// Name of the key, once it is checked.
    key: Mutex<Option<String>>,
}

impl Caller {
    pub fn new(route: String) -> Arc<Self> {
        Arc::new(Self { route, key: Mutex::default() })
    }

    /// The caller as it is recorded.
    pub fn asker(&self) -> Asker {
        let key = self.key.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Asker { route: Some(self.route.clone()), key }
    }
}

/// The sender of the request of this task; `None` outside of requests.
pub(crate) fn current() -> Option<Arc<Caller>> {
    CALLER.try_with(Arc::clone).ok()
}

/// Notes the name of the key of this task's request.
pub(crate) fn set_key(name: &str) {
    if let Some(caller) = current() {
        *caller.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(name.to_string());
    }
}

/// Runs a future for a caller.
pub(crate) async fn scope<F: Future>(caller: Option<Arc<Caller>>, future: F) -> F::Output {
    match caller {
        Some(caller) => CALLER.scope(caller, future).await,
        None => future.await,
    }
}

/// Runs work of another thread for a caller.
pub(crate) fn inside<T>(caller: Option<Arc<Caller>>, work: impl FnOnce() -> T) -> T {
    match caller {
        Some(caller) => CALLER.sync_scope(caller, work),
        None => work(),
    }
}
