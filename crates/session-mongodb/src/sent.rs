//! Whether a command was sent: the driver's errors do not say, and it may wait long for a connection
//! of its pool.

use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use std::cell::Cell;
use tokio::task_local;

task_local! {
    static IS_SENT: Cell<bool>;
}

/// Whose connections the commands go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// Ours, which tells by the [`mark`] when a command has one.
    Own,
    /// The application's, which tells nothing: any command may have been sent.
    Shared,
}

/// Notes that the command of this task has a connection, which is right before it is sent.
pub(crate) fn mark() -> EventHandler<CmapEvent> {
    EventHandler::callback(|event| {
        if matches!(event, CmapEvent::ConnectionCheckedOut(_)) {
            // The driver takes a connection within the future that asked it to; its own ones, for
            // watching servers, are no task of ours.
            let _ = IS_SENT.try_with(|is_sent| is_sent.set(true));
        }
    })
}

/// Runs `work`, in which [`is_sent`] answers.
pub(crate) fn marked<F: Future>(pool: Pool, work: F) -> impl Future<Output = F::Output> {
    IS_SENT.scope(Cell::new(pool == Pool::Shared), work)
}

/// Whether the command of this task may have been sent.
pub(crate) fn is_sent() -> bool {
    IS_SENT.try_with(Cell::get).unwrap_or(true)
}
