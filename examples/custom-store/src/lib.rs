#![doc = include_str!("../README.md")]

mod select;
mod store;

pub use select::manager_from_env;
pub use store::RedbStore;

/// Compiles the Rust of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/writing-a-store.md")]
struct Guide;
