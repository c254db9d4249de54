//! What the directory holds. It is no server: what one would do with a command is here.

pub(crate) mod change;
pub(crate) mod dir;
pub(crate) mod draft;
pub(crate) mod file;
pub(crate) mod intent;
pub(crate) mod layout;
pub(crate) mod lock;
pub(crate) mod modes;
pub(crate) mod owners;
