// Its examples name web-session, and are compiled by tests/interop, which has that.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]

mod address;
mod client;
mod config;
mod contact;
mod error;
mod lifetime;
mod place;
mod placement;
mod server;
mod store;

pub use config::{KEYS, MemcachedOptions};
pub use placement::Placement;
pub use store::MemcachedStore;
