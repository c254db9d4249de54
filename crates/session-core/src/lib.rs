//! Server-side sessions: the data lives in a store, the browser holds only an id.

mod error;
pub mod store;

pub use error::{Error, ErrorKind, Result};
pub use store::{
    Capabilities, Lease, MemoryLimits, MemoryStore, Outcome, Precondition, Record, Store, StoreKey,
};

/// The attribute that implementations of [`Store`] carry.
pub use async_trait::async_trait;
/// The type of payloads.
pub use bytes::Bytes;
