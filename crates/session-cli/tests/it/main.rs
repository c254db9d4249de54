//! The program, run as a process against real stores.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
#![allow(clippy::print_stdout, reason = "rates, for whoever asks with --nocapture")]

mod chain;
mod check;
mod commands;
mod common;
mod copy;
mod help;
mod refusals;
mod scan;
mod terminal;
mod upkeep;
