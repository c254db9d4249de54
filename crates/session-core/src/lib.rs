#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod config;
mod cookie;
mod data;
mod error;
#[cfg(feature = "http")]
mod frameworks;
mod id;
mod key;
mod manager;
mod observer;
mod request;
mod signer;
pub mod store;

pub use config::{Config, ConfigBuilder, OnConflict, Rollout, Transport, Undecodable};
pub use cookie::{CookieAttributes, Fields, Head, SameSite};
pub use data::Flash;
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "actix")]
pub use frameworks::actix;
#[cfg(feature = "rocket")]
pub use frameworks::rocket;
#[cfg(feature = "http")]
pub use frameworks::{Named, NotSignedIn, Reported, SignedIn, mark_failed};
pub use id::{IdHash, IdSyntax, SessionHandle, SessionId, StoreKey};
pub use key::{AsKey, Key, ReadAs, WriteAs};
pub use manager::{Owners, SessionInfo, SessionManager, Sweeper};
pub use observer::{EndedBy, EventKind, Refusal, SessionEvent};
pub use request::commit::{Commit, Committing};
pub use request::exchange::Exchange;
pub use request::opened::Opened;
pub use request::session::{Session, Transaction};
#[cfg(feature = "http")]
pub use request::sign_in::{ReturnTo, SignInPage};
#[doc(inline)]
pub use session_codec::{Format, Timestamp, Value};
pub use signer::Signer;
pub use store::{
    Capabilities, Lease, MemoryLimits, MemoryStore, Outcome, Precondition, Record, Store,
};

/// The attribute that implementations of [`Store`] carry.
pub use async_trait::async_trait;
/// The type of payloads.
pub use bytes::Bytes;
