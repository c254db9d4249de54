// Its example is an application on axum.
#![cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("testing.md"))]

pub use session_testkit::{Browser, Calls, CountingStore, Fault, FaultyStore, Method};
