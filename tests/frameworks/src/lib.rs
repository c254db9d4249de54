//! One shop on three frameworks: its handlers are in [`shop`], and each framework has routes of its
//! own to them.
// The crate is test code, of which the lints cannot know.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]

mod forms;
pub mod on_actix;
pub mod on_axum;
pub mod on_rocket;
pub mod shop;
