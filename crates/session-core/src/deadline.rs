//! The time a request may spend on its session.

use crate::error::{Error, ErrorKind, Result};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// When the session's part of a request must be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(start: Instant, limit: Duration) -> Self {
        Self(start.checked_add(limit).unwrap_or_else(|| start + Duration::from_secs(86_400)))
    }

    /// Waits for a call that changes nothing.
    ///
    /// # Errors
    ///
    /// `Timeout` at the deadline, and those of the call.
    pub(crate) async fn read<T>(self, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.run(call, ErrorKind::Timeout, "read a session within the request's deadline").await
    }

    /// Waits for a call that changes the store.
    ///
    /// # Errors
    ///
    /// `Unknown` at the deadline, and those of the call.
    pub(crate) async fn write<T>(self, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.run(call, ErrorKind::Unknown, "write a session within the request's deadline").await
    }

    async fn run<T>(
        self,
        call: impl Future<Output = Result<T>>,
        kind: ErrorKind,
        attempt: &'static str,
    ) -> Result<T> {
        let mut call = pin!(call);
        // A call that is ready at once needs no timer.
        let first = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        if let Poll::Ready(result) = first {
            return result;
        }
        timeout_at(self.0, call).await.unwrap_or_else(|_| Err(Error::new(kind, attempt)))
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Deadline;
    use crate::error::{Error, ErrorKind};
    use std::future::{pending, ready};
    use std::time::Duration;
    use tokio::time::{Instant, advance};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn read_that_hangs_times_out_and_a_write_is_unknown() {
        let start = Instant::now();
        let deadline = Deadline::after(start, SECOND);
        assert_eq!(deadline.read::<()>(pending()).await.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(start.elapsed().as_secs(), 1);
        assert!(deadline.is_over());
        assert_eq!(deadline.write::<()>(pending()).await.unwrap_err().kind(), ErrorKind::Unknown);
        assert_eq!(start.elapsed().as_secs(), 1, "one deadline for all calls");
    }

    #[tokio::test(start_paused = true)]
    async fn answer_that_is_there_counts_even_after_the_deadline() {
        let deadline = Deadline::after(Instant::now(), SECOND);
        advance(2 * SECOND).await;
        assert_eq!(deadline.read(ready(Ok(1))).await.unwrap(), 1);
        let error = Error::new(ErrorKind::Unavailable, "call a store");
        assert_eq!(
            deadline.write::<()>(ready(Err(error))).await.unwrap_err().kind(),
            ErrorKind::Unavailable
        );
    }

    #[tokio::test(start_paused = true)]
    async fn longest_limit_does_not_overflow() {
        assert!(!Deadline::after(Instant::now(), Duration::MAX).is_over());
    }
}
