//! The programs of the tutorial.
#![allow(dead_code, reason = "each of them has a main")]

mod counter;
mod devices;
mod login;

use super::programs::page_shows;

#[test]
fn tutorial_shows_the_programs_that_are_tested() {
    page_shows(
        "tutorial.md",
        &[include_str!("counter.rs"), include_str!("login.rs"), include_str!("devices.rs")],
    );
}
