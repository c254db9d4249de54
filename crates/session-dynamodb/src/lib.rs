#![doc = include_str!("../README.md")]

mod ask;
mod client;
mod config;
mod credentials;
mod error;
mod item;
mod names;
mod store;

pub use config::{DynamoDbOptions, KEYS, MissingExpiry};
pub use store::DynamoDbStore;
