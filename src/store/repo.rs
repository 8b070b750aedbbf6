//! What names a repository of a hub, and one file of it.

use std::fmt;

use super::StoreError;

/// `owner/repo[@revision][:file]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoFile {
    /// `owner/repo`.
    pub repo: String,
    /// Branch, tag or commit; `main` where none is named.
    pub revision: String,
    /// A file of it; where none is named, the model it holds.
    pub file: Option<String>,
}

impl RepoFile {
    /// Reads `owner/repo[@revision][:file]`.
    ///
    /// ```
    /// use malmoi::store::RepoFile;
    /// let named = RepoFile::parse("Qwen/Qwen3-0.6B-GGUF@main:Qwen3-0.6B-Q8_0.gguf").unwrap();
    /// assert_eq!(named.file.as_deref(), Some("Qwen3-0.6B-Q8_0.gguf"));
    /// assert!(RepoFile::parse("../secret").is_err());
    /// ```
    pub fn parse(given: &str) -> Result<Self, StoreError> {
        let (rest, file) = match given.split_once(':') {
            Some((rest, file)) => (rest, Some(file)),
            None => (given, None),
        };
        let (repo, revision) = rest.split_once('@').unwrap_or((rest, "main"));
        let parts: Vec<&str> = repo.split('/').collect();
        // Every part becomes a part of a path on disk: nothing may climb out of it.
        let part = |text: &str| {
            let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
            plain && !text.is_empty() && !text.starts_with('.') && !text.contains("..")
        };
        let path = |text: &str| text.split('/').all(part);
        let sound =
            parts.len() == 2 && parts.iter().all(|p| part(p)) && path(revision) && file.is_none_or(path);
        match sound {
            true => Ok(Self { repo: repo.into(), revision: revision.into(), file: file.map(str::to_string) }),
            false => Err(StoreError::Repository { given: given.to_string() }),
        }
    }
}

impl fmt::Display for RepoFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.repo, self.revision)?;
        self.file.as_ref().map_or(Ok(()), |file| write!(out, ":{file}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_climbs_out_of_the_cache() {
        for bad in [
            "",
            "a",
            "a/b/c",
            "a/..",
            "../b",
            "a/b@../x",
            "a/b:../../x",
            "a/b:/etc/passwd",
            "a/b@",
            "a/b:",
            "a b/c",
            ".a/b",
        ] {
            assert!(RepoFile::parse(bad).is_err(), "{bad}");
        }
        for good in ["a/b", "a/b@main", "a/b@refs/pr/1", "a/b:x/y.gguf", "A.b/c_d-1@v1.0:e"] {
            assert!(RepoFile::parse(good).is_ok(), "{good}");
        }
        assert_eq!(RepoFile::parse("a/b:c").unwrap().to_string(), "a/b@main:c");
    }
}
