//! The store against real servers.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

mod apart;
#[cfg(feature = "cluster")]
mod cluster_failover;
#[cfg(feature = "cluster")]
mod cluster_slots;
mod common;
mod conformance;
#[cfg(feature = "cluster")]
mod conformance_cluster;
#[cfg(feature = "sentinel")]
mod conformance_sentinel;
mod connections;
mod faults;
mod late;
mod layout;
mod near;
mod owners;
mod refusals;
mod rights;
mod scans;
#[cfg(feature = "sentinel")]
mod sentinel_failover;
#[cfg(feature = "rustls")]
mod tls;
mod twemproxy;
mod valkey;
