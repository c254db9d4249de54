//! The guide: its pages read well, and its programs do what the pages say.

#[cfg(feature = "axum")]
mod browser;
mod pages;
mod paths;
#[cfg(feature = "axum")]
mod programs;
#[cfg(all(feature = "axum", feature = "testing"))]
mod recipes;
#[cfg(feature = "axum")]
mod tutorial;
