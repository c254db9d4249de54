//! The stories of the kit, told to an application on actix-web.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]

mod conformance;
mod nested;
mod pages;
