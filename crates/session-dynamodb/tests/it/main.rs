//! DynamoDB as it is: the contract, what is stored, how the table is made, and what breaks.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
#![allow(clippy::large_futures, reason = "the client's are, and a test has few")]

mod common;
mod conformance;
mod connections;
mod faults;
mod late;
mod layout;
mod limits;
mod names;
mod owners;
mod refusals;
mod repeats;
mod rights;
mod scans;
mod stand_in;
mod table;
