#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod calendar;
mod error;
mod fault;
mod format;
mod guard;
#[cfg(feature = "json")]
mod json;
mod msgpack;
mod payload;
mod peek;
#[cfg(feature = "flask")]
mod pickle;
mod read;
mod scalar;
#[cfg(test)]
mod tests;
mod timestamp;
mod trace;
mod transcode;
mod typed;
mod value;
mod write;
#[cfg(feature = "json")]
mod wtf8;

pub use error::{Error, ErrorKind, Result};
pub use format::Format;
pub use payload::{DEPTH_CEILING, Key, Opened, Span};
pub use peek::{as_bool, as_text, as_u64};
pub use read::{detect, elements, index, index_any, open};
pub use timestamp::Timestamp;
pub use trace::{is_trace, trace};
pub use transcode::{Moved, is_equal, transcode, transcode_entry};
pub use typed::{decode, encode};
pub use value::Value;
pub use write::{
    MapWriter, entry_size, entry_start, frame_size, has_whole_keys, push_element, write_key,
};
