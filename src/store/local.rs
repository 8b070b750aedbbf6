//! Models in files and folders outside the cache: which files they are opened from.

use std::path::Path;

use super::error::{StoreError, io};
use super::lookup::CachedModel;
use super::model_files::snapshot_files;
use super::repo::RepoFile;

/// The model of a file or folder that a person made, and the name it gets.
pub(super) fn local_model(path: &Path) -> Result<(RepoFile, CachedModel), StoreError> {
    // Links are not followed: in a cache, a file has its name at the link.
    let path = std::path::absolute(path).map_err(io("read", path))?;
    let is_dir = path.is_dir();
    let name = if is_dir { path.file_name() } else { path.file_stem() };
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    let folder = if is_dir { path.clone() } else { path.parent().unwrap_or(&path).to_path_buf() };
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let repo = RepoFile::parse(&match is_dir {
        true => format!("local/{name}"),
        false => format!("local/{name}:{file}"),
    })?;
    let found = snapshot_files(&folder, &repo)?;
    let found = found.ok_or_else(|| StoreError::NotInFolder {
        name: name.clone(),
        folder: folder.clone(),
        files: vec!["weights and vocabulary".to_string()],
    })?;
    let model = CachedModel {
        repo: repo.clone(),
        is_complete: true,
        files: found.files,
        path,
        snapshot: folder,
    };
    Ok((repo, model))
}
