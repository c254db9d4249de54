// Its example is an application on axum.
#![cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod connect;
mod contact;
mod examine;
#[cfg(any(doc, doctest))]
pub mod guide;
mod keys;
mod manager;
mod migration;
mod missing;
mod place;
mod start;
mod store_url;
pub mod stores;
#[cfg(feature = "testing")]
pub mod testing;

pub use connect::{connect, connect_as_it_is};
pub use examine::{each_store, examine};
pub use keys::KEYS;
pub use manager::{manager, manager_from_env};
pub use missing::{address, missing};
pub use store_url::store_url;

pub use session_core::{
    AsKey, Bytes, Capabilities, Commit, Committing, Config, ConfigBuilder, CookieAttributes,
    EndedBy, Error, ErrorKind, EventKind, Exchange, Fields, Flash, Format, Head, IdHash, IdSyntax,
    Key, Lease, MemoryLimits, MemoryStore, OnConflict, Opened, Outcome, Owners, Precondition,
    ReadAs, Record, Refusal, Result, Rollout, SameSite, Session, SessionEvent, SessionHandle,
    SessionId, SessionInfo, SessionManager, Signer, Store, StoreKey, Sweeper, Timestamp,
    Transaction, Transport, Undecodable, Value, WriteAs, async_trait, config, store,
};
pub use session_null::NullStore;

#[cfg(feature = "actix")]
pub use session_actix::SessionMiddleware;
#[cfg(any(feature = "tower", feature = "actix", feature = "rocket"))]
pub use session_core::{Named, NotSignedIn, Reported, ReturnTo, SignInPage, SignedIn, mark_failed};
#[cfg(feature = "rocket")]
pub use session_rocket::SessionFairing;
#[cfg(feature = "tower")]
pub use session_tower::{Advice, ErrorResponse, ResponseFuture, SessionLayer, SessionService};
