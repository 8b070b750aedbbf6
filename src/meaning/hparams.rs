//! `hparams.yaml` of a COMET folder: the keys of a flat YAML file, with types.

use std::path::{Path, PathBuf};

use crate::checkpoint::FlatYaml;
use crate::error::{Error, Result};

/// Limit of the file in bytes; published ones have about a thousand.
const MAX_BYTES: u64 = 1 << 20;

/// The hyper-parameters of a COMET model.
pub(super) struct Hparams {
    file: PathBuf,
    values: FlatYaml,
}

impl Hparams {
    /// The name of the file in a folder.
    pub const FILE: &str = "hparams.yaml";

    pub fn open(folder: &Path) -> Result<Self> {
        let file = folder.join(Self::FILE);
        let metadata = std::fs::metadata(&file).map_err(|e| Error::io("read", &file, e))?;
        if metadata.len() > MAX_BYTES {
            return Err(Error::malformed(file, format!("it has {} bytes", metadata.len())));
        }
        let text = std::fs::read_to_string(&file).map_err(|e| Error::io("read", &file, e))?;
        Ok(Self { file, values: FlatYaml::parse(&text) })
    }

    /// The value of a key; `None` if it is missing or null.
    pub fn text(&self, key: &str) -> Option<&str> {
        let value = self.values.text(key)?;
        (!matches!(value, "" | "null" | "~")).then_some(value)
    }

    /// A truth value, or the default if it is missing.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.text(key) {
            None => Ok(default),
            Some("true" | "True") => Ok(true),
            Some("false" | "False") => Ok(false),
            Some(other) => Err(self.unsupported(key, other, "true, false")),
        }
    }

    /// A list of counts from 1 to `most`; `None` if the key is missing.
    pub fn counts(&self, key: &str, most: usize) -> Result<Option<Vec<usize>>> {
        let Some(values) = self.values.list(key) else { return Ok(None) };
        let count = |value: &String| {
            let number = value.parse().ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| self.malformed(format!("{key} is {value}, expected 1 to {most}")))
        };
        values.iter().map(count).collect::<Result<_>>().map(Some)
    }

    pub fn malformed(&self, reason: String) -> Error {
        Error::malformed(&self.file, reason)
    }

    pub fn unsupported(&self, key: &str, value: &str, supported: &'static str) -> Error {
        Error::Unsupported {
            what: format!("{key} `{value}`"),
            file: self.file.clone(),
            supported: supported.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_lists_are_read() {
        let text = "---\n# made by a trainer\nactivations: Tanh\nfinal_activation: null\nhidden_sizes:\n- 2048\n- 1024\n\
                    layer: 'mix' # all\nlayer_norm: true\ntrain_data:\n  - a.csv\nother: [3, 4]\nlr: 1.0e-05\n";
        let hparams = Hparams { file: "hparams.yaml".into(), values: FlatYaml::parse(text) };
        assert_eq!(hparams.text("activations"), Some("Tanh"));
        assert_eq!((hparams.text("final_activation"), hparams.text("absent")), (None, None));
        assert_eq!(hparams.text("layer"), Some("mix"));
        assert_eq!(hparams.counts("hidden_sizes", 4096).unwrap(), Some(vec![2048, 1024]));
        assert_eq!(hparams.counts("other", 4).unwrap(), Some(vec![3, 4]));
        assert!(hparams.counts("hidden_sizes", 2000).is_err());
        assert!(
            hparams.flag("layer_norm", false).unwrap() && hparams.flag("absent", true).unwrap()
        );
        assert!(hparams.flag("activations", true).is_err());
    }
}
