//! Waiting while servers change their roles.

use crate::error::Fault;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const PAUSE: Duration = Duration::from_millis(20);

/// Waits a little, or gives up for `why` if there is no time left.
pub(crate) async fn pause(why: Fault, deadline: Instant) -> Result<(), Fault> {
    if Instant::now() + PAUSE < deadline {
        sleep(PAUSE).await;
        // A busy machine wakes late.
        if Instant::now() < deadline {
            return Ok(());
        }
    }
    Err(why)
}
