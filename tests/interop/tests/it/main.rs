//! One login of a Flask app and a Rust service, on every store that both have.
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

mod cookies;
mod docs;
mod eras;
mod extensions;
mod fork;
mod keys;
mod lifecycle;
mod lifetimes;
mod pickles;
mod races;
mod values;
