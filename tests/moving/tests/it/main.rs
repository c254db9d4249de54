//! The page `docs/guide/moving.md`, done: `before` is a small application on another library with
//! every call that the page names, `after` the same with what the page puts in their place.
// The applications are test code, of which the lints cannot know.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]

mod actix_session;
mod axum_session;
mod browser;
mod page;
mod settings;
mod told;
mod tower_sessions;
