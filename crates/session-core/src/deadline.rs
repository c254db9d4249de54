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
