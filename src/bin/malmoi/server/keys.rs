//! API keys: a file with a line for each, `NAME SHA-256`. Keys themselves are nowhere stored.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest, Sha256};

/// The keys that are known.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<(String, [u8; 32])>);

impl Keys {
    /// Reads a file of keys.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the keys in {}", path.display()))?;
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, hash)) = line
                .split_once(char::is_whitespace)
                .and_then(|(name, hex)| Some((name.to_string(), from_hex(hex.trim())?)))
            else {
                bail!("{} line {} is not `NAME SHA-256`", path.display(), index + 1);
            };
            keys.push((name, hash));
        }
        if keys.is_empty() {
            bail!("{} holds no key; make one with `malmoi serve --new-key NAME`", path.display());
        }
        Ok(Self(keys))
    }

    /// Makes a key, adds its hash to a file, and returns the key.
    pub fn create(path: &Path, name: &str) -> Result<String> {
        if name.is_empty() || name.contains(char::is_whitespace) || name.starts_with('#') {
            bail!("`{name}` is no name for a key; use one word");
        }
        if path.exists()
            && Self::read(path).is_ok_and(|keys| keys.0.iter().any(|key| key.0 == name))
        {
            bail!("{} has a key named {name} already; delete its line first", path.display());
        }
        let key = format!("mk-{}", hex(&rand::random::<[u8; 24]>()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let mut options = File::options();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let line = format!("{name} {}\n", hex(&hash(&key)));
        options
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()).and_then(|()| file.sync_all()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(key)
    }

    /// The name of a key. Takes the same time for any key of its length.
    pub fn name(&self, key: &str) -> Option<&str> {
        let given = hash(key);
        let mut name = None;
        for (known, hash) in &self.0 {
            let difference =
                hash.iter().zip(&given).fold(0u8, |bits, (one, other)| bits | (one ^ other));
            // A hint to the compiler that the loop above must be computed as it stands.
            if std::hint::black_box(difference) == 0 {
                name = Some(known.as_str());
            }
        }
        name
    }

    /// True if no key is needed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_hash_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/keys");
        let desk = Keys::create(&path, "desk").unwrap();
        let night = Keys::create(&path, "night").unwrap();
        assert!(Keys::create(&path, "desk").unwrap_err().to_string().contains("already"));
        assert!(Keys::create(&path, "two words").is_err());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&desk) && !text.contains(&night));
        let keys = Keys::read(&path).unwrap();
        assert_eq!((keys.name(&desk), keys.name(&night)), (Some("desk"), Some("night")));
        assert_eq!(keys.name("mk-00"), None);
        assert_eq!(keys.name(""), None);
    }

    #[test]
    fn a_line_that_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "# keys\n\ndesk 12\n").unwrap();
        assert!(Keys::read(&path).unwrap_err().to_string().contains("line 3"));
        std::fs::write(&path, "# keys\n").unwrap();
        assert!(Keys::read(&path).unwrap_err().to_string().contains("--new-key"));
    }
}
