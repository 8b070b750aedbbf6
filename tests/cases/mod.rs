//! Inputs that once broke the program, by area. The collection is not part of the repository:
//! without it these tests are skipped with a note. Unit tests next to the code also cover each
//! cause.

use std::path::PathBuf;

mod attack;
mod batch;
mod documents;
mod feeds;
mod html;
mod models;
mod numbers;
mod store;

/// The folder of a case such as `text/01-double-bom`; `None` without the collection.
pub fn case(name: &str) -> Option<PathBuf> {
    let cases = crate::support::here("../../shared/cases");
    if !cases.is_dir() {
        eprintln!("skipped: the collection of cases is not beside this checkout");
        return None;
    }
    let path = cases.join(name);
    assert!(path.exists(), "{} is gone from the collection", path.display());
    Some(path)
}
