//! What the directory holds. It is no server: what one would do with a command is here.

pub(crate) mod change;
pub(crate) mod dir;
mod draft;
pub(crate) mod file;
pub(crate) mod header;
pub(crate) mod intent;
pub(crate) mod lock;
mod modes;
pub(crate) mod names;
pub(crate) mod owners;
mod tail;

use std::io;

/// `None` in place of a failure for this reason.
pub(crate) fn unless<T>(reason: io::ErrorKind, done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(cause) if cause.kind() == reason => Ok(None),
        done => done.map(Some),
    }
}
