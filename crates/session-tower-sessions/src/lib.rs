// Its example is on tower-sessions 0.15.
#![cfg_attr(any(not(doctest), feature = "v0_15"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(any(feature = "v0_14", feature = "v0_15")),
    allow(dead_code, reason = "the trait of either version uses it")
)]

mod payload;
mod store;
mod versions;

pub use store::TowerSessionsStore;
