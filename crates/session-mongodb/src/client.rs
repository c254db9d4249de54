//! The one place that knows the driver: commands out, answers and faults back, each in time.
//!
//! Commands are the driver's `run_command`, the one way to the server that it never retries, also on
//! a client of the application. Each is a task of its own, which outlives the future that asked for
//! it: the driver closes a connection whose future is dropped half-way.

use crate::answer;
use crate::error::Fault;
use crate::sent::{Pool, Stage, marked, stage};
use crate::slots::Slots;
use mongodb::Database;
use mongodb::bson::Document;
use mongodb::error::{
    Error as DriverError, ErrorKind, Result as DriverResult, SYSTEM_OVERLOADED_ERROR,
};
use session_core::Error;
use session_core::store::{Call, ConnectionLimit, Lost, Timeouts, undisturbed};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Sends the commands of the store.
pub(crate) struct Client {
    pub(crate) database: Database,
    pub(crate) pool: Pool,
    pub(crate) timeouts: Timeouts,
}

impl Client {
    /// When a call that begins now ends.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }

    /// When a call that may be the first contact ends.
    pub(crate) fn first_deadline(&self) -> Instant {
        self.deadline() + self.timeouts.connect()
    }

    /// Runs one command, which is never sent again, and which the server gives up before
    /// `deadline`.
    pub(crate) async fn run(
        &self,
        command: Document,
        deadline: Instant,
    ) -> Result<Document, Fault> {
        self.run_on(limited(command, deadline), deadline).await
    }

    /// The same, but the server goes on after `deadline`: an index is made in its own time.
    pub(crate) async fn run_on(
        &self,
        command: Document,
        deadline: Instant,
    ) -> Result<Document, Fault> {
        let database = self.database.clone();
        self.ask(deadline, async move { database.run_command(command).await }).await
    }

    /// Runs a command that changes documents; returns how many matched.
    pub(crate) async fn change(&self, command: Document, deadline: Instant) -> Result<u64, Fault> {
        answer::changed(&self.run(command, deadline).await?)
    }

    /// Runs a command whose answer is a cursor; returns everything that it leads to.
    pub(crate) async fn list(
        &self,
        command: Document,
        deadline: Instant,
    ) -> Result<Vec<Document>, Fault> {
        let (database, command) = (self.database.clone(), limited(command, deadline));
        let list = async move {
            let mut cursor = database.run_cursor_command(command).await?;
            let mut found = Vec::new();
            while cursor.advance().await? {
                found.push(cursor.deserialize_current()?);
            }
            Ok(found)
        };
        self.ask(deadline, list).await
    }

    /// The error of `call` after `fault`, with what the driver heard of a server it did not reach.
    pub(crate) fn error(&self, fault: Fault, call: Call) -> Error {
        let cause = match (&self.pool, fault) {
            (Pool::Own { heard, .. }, Fault::Lost(Lost::Unreached | Lost::Unsent)) => heard.cause(),
            _ => None,
        };
        match cause {
            Some(cause) => fault.because(&cause).into_error(call).with_source(cause),
            None => fault.into_error(call),
        }
    }

    /// Awaits the driver until `deadline`; then its future is dropped, and with it the silent
    /// connection.
    fn ask<T: Send + 'static>(
        &self,
        deadline: Instant,
        request: impl Future<Output = DriverResult<T>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Fault>> {
        let pool = self.pool.clone();
        let asked = undisturbed(marked(async move {
            match pool {
                Pool::Own { slots, .. } => in_slot(&slots, deadline, request).await,
                Pool::Shared(limit) => in_turn(&limit, deadline, request).await,
            }
        }));
        async { asked.await? }
    }
}

/// Asks over a connection of our own, once there is one.
async fn in_slot<T>(
    slots: &Slots,
    deadline: Instant,
    request: impl Future<Output = DriverResult<T>>,
) -> Result<T, Fault> {
    let slot = slots.take(deadline).await?;
    match (timeout_at(deadline, request).await, stage()) {
        (Ok(Ok(answer)), _) => Ok(answer),
        (Ok(Err(error)), Stage::Sent) => Err(Fault::from(error)),
        (Ok(Err(error)), _) => Err(match Fault::from(error) {
            Fault::Lost(_) => Lost::Unreached.into(),
            fault => fault,
        }),
        (Err(_), Stage::Sent) => Err(Lost::Silent.into()),
        (Err(_), Stage::Looking) => Err(Lost::Unsent.into()),
        (Err(_), Stage::Waiting) => {
            slots.keep(slot);
            Err(Lost::Unsent.into())
        }
    }
}

/// Asks over one of the application's connections, or stands in its driver's line for one.
async fn in_turn<T>(
    limit: &ConnectionLimit,
    deadline: Instant,
    request: impl Future<Output = DriverResult<T>>,
) -> Result<T, Fault> {
    let turn = limit.turn(deadline.into()).await?;
    let answer = timeout_at(deadline, request).await.map_err(|_| Lost::Silent)?;
    let answer = answer.map_err(Fault::from);
    match &answer {
        Err(Fault::Lost(_)) => turn.closed(),
        _ => turn.answered(),
    }
    answer
}

/// Has the server end `command` a little before `deadline`, when nobody waits for it any more.
fn limited(mut command: Document, deadline: Instant) -> Document {
    let left = deadline.saturating_duration_since(Instant::now());
    // 0 is no limit.
    command.insert("maxTimeMS", limit_ms(left));
    command
}

/// Nine tenths, which leaves time for the answer to arrive.
fn limit_ms(left: Duration) -> i64 {
    i64::try_from(left.as_millis() * 9 / 10).unwrap_or(i64::MAX).clamp(1, i32::MAX.into())
}

impl From<DriverError> for Fault {
    fn from(error: DriverError) -> Self {
        match &*error.kind {
            ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } => {
                Lost::Unreached.into()
            }
            // The driver labels I/O errors so that happen while it connects and says hello.
            ErrorKind::Io(_) if error.contains_label(SYSTEM_OVERLOADED_ERROR) => {
                Lost::Unreached.into()
            }
            ErrorKind::Command(refused) => Self::of_code(refused.code),
            ErrorKind::Authentication { .. } => Self::LogIn,
            ErrorKind::InvalidArgument { .. } | ErrorKind::InvalidTlsConfig { .. } => Self::Options,
            ErrorKind::IncompatibleServer { .. } => Self::Incompatible,
            ErrorKind::Shutdown => Self::Closed,
            // A cleared pool interrupts commands under way, too.
            ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => Lost::Broken.into(),
            _ => Self::Unexpected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::limit_ms;
    use crate::error::Fault;
    use mongodb::error::{Error, ErrorKind};
    use session_core::store::{Call, Lost};
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn server_gives_up_before_the_call_does_and_never_has_no_limit() {
        for (left, limit) in [(0, 1), (1, 1), (500, 450), (20_000, 18_000)] {
            assert_eq!(limit_ms(Duration::from_millis(left)), limit, "{left} ms");
        }
        assert_eq!(limit_ms(Duration::MAX), i64::from(i32::MAX));
    }

    #[test]
    fn texts_of_the_driver_stay_out() {
        let error = Error::from(ErrorKind::Io(Arc::new(io::Error::other("hunter2"))));
        let fault = Fault::from(error);
        assert_eq!(fault, Fault::Lost(Lost::Broken));
        for call in [Call::Load, Call::Update] {
            let shown = fault.into_error(call);
            assert!(!format!("{shown:#} {shown:?}").contains("hunter2"), "{shown:?}");
        }
        assert_eq!(Fault::from(Error::from(ErrorKind::Shutdown)), Fault::Closed);
    }
}
