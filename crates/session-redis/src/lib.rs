#![doc = include_str!("../README.md")]

mod address;
mod change;
mod config;
mod connection;
mod error;
mod owner;
mod reply;
mod scripts;
mod store;

pub use config::{KEYS, RedisOptions};
pub use store::RedisStore;
