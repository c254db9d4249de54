//! Server-side sessions: the data lives in a store, the browser holds only an id.
//!
//! A [`SessionManager`] joins a [`Store`], a [`Config`] and, if cookies are signed, a [`Signer`].
//! For each request an adapter [opens](SessionManager::open) an [`Exchange`], hands the handler a
//! [`Session`] that records intents in memory, and [commits](Exchange::commit) it when the
//! response is known. A pure decision (nothing, create, update, touch, move or delete) then
//! becomes one conditional write.
//!
//! Writes name what must hold and are refused otherwise, so that no update is lost and no session
//! comes back after logout. There is no upsert anywhere.

mod caching;
mod calendar;
mod clock;
mod codec;
mod commit;
pub mod config;
mod cookie;
mod data;
mod deadline;
mod error;
mod exchange;
mod flash;
mod id;
mod key;
mod manager;
#[cfg(feature = "metrics")]
mod meters;
mod open;
mod owners;
mod plan;
mod session;
mod signer;
mod state;
pub mod store;
mod sweep;
mod sweeper;
mod telemetry;
mod timestamp;
mod turns;
mod value;

pub use caching::cache_control;
pub use codec::Format;
pub use commit::{Commit, Committing};
pub use config::{Config, ConfigBuilder, OnConflict, Undecodable};
pub use cookie::{CookieAttributes, SameSite};
pub use error::{Error, ErrorKind, Result};
pub use exchange::Exchange;
pub use flash::Flash;
pub use id::{IdHash, IdSyntax, SessionId};
pub use key::{AsKey, Key, ReadAs, WriteAs};
pub use manager::SessionManager;
pub use owners::{SessionHandle, SessionInfo};
pub use session::Session;
pub use signer::Signer;
pub use store::{
    Capabilities, Lease, MemoryLimits, MemoryStore, Outcome, Precondition, Record, Store, StoreKey,
};
pub use sweeper::Sweeper;
pub use timestamp::Timestamp;
pub use value::Value;

/// The attribute that implementations of [`Store`] carry.
pub use async_trait::async_trait;
/// The type of payloads.
pub use bytes::Bytes;
