//! The store against real databases.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
#![allow(clippy::large_futures, reason = "a test connects once")]

mod common;
mod conformance;
mod connections;
mod faults;
#[cfg(target_os = "linux")]
mod frozen;
mod groups;
mod late;
mod layout;
mod locks;
mod odd_tables;
mod opening;
mod pooler;
mod refusals;
mod repeats;
#[cfg(unix)]
mod rights;
mod scans;
mod servers;
mod sweeps;
mod time_zones;
mod trips;
mod uniqueness;
mod urls;
