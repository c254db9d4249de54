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
mod entrance;
mod error;
mod name;
mod plain;
mod pool;
mod statement;
mod statements;
mod store;
mod table;
mod tls;

pub use client::Client;
pub use config::{KEYS, SqlOptions};
pub use store::SqlStore;
