//! Inputs of `check`: a file of pairs, or two files as one pair or as pairs of lines.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;

use anyhow::{Result, bail};
use malmoi::Error;
use malmoi::formats::{self, PairLanguages, PairStream, TextPair, Unreadable};

use super::Check;
use crate::cli::task;
use crate::context::Context;

/// Longest line of `--lines`, in bytes.
const MAX_LINE_BYTES: u64 = 16 << 20;

impl Check {
    /// The name of the input for messages, and its pairs.
    pub(super) fn inputs(
        &self,
        languages: PairLanguages,
        context: &Context,
    ) -> Result<(String, PairStream)> {
        if let Some(path) = &self.pairs {
            let (source, name) = self.open(path, context)?;
            let pairs = formats::pairs(source, &name, languages)?;
            return Ok((name, pairs));
        }
        let (Some(source), Some(output)) = (&self.source, &self.output) else {
            let given = self.source.is_some();
            bail!(
                "{}; give two files, the source and the output, or one file with --pairs",
                if given {
                    "there is nothing to compare the file with"
                } else {
                    "there is no input"
                }
            );
        };
        let is_pipe = |path: &Path| path == Path::new("-");
        if is_pipe(source) && is_pipe(output) {
            bail!("standard input can be read only once, but is named twice");
        }
        let names = format!("{} and {}", shown(source), shown(output));
        if self.lines {
            let (source, source_name) = self.open(source, context)?;
            let (output, output_name) = self.open(output, context)?;
            let names = [source_name, output_name];
            return Ok((names.join(" and "), Box::new(line_pairs([source, output], names))));
        }
        let read = |path: &Path| task::read(Some(path), self.encoding, context);
        let (source, output) = (read(source)?.article(), read(output)?.article());
        let pair = TextPair { source, output, ..TextPair::default() };
        Ok((names, Box::new(std::iter::once(Ok(pair)))))
    }

    /// A file or standard input, decoded if an encoding was named, and its name.
    fn open(&self, path: &Path, context: &Context) -> Result<(Box<dyn Read + Send>, String)> {
        let name = shown(path);
        let source: Box<dyn Read + Send> = if path == Path::new("-") {
            if std::io::stdin().is_terminal() {
                context
                    .ui
                    .note("reading from the keyboard; end the text with Ctrl-D on a new line");
            }
            Box::new(std::io::stdin())
        } else {
            if path.is_dir() {
                bail!("{name} is a folder; give a file");
            }
            Box::new(std::fs::File::open(path).map_err(|e| Error::io("read", path, e))?)
        };
        let decoded = self.encoding.decoded(source).map_err(|e| Error::io("read", path, e))?;
        Ok((decoded, name))
    }
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_string() } else { path.display().to_string() }
}

/// The lines of two files as pairs, without those that are blank in both. Ends with an error if one
/// file has more lines.
fn line_pairs(
    files: [Box<dyn Read + Send>; 2],
    names: [String; 2],
) -> impl Iterator<Item = Result<TextPair, Unreadable>> + Send {
    let mut files = files.map(BufReader::new);
    let mut number = 0;
    let mut ended = false;
    std::iter::from_fn(move || {
        while !ended {
            number += 1;
            let place = format!("line {number}");
            let mut fail = |reason: String| {
                ended = true;
                Some(Err(Unreadable { place: place.clone(), reason, raw: String::new() }))
            };
            let [source, output] = &mut files;
            let (source, output) = match (line(source), line(output)) {
                (Ok(source), Ok(output)) => (source, output),
                (Err(reason), _) => return fail(format!("of {} {reason}", names[0])),
                (_, Err(reason)) => return fail(format!("of {} {reason}", names[1])),
            };
            match (source, output) {
                (None, None) => ended = true,
                (Some(source), Some(output)) => {
                    if !(source.trim().is_empty() && output.trim().is_empty()) {
                        return Some(Ok(TextPair { place, source, output, ..TextPair::default() }));
                    }
                }
                (source, _) => {
                    let shorter = if source.is_none() { &names[0] } else { &names[1] };
                    return fail(format!(
                        "is missing in {shorter}: the files have different numbers of lines; compare them whole, without --lines"
                    ));
                }
            }
        }
        None
    })
}

/// The next line without its end; `None` at the end of the file.
fn line(file: &mut BufReader<Box<dyn Read + Send>>) -> Result<Option<String>, String> {
    let mut bytes = Vec::new();
    let read = file.take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
    if read.map_err(|error| format!("cannot be read: {error}"))? == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 == MAX_LINE_BYTES && !bytes.ends_with(b"\n") {
        return Err(format!("is longer than {} MB", MAX_LINE_BYTES >> 20));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| "is not UTF-8; name its encoding with --encoding".to_string())?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).trim_start_matches('\u{feff}').to_string()))
}
