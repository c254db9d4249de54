//! Whoever keeps a record of what happens to sessions.

use super::SessionManager;
use crate::error::{Error, ErrorKind, Result};
use crate::observer::{Queue, SessionEvent};

impl SessionManager {
    /// Calls `observer` with what happens to sessions from now on: sign-ins, ends, refusals and the
    /// [others](crate::EventKind). For an audit log, an alarm, a mail about a new device.
    ///
    /// The observer has a thread of its own, where it may block, and up to 4,096 events may wait for
    /// it. No request waits: what comes while there is no room is lost, counted
    /// (`session_events_lost_total`), and told as [`EventKind::Lost`](crate::EventKind::Lost). An
    /// observer that panics has missed that event, which is logged and counted as well. A manager has
    /// one observer, which tells others if need be; it is told of what this process does, so each
    /// process of an application has its own.
    ///
    /// Events of two requests about one session may come in either order. An end whose answer from the
    /// store was lost, or whose client hung up meanwhile, may not be told.
    ///
    /// Do not move the manager into the observer: neither would ever end. To end sessions on what it
    /// sees, let it send the event to a task that has the manager.
    ///
    /// What it costs: nothing in the store, about a microsecond for each event, and next to nothing
    /// for the many requests in which nothing happens.
    ///
    /// # Errors
    ///
    /// `Config` if the manager has an observer, `Unavailable` if the system starts no thread.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use std::sync::{Arc, mpsc};
    /// use web_session::{Config, EventKind, MemoryStore, SessionManager};
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
    /// let (told, events) = mpsc::channel();
    /// manager.observe(move |event| drop(told.send(event.clone())))?;
    ///
    /// let session = manager.create();
    /// session.set_owner("ann")?;
    /// session.commit().await?;
    ///
    /// manager.drain_events().await;
    /// let kinds: Vec<_> = events.try_iter().map(|event| (event.kind, event.owner)).collect();
    /// let ann = Some("ann".to_owned());
    /// assert_eq!(kinds, [(EventKind::Created, ann.clone()), (EventKind::SignedIn, ann)]);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    /// #     .block_on(example()).unwrap();
    /// ```
    pub fn observe(&self, observer: impl FnMut(&SessionEvent) + Send + 'static) -> Result<()> {
        let context = &self.0.context;
        let is_taken = || {
            Error::new(
                ErrorKind::Config,
                "this session manager has an observer: let that one tell the other",
            )
        };
        if context.observer().is_some() {
            return Err(is_taken());
        }
        let queue = Queue::start(observer, context.store.capabilities().name)?;
        context.set_observer(queue).map_err(|_| is_taken())
    }

    /// Waits until the observer was told of everything that has happened before; returns at once if
    /// there is none.
    ///
    /// Call it when the application ends, after its last request: events that still wait then would
    /// be lost with the process. It waits as long as the observer takes, so put a timeout around it;
    /// never wait for it within the observer itself.
    pub async fn drain_events(&self) {
        if let Some(queue) = self.0.context.observer() {
            queue.drain().await;
        }
    }
}
