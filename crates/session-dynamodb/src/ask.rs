//! One request, its deadline, and whether it was sent: the client's errors do not say, and it may
//! wait for credentials long before it looks for a connection.

use crate::error::Fault;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata, SdkError};
use session_core::store::Lost;
use std::cell::Cell;
use std::error::Error as StdError;
use tokio::task_local;
use tokio::time::{Instant, timeout_at};

task_local! {
    static IS_SENT: Cell<bool>;
}

/// Notes that a request has its credentials and signature and goes to a connection.
#[derive(Debug)]
pub(crate) struct Mark;

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
        // A client sends within the future that asked it to.
        let _ = IS_SENT.try_with(|is_sent| is_sent.set(true));
        Ok(())
    }
}

/// Awaits a request of a client that has the [`Mark`].
pub(crate) fn timed<T, E>(
    deadline: Instant,
    request: impl Future<Output = Result<T, SdkError<E>>>,
) -> impl Future<Output = Result<T, Fault>>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    IS_SENT.scope(Cell::new(false), async move {
        let answer = timeout_at(deadline, request).await;
        match (answer, IS_SENT.with(Cell::get)) {
            (Ok(answer), is_sent) => answer.map_err(|error| Fault::new(&error, is_sent)),
            (Err(_), true) => Err(Lost::Silent.into()),
            (Err(_), false) => Err(Lost::Unsent.into()),
        }
    })
}
