//! Applications of tower-sessions on stores of this library.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail where they stand")]

mod app;
mod browser;
mod contract;
mod login;
mod moving;
mod races;
mod stores;
