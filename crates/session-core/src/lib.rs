//! Server-side sessions: the data lives in a store, the browser holds only an id.

#[cfg_attr(not(test), expect(dead_code, reason = "the session state will use it"))]
mod codec;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "for the manager"))]
mod cookie;
mod error;
mod id;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "for the manager"))]
mod signer;
pub mod store;
mod value;

pub use codec::Format;
pub use cookie::{CookieAttributes, SameSite};
pub use error::{Error, ErrorKind, Result};
pub use id::{IdHash, IdSyntax, SessionId};
pub use signer::Signer;
pub use store::{Capabilities, Lease, Outcome, Precondition, Record, Store, StoreKey};
pub use value::Value;
pub use store::{
    Capabilities, Lease, MemoryLimits, MemoryStore, Outcome, Precondition, Record, Store, StoreKey,
};

/// The attribute that implementations of [`Store`] carry.
pub use async_trait::async_trait;
/// The type of payloads.
pub use bytes::Bytes;
