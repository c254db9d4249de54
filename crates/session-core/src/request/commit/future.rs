//! The future of a commit: ready at once for most requests.

use super::Commit;
use crate::error::Result;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A commit under way; see [`Exchange::commit`](crate::Exchange::commit).
///
/// Requests that change nothing are committed when this is made, without an allocation.
#[must_use = "a commit that is not awaited stores nothing"]
pub struct Committing(Stage);

enum Stage {
    Ready(Option<Result<Commit>>),
    Pending(Pin<Box<dyn Future<Output = Result<Commit>> + Send>>),
}

impl Committing {
    pub(crate) fn ready(result: Result<Commit>) -> Self {
        Self(Stage::Ready(Some(result)))
    }

    pub(crate) fn pending(commit: impl Future<Output = Result<Commit>> + Send + 'static) -> Self {
        Self(Stage::Pending(Box::pin(commit)))
    }
}

impl Future for Committing {
    type Output = Result<Commit>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Stage::Ready(result) => match result.take() {
                Some(result) => Poll::Ready(result),
                // Polled again after it was ready, which a future may answer as it likes.
                None => Poll::Ready(Ok(Commit::default())),
            },
            Stage::Pending(commit) => commit.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for Committing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ready = matches!(self.0, Stage::Ready(_));
        f.debug_struct("Committing").field("is_ready", &is_ready).finish()
    }
}
