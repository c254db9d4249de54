// Its examples name web-session, and are compiled by tests/interop, which has that.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "postgres", feature = "mysql", feature = "sqlite")))]
compile_error!("session-sql needs at least one of the features `postgres`, `mysql`, `sqlite`");

mod address;
mod client;
mod config;
mod connections;
mod dialect;
mod engines;
mod entrance;
mod error;
#[cfg(feature = "sqlite")]
mod line;
mod name;
mod pace;
mod plain;
mod pool;
mod scan;
mod statement;
mod statements;
mod store;
mod table;
mod tls;
#[cfg(feature = "sqlite")]
mod writer;

pub use config::{KEYS, SqlOptions};
pub use engines::Client;
pub use store::SqlStore;
