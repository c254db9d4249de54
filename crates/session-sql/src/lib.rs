#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "postgres", feature = "mysql", feature = "sqlite")))]
compile_error!("session-sql needs at least one of the features `postgres`, `mysql`, `sqlite`");

mod address;
mod config;
mod connections;
mod dialect;
mod engine;
mod error;
mod name;
mod statement;
mod store;
mod table;

pub use config::{KEYS, SqlOptions};
pub use connections::Client;
pub use store::SqlStore;
