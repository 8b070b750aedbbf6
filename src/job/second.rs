//! The model of a second opinion, which is opened when a segment first needs it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::capabilities::Capabilities;
use crate::model::Model;

/// An open model, or the reason why it could not be opened.
type Opened = Result<(Model, Capabilities), String>;

/// A model that translates doubtful segments again; see
/// [`Request::second`](crate::Request::second). It is opened once, when a segment first needs it.
#[derive(Clone)]
pub struct SecondModel(Arc<Inner>);

struct Inner {
    name: String,
    fingerprint: String,
    open: Box<dyn Fn() -> Opened + Send + Sync>,
    opened: OnceLock<Opened>,
}

impl SecondModel {
    /// A model that `open` opens. `name` is its name in results; `fingerprint` identifies its
    /// weights, so that earlier results are reused only with the same ones.
    pub fn new<E: fmt::Display>(
        name: impl Into<String>,
        fingerprint: impl Into<String>,
        open: impl Fn() -> Result<(Model, Capabilities), E> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            fingerprint: fingerprint.into(),
            open: Box::new(move || open().map_err(|error| error.to_string())),
            opened: OnceLock::new(),
        }))
    }

    /// A model that is open.
    pub fn of(model: &Model, capabilities: Capabilities) -> Self {
        let opened = (model.clone(), capabilities);
        let open = move || Ok::<_, String>(opened.clone());
        Self::new(model.name(), model.fingerprint(), open)
    }

    /// Its name in results.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Identifies its weights.
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// The same, already open.
    pub(crate) fn opened(&self, model: &Model, capabilities: &Capabilities) -> Self {
        let opened = (model.clone(), capabilities.clone());
        let open = move || Ok::<_, String>(opened.clone());
        Self::new(self.name(), self.fingerprint(), open)
    }

    /// The same model for use by many threads at once, as [`Model::shared`].
    pub fn shared(&self, batch: usize) -> Self {
        let own = self.clone();
        Self::new(self.name(), self.fingerprint(), move || {
            let (model, capabilities) = own.get().map_err(str::to_string)?;
            let shared = model.shared(batch).map_err(|error| error.to_string())?;
            Ok::<_, String>((shared, capabilities.clone()))
        })
    }

    /// The open model. Others wait while one thread opens it; a failure is not tried again.
    pub(crate) fn get(&self) -> Result<&(Model, Capabilities), &str> {
        let opened = self.0.opened.get_or_init(|| (self.0.open)());
        opened.as_ref().map_err(String::as_str)
    }
}

impl From<&Model> for SecondModel {
    fn from(model: &Model) -> Self {
        Self::of(model, Capabilities::default())
    }
}

impl fmt::Debug for SecondModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecondModel").field(&self.0.name).finish()
    }
}
