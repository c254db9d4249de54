//! How web frameworks see a session: the same `Session` and the same `Error` in each of them.
//!
//! An adapter puts an [`Exchange`](crate::Exchange) into the extensions of a request and commits it
//! when the response is known; what handlers touch is here.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
mod axum;
mod http;
mod named;
mod signed_in;

pub use http::{Reported, keep_from_shared_caches, mark_failed, vary_by_cookie};
pub use named::Named;
pub use signed_in::{NotSignedIn, SignedIn};
