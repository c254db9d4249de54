#![doc = include_str!("../README.md")]

#[cfg(not(unix))]
compile_error!("session-fs needs Unix: hard links, renames over open files, modes");

mod config;
mod error;
mod store;

pub use config::{Durability, FileHash, FileOptions, KEYS};
pub use store::FileStore;
