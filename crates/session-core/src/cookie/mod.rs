//! The cookie that carries a session's id, as RFC 6265 and its successor write it, and what goes with
//! an id in the head of a response.

mod attributes;
mod caching;
mod fields;
mod read;
mod write;

pub(crate) use attributes::is_token;
pub use attributes::{CookieAttributes, SameSite};
#[cfg(feature = "http")]
pub(crate) use caching::keep_from_caches;
pub(crate) use caching::{keep_from_shared_caches, vary_by, vary_by_configured};
pub use fields::{Fields, Head};
pub(crate) use read::values;
pub(crate) use write::CookieWriter;
