//! The file store: the contract, the files it leaves, and what breaks.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

mod common;
mod conformance;
mod crash;
mod durability;
mod faults;
mod flask;
mod layout;
mod owners;
#[cfg(target_os = "linux")]
mod power_cut;
mod processes;
mod scans;
#[cfg(target_os = "linux")]
mod steps;
mod threshold;
