//! The site, driven over HTTP.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

mod chromium;
mod devices;
mod edges;
mod everywhere;
mod moves;
mod program;
mod story;
mod support;
