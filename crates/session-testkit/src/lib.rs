#![doc = include_str!("../README.md")]

pub mod clauses;
mod probe;
pub mod proxy;
mod run;
pub mod server;
mod subject;
mod verdict;
mod wiretap;

pub use run::run;
pub use subject::{Link, Remote, Subject};
pub use verdict::{Finding, Verdict};
