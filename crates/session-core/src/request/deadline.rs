//! The time a request may spend on its session.

use crate::error::{Error, ErrorKind, Result};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Timeout, timeout_at};

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
    pub(crate) fn read<F>(self, call: F) -> Limited<F> {
        let attempt = "read a session within the request's deadline";
        Limited {
            stage: Stage::First(Some(call)),
            deadline: self,
            kind: ErrorKind::Timeout,
            attempt,
        }
    }

    /// Waits for a call that changes the store.
    ///
    /// # Errors
    ///
    /// `Unknown` at the deadline, and those of the call.
    pub(crate) fn write<F>(self, call: F) -> Limited<F> {
        let attempt = "write a session within the request's deadline";
        Limited {
            stage: Stage::First(Some(call)),
            deadline: self,
            kind: ErrorKind::Unknown,
            attempt,
        }
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// A call until a deadline.
///
/// Requests keep it in their own future, so it is small: only a call that is not ready at once
/// gets a timer, on the heap.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Limited<F> {
    stage: Stage<F>,
    deadline: Deadline,
    kind: ErrorKind,
    attempt: &'static str,
}

enum Stage<F> {
    First(Option<F>),
    Timed(Pin<Box<Timeout<F>>>),
}

impl<T, F> Future for Limited<F>
where
    F: Future<Output = Result<T>> + Unpin,
{
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        if let Stage::First(call) = &mut this.stage {
            if let Some(call) = call
                && let Poll::Ready(result) = Pin::new(call).poll(cx)
            {
                return Poll::Ready(result);
            }
            let Some(call) = call.take() else { return Poll::Pending };
            this.stage = Stage::Timed(Box::pin(timeout_at(this.deadline.0, call)));
        }
        let Stage::Timed(call) = &mut this.stage else { return Poll::Pending };
        let result = call.as_mut().poll(cx);
        result.map(|result| result.unwrap_or_else(|_| Err(Error::new(this.kind, this.attempt))))
    }
}

#[cfg(test)]
mod tests {
    use super::Deadline;
    use crate::error::{Error, ErrorKind, Result};
    use std::future::{pending, ready};
    use std::time::Duration;
    use tokio::time::{Instant, advance};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn read_that_hangs_times_out_and_a_write_is_unknown() {
        let start = Instant::now();
        let deadline = Deadline::after(start, SECOND);
        assert_eq!(
            deadline.read(pending::<Result<()>>()).await.unwrap_err().kind(),
            ErrorKind::Timeout
        );
        assert_eq!(start.elapsed().as_secs(), 1);
        assert!(deadline.is_over());
        assert_eq!(
            deadline.write(pending::<Result<()>>()).await.unwrap_err().kind(),
            ErrorKind::Unknown
        );
        assert_eq!(start.elapsed().as_secs(), 1, "one deadline for all calls");
    }

    #[tokio::test(start_paused = true)]
    async fn answer_that_is_there_counts_even_after_the_deadline() {
        let deadline = Deadline::after(Instant::now(), SECOND);
        advance(2 * SECOND).await;
        assert_eq!(deadline.read(ready(Ok(1))).await.unwrap(), 1);
        let error = Error::new(ErrorKind::Unavailable, "call a store");
        assert_eq!(
            deadline.write(ready(Err::<(), _>(error))).await.unwrap_err().kind(),
            ErrorKind::Unavailable
        );
    }

    #[tokio::test(start_paused = true)]
    async fn longest_limit_does_not_overflow() {
        assert!(!Deadline::after(Instant::now(), Duration::MAX).is_over());
    }
}
