//! The kit, tested: its clauses find what is wrong and nothing else, its tools break what they say.

#![allow(clippy::unwrap_used, reason = "test code outside test functions, too")]

mod broken;
mod browser;
mod clauses;
mod memory;
mod migrating;
mod model;
mod proxy;
mod remote;
#[cfg(all(feature = "servers", target_os = "linux"))]
mod servers;
