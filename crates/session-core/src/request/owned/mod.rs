//! The sessions of one owner, as the store's index names them.
//!
//! The index only says where to look. An entry is believed if the live record itself says whose it
//! is, for other programs change records in place.

mod end;
mod lookup;

pub(crate) use end::{End, end_one};
pub(crate) use lookup::{Look, Owned, WIDTH, each, list, look};
