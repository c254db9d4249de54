//! The one place that knows the driver: commands out, answers and faults back, each in time.
//!
//! Commands are the driver's `run_command`, the one way to the server that it never retries, also on
//! a client of the application. Each is a task of its own, which outlives the future that asked for
//! it: the driver closes a connection whose future is dropped half-way.

use crate::answer;
use crate::error::Fault;
use mongodb::Database;
use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind, Result as DriverResult, SYSTEM_OVERLOADED_ERROR};
use session_core::store::{Lost, Timeouts, undisturbed};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

/// Sends the commands of the store.
pub(crate) struct Client {
    pub(crate) database: Database,
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

    /// Runs one command, which is never sent again.
    pub(crate) async fn run(
        &self,
        command: Document,
        deadline: Instant,
    ) -> Result<Document, Fault> {
        let database = self.database.clone();
        let run = async move { database.run_command(command).await };
        answered(undisturbed(timeout_at(deadline, run)).await)
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
        let database = self.database.clone();
        let list = async move {
            let mut cursor = database.run_cursor_command(command).await?;
            let mut found = Vec::new();
            while cursor.advance().await? {
                found.push(cursor.deserialize_current()?);
            }
            Ok(found)
        };
        answered(undisturbed(timeout_at(deadline, list)).await)
    }
}

/// What came of a call. At the deadline the driver's future is dropped, and with it the silent
/// connection.
fn answered<T>(call: Result<Result<DriverResult<T>, Elapsed>, Lost>) -> Result<T, Fault> {
    call?.map_err(|_| Lost::Silent)?.map_err(Into::into)
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
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
    use crate::error::Fault;
    use mongodb::error::{Error, ErrorKind};
    use session_core::store::{Call, Lost};
    use std::io;
    use std::sync::Arc;

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
