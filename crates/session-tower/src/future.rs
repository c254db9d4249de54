//! Waiting for the handler, then for the commit.

use crate::response::{self, ErrorResponse, Nesting};
use http::Response;
use pin_project_lite::pin_project;
use session_core::{Committing, Exchange};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The response of a [`SessionService`](crate::SessionService): the inner one, once the
    /// session is stored.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B, ResBody> {
        #[pin]
        handler: F,
        exchange: Exchange,
        error_response: B,
        nesting: Nesting,
        // Boxed: most commits are ready at once, and every request moves this future about.
        commit: Option<Box<(Committing, Response<ResBody>)>>,
    }
}

impl<F, B, ResBody> ResponseFuture<F, B, ResBody> {
    pub(crate) fn new(handler: F, exchange: Exchange, error_response: B, nesting: Nesting) -> Self {
        Self { handler, exchange, error_response, nesting, commit: None }
    }
}

impl<F, B, E, ResBody> Future for ResponseFuture<F, B, ResBody>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    B: ErrorResponse<ResBody>,
{
    type Output = Result<Response<ResBody>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut commit, response) = match this.commit.take() {
            Some(waiting) => *waiting,
            None => {
                let response = ready!(this.handler.poll(cx))?;
                if response::is_failed(&response) {
                    let commit = this.exchange.discard();
                    let response = response::explain(response, this.error_response);
                    return Poll::Ready(Ok(response::apply(response, commit, *this.nesting)));
                }
                (this.exchange.commit(), response)
            }
        };
        let Poll::Ready(result) = Pin::new(&mut commit).poll(cx) else {
            *this.commit = Some(Box::new((commit, response)));
            return Poll::Pending;
        };
        Poll::Ready(Ok(match result {
            Ok(commit) => response::apply(response, commit, *this.nesting),
            Err(error) => {
                let response = response::failure(response, &error, this.error_response);
                response::apply(response, this.exchange.discard(), *this.nesting)
            }
        }))
    }
}

impl<F, B, ResBody> std::fmt::Debug for ResponseFuture<F, B, ResBody> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("is_committing", &self.commit.is_some())
            .finish_non_exhaustive()
    }
}
