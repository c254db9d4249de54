// Its examples are applications on axum.
#![cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod future;
mod layer;
mod response;

pub use future::ResponseFuture;
pub use layer::{SessionLayer, SessionService};
pub use response::{Advice, ErrorResponse};
