//! Inline tags as their standard allows them: known elements and attributes, unique ids, and each
//! end after its start. What a standard cannot say is left out; the words never are.

mod parts;
mod tmx;
mod xliff;

pub(super) use tmx::tmx;
pub(super) use xliff::{is_user_defined, xliff};
