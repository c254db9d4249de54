//! What is said of sessions: a binary of its own, whose log no other test shares.
//!
//! Every test here listens before it does anything: a place that logs asks once for the whole
//! process whether anybody wants to hear it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail where they stand")]

#[path = "../support/mod.rs"]
mod support;

mod carriers;
mod outages;
mod secrecy;
mod sweeper;
