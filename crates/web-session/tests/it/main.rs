//! From settings to a manager, as an application meets them.
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

mod connect;
#[cfg(all(feature = "axum", feature = "filesystem", feature = "redis"))]
mod cost;
mod docs;
mod environment;
mod guide;
mod manager;
mod messages;
#[cfg(feature = "metrics")]
mod metrics;
