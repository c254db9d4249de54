// Its examples name web-session, and are compiled by tests/interop, which has that.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod answer;
mod client;
mod command;
mod concern;
mod config;
mod error;
mod heard;
mod indexes;
mod name;
mod order;
mod rights;
mod scan;
mod sent;
mod slots;
mod store;

pub use config::{KEYS, MongoOptions};
pub use store::MongoStore;
