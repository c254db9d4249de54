//! Stories over HTTP, against processes that serve and processes that store.
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
#![allow(clippy::print_stdout, reason = "what was seen, for whoever asks with --nocapture")]

mod crashes;
mod failures;
mod files;
mod limits;
mod logins;
mod near;
mod outage;
mod races;
mod rollouts;
