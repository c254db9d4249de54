#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
mod extract;
mod future;
mod layer;
mod response;

#[cfg(feature = "axum")]
pub use extract::{Session, SessionRejection};
pub use future::ResponseFuture;
pub use layer::{Main, SessionLayer, SessionService};
pub use response::{EmptyResponse, ErrorResponse};
