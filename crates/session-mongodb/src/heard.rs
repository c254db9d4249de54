//! What keeps the driver from its servers, as its watch over them hears it: the error of a command
//! that found no server says it in a text alone, among much else.

use mongodb::error::{Error, ErrorKind};
use mongodb::event::EventHandler;
use mongodb::event::sdam::SdamEvent;
use session_core::store::system_cause;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The last failure of the watch, if nothing went well since.
#[derive(Default)]
pub(crate) struct Heard(Mutex<Option<Arc<io::Error>>>);

impl Heard {
    /// The system's words.
    pub(crate) fn cause(&self) -> Option<io::Error> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.as_deref().map(system_cause)
    }

    fn hear(&self, failure: Option<&Error>) {
        let cause = failure.and_then(|failure| match &*failure.kind {
            ErrorKind::Io(cause) => Some(Arc::clone(cause)),
            _ => None,
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }
}

/// Listens to the driver's watch over its servers.
pub(crate) fn listen(heard: Arc<Heard>) -> EventHandler<SdamEvent> {
    EventHandler::callback(move |event| match event {
        SdamEvent::ServerHeartbeatFailed(failed) => heard.hear(Some(&failed.failure)),
        SdamEvent::ServerHeartbeatSucceeded(_) => heard.hear(None),
        _ => {}
    })
}
