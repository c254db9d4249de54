//! The site, driven over HTTP.
#![allow(missing_docs)]

mod edges;
mod story;
mod support;
