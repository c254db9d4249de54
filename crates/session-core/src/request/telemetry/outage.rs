//! How often an outage is spoken of: every request meets it, and the log needs each of its causes
//! once.

use crate::error::Error;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// After this an outage that goes on is mentioned again.
const PAUSE: Duration = Duration::from_secs(60);
/// Causes that are told apart within a pause: what some say is never twice the same, as a port.
const MOST_CAUSES: usize = 4;
const UNAVAILABLE: u16 = 503;

/// The failures of one kind of work, and how many of them nobody spoke of.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<Option<Silence>>);

#[derive(Debug)]
struct Silence {
    until: Instant,
    said: Vec<Cause>,
    unsaid: u64,
}

impl Outage {
    /// How many were passed over since the last that was said; `None` to pass over this one, too.
    /// What is no fault of the store is about one request, and is always said.
    pub(super) fn hear(&self, error: &Error) -> Option<u64> {
        if error.kind().http_status() != UNAVAILABLE {
            return Some(0);
        }
        let cause = Cause::of(error);
        let now = Instant::now();
        let mut silence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *silence {
            Some(silence) if now < silence.until => {
                if silence.said.contains(&cause) || silence.said.len() == MOST_CAUSES {
                    silence.unsaid += 1;
                    return None;
                }
                silence.said.push(cause);
                Some(std::mem::take(&mut silence.unsaid))
            }
            over => {
                let unsaid = over.as_ref().map_or(0, |silence| silence.unsaid);
                *over = Some(Silence { until: now + PAUSE, said: vec![cause], unsaid: 0 });
                Some(unsaid)
            }
        }
    }
}

/// The line of an error, without its text.
#[derive(Debug, PartialEq, Eq)]
struct Cause(u64);

impl Cause {
    fn of(error: &Error) -> Self {
        let mut line = Line(DefaultHasher::new());
        // A hasher takes everything.
        let _ = write!(line, "{}", error.logged());
        Self(line.0.finish())
    }
}

struct Line(DefaultHasher);

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_CAUSES, Outage, PAUSE};
    use crate::error::{Error, ErrorKind};

    fn failure(cause: &str) -> Error {
        let cause = std::io::Error::other(cause.to_owned());
        Error::new(ErrorKind::Unavailable, "load a session").with_source(cause)
    }

    #[tokio::test(start_paused = true)]
    async fn another_cause_is_said_at_once_and_each_once_a_minute() {
        let outage = Outage::default();
        let hear = |cause| outage.hear(&failure(cause));
        assert_eq!(hear("connection refused"), Some(0));
        assert_eq!(hear("connection refused"), None);
        assert_eq!(hear("connection refused"), None);
        assert_eq!(hear("the server is full"), Some(2), "with what was passed over before it");
        assert_eq!(hear("connection refused"), None);
        assert_eq!(hear("the server is full"), None);
        tokio::time::advance(PAUSE).await;
        assert_eq!(hear("the server is full"), Some(2));
        assert_eq!(hear("connection refused"), Some(0));
        assert_eq!(hear("connection refused"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn causes_that_never_repeat_do_not_fill_the_log() {
        let outage = Outage::default();
        for _ in 0..2 {
            let said = (0..100).filter_map(|port| outage.hear(&failure(&format!("port {port}"))));
            assert_eq!(said.count(), MOST_CAUSES);
            tokio::time::advance(PAUSE).await;
        }
    }
}
