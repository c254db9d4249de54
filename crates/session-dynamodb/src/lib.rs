// Its examples name web-session, and are compiled by tests/interop, which has that.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]

mod ask;
mod client;
mod clock;
mod config;
mod credentials;
mod endpoint;
mod error;
mod item;
mod keys;
mod layout;
mod owners;
mod repeat;
mod rights;
mod scan;
mod store;
mod table;

pub use config::DynamoDbOptions;
pub use keys::KEYS;
pub use layout::MissingExpiry;
pub use store::DynamoDbStore;
