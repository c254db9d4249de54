//! The cookie that carries a session's id, as RFC 6265 and its successor write it.

mod attributes;
mod caching;
mod read;
mod write;

pub(crate) use attributes::is_token;
pub use attributes::{CookieAttributes, SameSite};
pub use caching::cache_control;
#[cfg(feature = "http")]
pub(crate) use caching::{is_for_some_caches, names_cookie};
pub(crate) use read::values;
pub(crate) use write::CookieWriter;
