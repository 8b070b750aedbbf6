//! The outputs of a job: its results by name, and all of them as a zip.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};
use std::path::PathBuf;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Job, RESULTS};

impl Job {
    /// An output by its name in the results: `digest.html`, or a file of an item. `None` if there
    /// is none of that name, or not yet.
    pub fn output(&self, name: &str) -> io::Result<Option<File>> {
        let found = self.outputs()?.into_iter().find(|(known, _)| {
            // Files of items are named without their folder.
            known == name || known.strip_prefix("items/") == Some(name)
        });
        found.map(|(_, path)| File::open(path)).transpose()
    }

    /// All outputs in a zip, from its beginning.
    pub(super) fn archive(&self) -> io::Result<File> {
        let mut zip = ZipWriter::new(BufWriter::new(tempfile::tempfile_in(&self.folder)?));
        let options = SimpleFileOptions::default().large_file(true);
        for (name, path) in self.outputs()? {
            // The results may change while they are packed.
            let Ok(file) = File::open(path) else { continue };
            zip.start_file(name, options)?;
            io::copy(&mut BufReader::new(file), &mut zip)?;
        }
        let mut out = zip.finish()?;
        out.flush()?;
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }

    /// Names and paths of the outputs, in the order of their names.
    fn outputs(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let results = self.folder.join(RESULTS);
        let mut outputs = Vec::new();
        for (folder, prefix) in [(results.clone(), ""), (results.join("items"), "items/")] {
            let entries = match std::fs::read_dir(folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_inner = name.starts_with("journal.") || name.starts_with('.');
                if entry.file_type()?.is_file() && !is_inner {
                    outputs.push((format!("{prefix}{name}"), entry.path()));
                }
            }
        }
        outputs.sort();
        Ok(outputs)
    }
}
