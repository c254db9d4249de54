#![doc = include_str!("../README.md")]

mod address;
mod config;
mod connection;
mod error;
mod store;

pub use config::{KEYS, RedisOptions};
pub use store::RedisStore;
