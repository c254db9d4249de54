// Its example is on tower-sessions 0.15.
#![cfg_attr(any(not(doctest), feature = "v0_15"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod payload;
mod store;
mod versions;

pub use store::TowerSessionsStore;
