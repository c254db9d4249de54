//! How often an outage is spoken of: every request meets it, and the log needs it once.

use crate::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// After this an outage that goes on is mentioned again.
const PAUSE: Duration = Duration::from_secs(60);
const UNAVAILABLE: u16 = 503;

/// The failures of one kind of work, and how many of them nobody spoke of.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<Option<Silence>>);

#[derive(Debug)]
struct Silence {
    until: Instant,
    unsaid: u64,
}

impl Outage {
    /// How many like `error` were passed over since the last that was said; `None` to pass over
    /// this one, too. What is no fault of the store is about one request, and is always said.
    pub(super) fn hear(&self, error: &Error) -> Option<u64> {
        if error.kind().http_status() != UNAVAILABLE {
            return Some(0);
        }
        let now = Instant::now();
        let mut silence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaid = match &mut *silence {
            Some(silence) if now < silence.until => {
                silence.unsaid += 1;
                return None;
            }
            Some(silence) => silence.unsaid,
            None => 0,
        };
        *silence = Some(Silence { until: now + PAUSE, unsaid: 0 });
        Some(unsaid)
    }
}
