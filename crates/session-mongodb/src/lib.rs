#![doc = include_str!("../README.md")]

mod client;
mod command;
mod config;
mod error;
mod indexes;
mod name;
mod store;

pub use config::{KEYS, MongoOptions};
pub use store::MongoStore;
