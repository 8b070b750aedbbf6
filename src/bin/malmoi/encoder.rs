//! The encoder of sentences of a command, which `--meaning` names or which is installed; and the
//! model that `--estimate` names.

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::Result;
use malmoi::checks::{Estimation, SentenceEncoder};

use crate::context::Context;

/// The encoder for the checks; `None` if there is none, or with `--meaning off`. It is opened when
/// the first sentences are compared.
///
/// Fails if the named one is not installed.
#[cfg(feature = "meaning")]
pub(crate) fn encoder(context: &Context) -> Result<Option<Arc<dyn SentenceEncoder>>> {
    use malmoi::meaning::LazySentenceModel;
    use malmoi::store::{InstalledModel, catalogue};

    let installed = match context.settings.get("meaning").unwrap_or("auto") {
        "off" | "false" => return Ok(None),
        "auto" => {
            let installed = |entry| {
                let path = context.store.installed(entry)?;
                Some(InstalledModel { path, entry: Some(entry) })
            };
            match catalogue::encoders().find_map(installed) {
                Some(installed) => installed,
                None => return Ok(None),
            }
        }
        name => context.store.locate(name)?,
    };
    context.store.check(&installed)?;
    let weights_cache = Some(context.settings.weights_cache());
    Ok(Some(Arc::new(LazySentenceModel::new(installed.path, weights_cache))))
}

/// No encoder: this build has none. Fails if one is named.
#[cfg(not(feature = "meaning"))]
pub(crate) fn encoder(context: &Context) -> Result<Option<Arc<dyn SentenceEncoder>>> {
    match context.settings.get("meaning").unwrap_or("auto") {
        "off" | "false" | "auto" => Ok(None),
        name => anyhow::bail!("--meaning {name}: this build has no encoder of sentences"),
    }
}

/// The source of estimates that `--estimate` names; a model is downloaded if necessary.
pub(crate) fn estimation(context: &Context, name: &str, least: f32) -> Result<Estimation> {
    match name {
        "auto" => Ok(Estimation::Auto),
        "off" | "false" => Ok(Estimation::Off),
        name => model(context, name, least),
    }
}

#[cfg(feature = "meaning")]
fn model(context: &Context, name: &str, least: f32) -> Result<Estimation> {
    use malmoi::meaning::CometModel;

    let installed = context.resolver().installed(name)?;
    context.store.check(&installed)?;
    let model =
        CometModel::open_with_cache(installed.path, Some(&context.settings.weights_cache()))?;
    Ok(Estimation::Model { model: Arc::new(model), least })
}

/// No model: this build has none.
#[cfg(not(feature = "meaning"))]
fn model(_: &Context, name: &str, _: f32) -> Result<Estimation> {
    anyhow::bail!("--estimate {name}: this build has no estimates of quality")
}

/// Says to a person at a terminal that the memory is not prepared for search by meaning.
pub(crate) fn note_missing_index(context: &Context) {
    if std::io::stderr().is_terminal() {
        context.ui.note("for matches by meaning, prepare the memory with `malmoi memory index`");
    }
}

/// Says once, to a person at a terminal, that meanings are not compared and how they would be.
pub(crate) fn note_absence(context: &Context) {
    let is_read =
        std::io::stderr().is_terminal() && context.settings.get("meaning") == Some("auto");
    if cfg!(feature = "meaning") && is_read {
        context.ui.note(
            "meanings are not compared: no encoder of sentences is installed \
             (`malmoi models pull e5-small`, 72 MB; --meaning off leaves out this note)",
        );
    }
}
