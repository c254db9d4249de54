//! The commands, a file each.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod copy;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod stats;
pub(crate) mod sweep;
