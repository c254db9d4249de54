//! How long is waited for what.

use session_core::store::Timeouts;
use std::time::Duration;

#[derive(Clone, Copy)]
pub(crate) struct Waits {
    /// For a connection.
    pub(crate) connect: Duration,
    /// Without a call, before a connection is doubted.
    pub(super) rest: Duration,
    /// For one that is doubted to answer; the call that waits must then find time for another.
    pub(super) answer: Duration,
}

impl Waits {
    pub(crate) fn new(timeouts: &Timeouts, rest: Duration) -> Self {
        Self { connect: timeouts.connect(), rest, answer: timeouts.operation() / 4 }
    }
}
