//! How many connections a server has of a store.

use super::Lost;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout_at;

/// A bound on the connections to one server, for clients that have none, or take the place of a
/// connection for free as soon as this process has closed it: a frozen server has it still.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::time::{Duration, Instant};
/// use web_session::store::{ConnectionLimit, Lost};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Lost> {
/// let limit = ConnectionLimit::new(64);
/// let turn = limit.turn(Instant::now() + Duration::from_millis(500)).await?;
/// // The call is made here; dropped with it, the turn is withheld.
/// turn.answered();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ConnectionLimit {
    max: usize,
    turns: Semaphore,
    /// Turns of calls that were given up, until the server answers and so sees them closed.
    withheld: AtomicUsize,
}

/// The right to one connection; dropped as it is, it is that of a call that was given up.
#[derive(Debug)]
#[must_use]
pub struct ConnectionTurn<'a> {
    limit: &'a ConnectionLimit,
    permit: Option<SemaphorePermit<'a>>,
}

impl ConnectionLimit {
    /// Allows `max` connections; at least 1.
    pub fn new(max: usize) -> Self {
        let max = max.clamp(1, Semaphore::MAX_PERMITS);
        Self { max, turns: Semaphore::new(max), withheld: AtomicUsize::new(0) }
    }

    /// Waits in line for the turn to use a connection, until `deadline`.
    ///
    /// # Errors
    ///
    /// `Lost::Unsent` if there was none in time.
    pub async fn turn(&self, deadline: Instant) -> Result<ConnectionTurn<'_>, Lost> {
        match timeout_at(deadline.into(), self.turns.acquire()).await {
            // A call that is late would be sent all the same, and nobody wait for its answer.
            Ok(Ok(permit)) if Instant::now() < deadline => {
                Ok(ConnectionTurn { limit: self, permit: Some(permit) })
            }
            _ => Err(Lost::Unsent),
        }
    }

    /// A server that keeps silent is sent to over one connection at a time in the end, which finds
    /// out when it goes on.
    fn withhold(&self, permit: SemaphorePermit<'_>) {
        let one_more = |withheld| (withheld + 1 < self.max).then_some(withheld + 1);
        if self.withheld.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok() {
            permit.forget();
        }
    }

    fn give_back(&self) {
        if self.withheld.load(Ordering::Relaxed) > 0 {
            self.turns.add_permits(self.withheld.swap(0, Ordering::Relaxed));
        }
    }
}

impl ConnectionTurn<'_> {
    /// The server answered, and so goes on: what was withheld is given back.
    pub fn answered(mut self) {
        self.permit = None;
        self.limit.give_back();
    }

    /// The connection is gone at both ends, or was never made.
    pub fn closed(mut self) {
        self.permit = None;
    }
}

impl Drop for ConnectionTurn<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.limit.withhold(permit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionLimit;
    use crate::store::Lost;
    use std::time::{Duration, Instant};

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(5)
    }

    #[tokio::test]
    async fn turns_of_calls_that_were_given_up_come_back_with_the_next_answer() {
        let limit = ConnectionLimit::new(3);
        let long = Instant::now() + Duration::from_secs(60);
        let turns = [limit.turn(long).await, limit.turn(long).await, limit.turn(long).await];
        assert_eq!(limit.turn(soon()).await.unwrap_err(), Lost::Unsent);
        drop(turns);
        let last = limit.turn(long).await.unwrap();
        assert_eq!(limit.turn(soon()).await.unwrap_err(), Lost::Unsent, "two are withheld");
        last.closed();
        let last = limit.turn(long).await.unwrap();
        assert_eq!(limit.turn(soon()).await.unwrap_err(), Lost::Unsent, "they still are");
        last.answered();
        let turns = [limit.turn(long).await, limit.turn(long).await, limit.turn(long).await];
        assert!(turns.iter().all(Result::is_ok));
        assert_eq!(limit.turn(soon()).await.unwrap_err(), Lost::Unsent, "no more than before");
    }
}
