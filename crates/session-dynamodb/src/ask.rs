//! One request, its deadline, and whether it was sent.

use crate::error::Fault;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata, SdkError};
use session_core::store::Lost;
use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::{Instant, timeout_at};

/// Notes that a request has its credentials and signature and goes to a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mark(Arc<AtomicBool>);

impl Mark {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Intercept for Mark {
    fn name(&self) -> &'static str {
        "SessionMark"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.store(true, Ordering::Release);
        Ok(())
    }
}

/// Awaits the request that `send` makes, which must carry the mark, until `deadline`.
///
/// Dropping this closes the request's connection; others are left alone.
pub(crate) async fn ask<T, E, F>(
    deadline: Instant,
    send: impl FnOnce(Mark) -> F,
) -> Result<T, Fault>
where
    E: ProvideErrorMetadata + StdError + 'static,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mark = Mark::default();
    // The client's futures are large, and callers' would be with them.
    let answer = timeout_at(deadline, Box::pin(send(mark.clone()))).await;
    match answer {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(Fault::new(&error, mark.is_set())),
        Err(_) if mark.is_set() => Err(Fault::Lost(Lost::Silent, None)),
        Err(_) => Err(Fault::Lost(Lost::Unsent, None)),
    }
}
