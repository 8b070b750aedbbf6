//! Everything that is tested from outside, in one program: a crate each would be linked each.

#![allow(clippy::unwrap_used)]

mod support;

/// Archives and feeds: every item once, whatever happens.
mod batch;
/// Measurements.
mod bench;
/// The digest in a browser.
#[cfg(feature = "fetch")]
mod browser;
/// Inputs that once broke the program.
mod cases;
/// Messages to prompts, as the reference renders them.
mod chat;
/// The program, as a user sees it.
mod cli;
/// What people read of a run, made from hostile items.
mod digest;
/// Pages, tool files and dependencies.
mod docs;
/// Feeds from the web, from a stand-in for it.
#[cfg(feature = "fetch")]
mod feeds;
/// Files of every kind, well-formed and ill-formed.
mod formats;
/// Texts that are slow on purpose, for the splitter and the checks.
mod growth;
/// Files from elsewhere that are wrong, or wrong on purpose.
mod hostile;
/// The architecture: imports between modules and files.
mod layers;
/// Networks against the reference implementation, and the promises of
/// [`malmoi::internals::architectures::Network`].
mod networks;
/// Checkpoints of PyTorch, sound and hostile.
mod pickle;
/// The whole way of a text, with a model that answers by a script.
mod pipeline;
/// The public items of the library.
mod public_api;
/// Float weights that are quantised when a model is opened.
mod quantize;
/// What the README says.
mod readme;
/// The real files, where they are on this machine.
mod real_weights;
/// Networks that read a source, and the searches of the reference.
mod seq2seq;
/// SentencePiece models, as the reference reads them.
mod spm;
/// Models coming in, from a stand-in for the hub.
#[cfg(feature = "fetch")]
mod store;
/// Models that read a source, on whole articles.
mod translators;
/// Vocabularies of real models, where they are on this machine.
mod vocabularies;
