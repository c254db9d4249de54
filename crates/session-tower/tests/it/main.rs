//! What the session layer does, through a router in process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail where they stand")]

#[path = "../support/mod.rs"]
mod support;

mod abandoned;
mod caches;
mod cancellation;
mod concurrency;
mod conformance;
mod cookies;
mod ends;
mod failures;
mod handles;
mod handovers;
mod hashes;
mod interleavings;
mod late;
mod lifetimes;
mod limit_orders;
mod modify;
mod nested;
mod observers;
mod one_type;
mod owner_ends;
mod owner_limits;
mod owners;
mod refusals;
mod rekeys;
mod renames;
mod rollouts;
mod sign_outs;
mod signatures;
mod signed_in;
mod store_calls;
mod surprises;
mod timeouts;
mod transactions;
mod updates;
