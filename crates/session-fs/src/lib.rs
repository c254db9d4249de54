// Its examples name web-session, and are compiled by tests/interop, which has that.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]

#[cfg(not(unix))]
compile_error!("session-fs needs Unix: hard links, renames over open files, modes");

#[cfg(unix)]
mod client;
#[cfg(unix)]
mod config;
#[cfg(unix)]
mod disk;
#[cfg(unix)]
mod error;
#[cfg(unix)]
mod scan;
#[cfg(unix)]
mod store;
#[cfg(unix)]
mod sweep;

#[cfg(unix)]
pub use config::{Durability, FileHash, FileOptions, KEYS};
#[cfg(unix)]
pub use store::FileStore;
