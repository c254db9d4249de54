//! MongoDB as it is: the contract, what is stored, and what breaks.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

mod common;
mod conformance;
mod connections;
mod faults;
mod german;
mod indexes;
mod late;
mod layout;
mod refusals;
mod rights;
mod scans;
mod sent;
