#![doc = include_str!("../README.md")]

mod client;
mod config;
mod contact;
mod error;
mod lifetime;
mod placement;
mod store;

pub use client::Placement;
pub use config::{KEYS, MemcachedOptions};
pub use store::MemcachedStore;
