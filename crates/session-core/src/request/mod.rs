//! One request and its session: from the id to the commit.
//!
//! Each file uses only what stands above it in this list: `plan`, `deadline` and `slot`; `turns` and
//! `telemetry`; `carrier`; `context`; `home`; `state`; `find`, `told` and `transaction`; `owned` and
//! `candidates`; `open` and `commit`; `sign_in`; `progress`; `session`; `exchange`;
//! `opened`.

pub(crate) mod candidates;
pub(crate) mod carrier;
pub(crate) mod commit;
pub(crate) mod context;
pub(crate) mod deadline;
pub(crate) mod exchange;
pub(crate) mod find;
pub(crate) mod home;
pub(crate) mod open;
pub(crate) mod opened;
pub(crate) mod owned;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod session;
#[cfg(feature = "http")]
pub(crate) mod sign_in;
pub(crate) mod state;
pub(crate) mod telemetry;
pub(crate) mod told;
pub(crate) mod transaction;
pub(crate) mod turns;
