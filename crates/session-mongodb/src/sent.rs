//! How far a command got: the driver's errors do not say, and it may wait long for a server or for a
//! connection.

use crate::heard::Heard;
use crate::slots::Slots;
use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use session_core::store::ConnectionLimit;
use std::cell::Cell;
use std::sync::Arc;
use tokio::task_local;

task_local! {
    static STAGE: Cell<Stage>;
}

/// Whose connections the commands go to.
#[derive(Clone)]
pub(crate) enum Pool {
    /// Ours, which tells by the [`watch`] how far a command got.
    Own { slots: Arc<Slots>, heard: Arc<Heard> },
    /// The application's, which tells nothing: any command may have been sent. What waits in the
    /// driver's line stays there when its caller has gone, so few of ours may.
    Shared(Arc<ConnectionLimit>),
}

/// How far the command of a task got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It looks for a server.
    Looking,
    /// It waits for a connection.
    Waiting,
    /// It has a connection, or may have one, and is sent.
    Sent,
}

/// Watches the pools of a driver.
pub(crate) fn watch(slots: Arc<Slots>) -> EventHandler<CmapEvent> {
    EventHandler::callback(move |event| {
        // The driver takes a connection within the future that asked it to; its own ones, for
        // watching servers, are no task of ours.
        let reached = match event {
            CmapEvent::ConnectionCheckoutStarted(_) => Some(Stage::Waiting),
            CmapEvent::ConnectionCheckedOut(_) => Some(Stage::Sent),
            _ => None,
        };
        match reached {
            Some(stage) => {
                let _ = STAGE.try_with(|reached| reached.set(stage));
            }
            None => slots.learn(&event),
        }
    })
}

/// Runs `work`, in which [`stage`] answers.
pub(crate) fn marked<F: Future>(work: F) -> impl Future<Output = F::Output> {
    STAGE.scope(Cell::new(Stage::Looking), work)
}

/// How far the command of this task got.
pub(crate) fn stage() -> Stage {
    STAGE.try_with(Cell::get).unwrap_or(Stage::Sent)
}
