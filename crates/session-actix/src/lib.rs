#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod middleware;
mod response;

pub use middleware::{SessionMiddleware, SessionService};
