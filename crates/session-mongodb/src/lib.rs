#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod command;
mod config;
mod error;
mod indexes;
mod name;
mod store;

pub use config::{KEYS, MongoOptions};
pub use store::MongoStore;
