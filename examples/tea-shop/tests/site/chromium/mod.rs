//! The site as people see it, in headless Chromium. Each browser has a profile of its own, and ends
//! with its test.

mod browser;
mod cookie;
mod devices;
mod outage;
mod pages;
mod people;
mod pictures;
mod process;
