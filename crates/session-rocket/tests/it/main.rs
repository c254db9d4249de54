//! The stories of the kit, told to an application on Rocket, and what only Rocket has.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]
#![allow(clippy::large_futures, reason = "those of Rocket and its local client are")]

mod conformance;
mod connections;
mod launch;
mod pages;
mod support;
