//! The stories, one function each.

pub mod answers;
pub mod failures;
pub mod headers;
pub mod lives;
pub mod races;
