//! Server-side sessions: the data lives in a store, the browser holds only an id.

#[cfg_attr(
    not(all(test, feature = "json")),
    expect(dead_code, unused_imports, reason = "the session state will use it")
)]
mod codec;
mod error;
pub mod store;
mod value;

pub use codec::Format;
pub use error::{Error, ErrorKind, Result};
pub use store::{Capabilities, Lease, Outcome, Precondition, Record, Store, StoreKey};
pub use value::Value;

/// The attribute that implementations of [`Store`] carry.
pub use async_trait::async_trait;
/// The type of payloads.
pub use bytes::Bytes;
