//! The name of a repository of a hub, and of a file in it.

use std::fmt;

use super::error::StoreError;
use super::names::{Commit, FileName, is_part};
use crate::redact;

/// The default branch.
const MAIN: &str = "main";

/// `owner/repo[@revision][:file]`, from [`RepoFile::parse`]: every part is safe in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoFile {
    repo: String,
    revision: String,
    file: Option<FileName>,
}

impl RepoFile {
    /// Parses `owner/repo[@revision][:file]`.
    ///
    /// ```
    /// use malmoi::store::RepoFile;
    /// let repo = RepoFile::parse("Qwen/Qwen3-0.6B-GGUF@main:Qwen3-0.6B-Q8_0.gguf").unwrap();
    /// assert_eq!(repo.file().map(|file| file.as_str()), Some("Qwen3-0.6B-Q8_0.gguf"));
    /// assert!(RepoFile::parse("../secret").is_err());
    /// ```
    pub fn parse(given: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Repository { given: redact::foreign(given) };
        let (rest, file) = match given.split_once(':') {
            Some((rest, file)) => (rest, Some(FileName::parse(file).map_err(|_| wrong())?)),
            None => (given, None),
        };
        let (repo, revision) = rest.split_once('@').unwrap_or((rest, MAIN));
        // `--` separates owner and repository in folder names; the hub allows it in neither.
        let owner_and_name =
            repo.split('/').count() == 2 && repo.split('/').all(is_part) && !repo.contains("--");
        if !owner_and_name || revision.len() > 200 || !revision.split('/').all(is_part) {
            return Err(wrong());
        }
        Ok(Self { repo: repo.into(), revision: revision.into(), file })
    }

    /// `owner/repo`.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// Branch, tag or commit; `main` by default.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The file; `None` for the model of the repository.
    pub fn file(&self) -> Option<&FileName> {
        self.file.as_ref()
    }

    /// The commit, if the revision is one.
    pub fn commit(&self) -> Option<Commit> {
        Commit::parse(&self.revision).ok()
    }

    /// True for the default branch.
    pub(super) fn is_main(&self) -> bool {
        self.revision == MAIN
    }

    /// The same file at a commit.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub(super) fn at(&self, commit: &Commit) -> Self {
        Self { revision: commit.to_string(), ..self.clone() }
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
            "a/b--c",
            "a/nul",
            "a/b@x\u{1b}",
        ] {
            assert!(RepoFile::parse(bad).is_err(), "{bad}");
        }
        for good in ["a/b", "a/b@main", "a/b@refs/pr/1", "a/b:x/y.gguf", "A.b/c_d-1@v1.0:e"] {
            assert!(RepoFile::parse(good).is_ok(), "{good}");
        }
        assert_eq!(RepoFile::parse("a/b:c").unwrap().to_string(), "a/b@main:c");
    }
}
