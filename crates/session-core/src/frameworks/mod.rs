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
#[cfg(feature = "rocket")]
pub mod rocket;
mod signed_in;

pub use http::{Reported, mark_failed};
pub use named::Named;
pub use signed_in::{NotSignedIn, SignedIn};
