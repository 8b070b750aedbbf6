//! Tests from outside the crate, in one program: several would each be linked on their own.

#![allow(clippy::unwrap_used)]

mod support;

/// The audit log of commands and the server.
mod audit;
/// Batches: every item once, in spite of interruptions.
mod batch;
/// The command `bench`.
mod bench;
/// The digest in a browser.
#[cfg(feature = "fetch")]
mod browser;
/// Bundles: models carried in one signed file.
mod bundles;
/// Inputs that once broke the program.
mod cases;
/// Chat templates, compared with the reference.
mod chat;
/// The command `check`.
mod check;
/// The command line.
mod cli;
/// The digest of hostile items.
mod digest;
/// Pages, tool files and dependencies.
mod docs;
/// Office documents, translated and written again.
mod documents;
/// Few-shot examples as turns of a chat.
mod examples;
/// Files of translators' tools and subtitles, translated.
mod exchange;
/// Feeds from a local web server.
#[cfg(feature = "fetch")]
mod feeds;
/// Files of every kind, well-formed and ill-formed.
mod formats;
/// Glossaries: terms shown, audited, repaired and extracted.
mod glossary;
/// Growth of the time of the splitter and the checks with hostile texts.
mod growth;
/// Malformed and hostile model files.
mod hostile;
/// Jobs of the server: feeds, files and archives.
#[cfg(feature = "serve")]
mod jobs;
/// Learned judges, compared with the reference.
mod judge;
/// The architecture: imports between modules and files.
mod layers;
/// Tools for desktop assistants: the command `mcp`.
#[cfg(feature = "mcp")]
mod mcp;
/// Sentence vectors, compared with the reference.
#[cfg(feature = "meaning")]
mod meaning;
/// Korean morphemes, compared with MeCab, and hostile dictionaries.
mod mecab;
/// The desk's memory in translations.
mod memory;
/// Models compared on lines: the command `eval model`.
mod models;
/// Networks compared with the reference implementation, and the contract of
/// [`malmoi::internals::architectures::Network`].
mod networks;
/// PyTorch checkpoints, valid and hostile.
mod pickle;
/// The pipeline, with a model that answers by a script.
mod pipeline;
/// The public items of the library.
mod public_api;
/// Quantization when a model is opened.
mod quantize;
/// Commands and transcripts of the README.
mod readme;
/// Real models, if they are on this machine.
mod real_weights;
/// Repair of doubtful answers.
mod repair;
/// The sandbox of `batch`, `feed` and `serve`, tried from inside.
#[cfg(all(feature = "sandbox", target_os = "linux"))]
mod sandbox;
/// Scores of translations and summaries, compared with sacreBLEU and rouge-score.
mod scores;
/// Second opinions of another model.
mod second;
/// Encoder-decoder networks and beam search, compared with the reference.
mod seq2seq;
/// The server and its APIs.
#[cfg(feature = "serve")]
mod serve;
/// SentencePiece models, compared with the reference.
mod spm;
/// Downloads from a local server in place of the hub.
#[cfg(feature = "fetch")]
mod store;
/// Marian's small translators, compared with a plain implementation.
mod students;
/// Summaries of models with labeled errors.
mod summaries;
/// Encoder-decoder models on whole articles.
mod translators;
/// Vocabularies of real models, if they are on this machine.
mod vocabularies;
/// Folders that are watched: the command `feed --watch`.
#[cfg(all(unix, feature = "fetch"))]
mod watch;
/// The page of the workbench, in a browser if there is one.
#[cfg(feature = "serve")]
mod workbench;
