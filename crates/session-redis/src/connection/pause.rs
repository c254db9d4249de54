//! Waiting while servers change their roles.

use crate::error::Fault;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two attempts; the least, too, that is left to the last for its answer.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits a little, or gives up for `why` if there is no time left to try again.
pub(crate) async fn pause(why: Fault, deadline: Instant) -> Result<(), Fault> {
    if Instant::now() + PAUSE * 2 < deadline {
        sleep(PAUSE).await;
        // A busy machine wakes late.
        if Instant::now() + PAUSE < deadline {
            return Ok(());
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests {
    use super::{PAUSE, pause};
    use session_core::store::Lost;
    use tokio::time::Instant;

    #[tokio::test]
    async fn next_attempt_has_time_for_its_answer() {
        for (left, is_tried) in [(PAUSE, false), (PAUSE * 2, false), (PAUSE * 1_000, true)] {
            let paused = pause(Lost::Unsent.into(), Instant::now() + left).await;
            assert_eq!(paused.is_ok(), is_tried, "{left:?}");
        }
    }
}
