// Its example is an application on axum.
#![cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod connect;
mod contact;
#[cfg(any(doc, doctest))]
pub mod guide;
mod keys;
mod manager;
mod place;
mod start;
pub mod stores;
#[cfg(feature = "testing")]
pub mod testing;

pub use connect::connect;
pub use keys::KEYS;
pub use manager::{manager, manager_from_env};

pub use session_core::{
    AsKey, Bytes, Capabilities, Commit, Committing, Config, ConfigBuilder, CookieAttributes, Error,
    ErrorKind, Exchange, Flash, Format, IdHash, IdSyntax, Key, Lease, MemoryLimits, MemoryStore,
    OnConflict, Outcome, Owners, Precondition, ReadAs, Record, Result, Rollout, SameSite, Session,
    SessionHandle, SessionId, SessionInfo, SessionManager, Signer, Store, StoreKey, Sweeper,
    Timestamp, Transaction, Undecodable, Value, WriteAs, async_trait, cache_control, config, store,
};
pub use session_null::NullStore;

#[cfg(feature = "actix")]
pub use session_actix::SessionMiddleware;
#[cfg(any(feature = "tower", feature = "actix"))]
pub use session_core::{Named, NotSignedIn, ReturnTo, SignInPage, SignedIn};
#[cfg(feature = "tower")]
pub use session_tower::{Advice, ErrorResponse, ResponseFuture, SessionLayer, SessionService};
