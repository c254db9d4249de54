//! Between requests, which never wait, and an observer, which may.

use super::{EventKind, SessionEvent};
use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// Events that wait for the observer, at most.
const CAPACITY: usize = 4096;
/// Between two lines in the log about events that were lost.
const SILENCE: Duration = Duration::from_secs(60);

/// What waits for an observer, which has a thread of its own.
pub(crate) struct Queue {
    sender: Sender<Item>,
    losses: Arc<Losses>,
}

enum Item {
    Event(SessionEvent),
    /// Somebody waits until everything before this was told.
    Mark(oneshot::Sender<()>),
}

impl Queue {
    /// Starts the thread. It ends when the queue is dropped, and all that is in it was told.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the system starts no more threads.
    pub(crate) fn start(
        observer: impl FnMut(&SessionEvent) + Send + 'static,
        backend: &'static str,
    ) -> Result<Self> {
        let (sender, line) = channel(CAPACITY);
        let losses = Arc::new(Losses { untold: AtomicU64::new(0), backend });
        let teller = Teller { observer, losses: Arc::clone(&losses), said: None };
        let thread = std::thread::Builder::new().name("session-observer".to_owned());
        let started = thread.spawn(move || teller.run(line));
        started.map_err(|error| {
            Error::new(ErrorKind::Unavailable, "start the thread that tells an observer")
                .with_source(error)
        })?;
        Ok(Self { sender, losses })
    }

    /// Puts an event in line; where there is no room it is lost, and counted.
    pub(crate) fn put(&self, event: SessionEvent) {
        if self.sender.try_send(Item::Event(event)).is_err() {
            self.losses.count();
        }
    }

    /// Waits until everything that was put in line before was told.
    pub(crate) async fn drain(&self) {
        let (told, wait) = oneshot::channel();
        if self.sender.send(Item::Mark(told)).await.is_ok() {
            // The thread answers, unless it is gone.
            let _ = wait.await;
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

/// Events that no observer was told of.
struct Losses {
    untold: AtomicU64,
    backend: &'static str,
}

impl Losses {
    #[cold]
    fn count(&self) {
        self.untold.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "metrics")]
        metrics::counter!("session_events_lost_total", "backend" => self.backend).increment(1);
    }
}

/// The thread's side.
struct Teller<F> {
    observer: F,
    losses: Arc<Losses>,
    /// When losses were logged last.
    said: Option<Instant>,
}

impl<F: FnMut(&SessionEvent)> Teller<F> {
    fn run(mut self, mut line: Receiver<Item>) {
        // While there is no end of events, losses are told now and then.
        for told in 1_usize.. {
            let next = line.try_recv().ok().or_else(|| {
                self.tell_losses();
                line.blocking_recv()
            });
            match next {
                Some(Item::Event(event)) => {
                    if !self.tell(&event) {
                        self.losses.count();
                    }
                }
                Some(Item::Mark(wait)) => {
                    self.tell_losses();
                    // Whoever waited may have given up.
                    let _ = wait.send(());
                }
                None => break,
            }
            if told.is_multiple_of(CAPACITY) {
                self.tell_losses();
            }
        }
        self.tell_losses();
    }

    fn tell_losses(&mut self) {
        let count = self.losses.untold.swap(0, Ordering::Relaxed);
        if count == 0 {
            return;
        }
        if self.said.is_none_or(|said| said.elapsed() >= SILENCE) {
            self.said = Some(Instant::now());
            tracing::warn!(
                backend = self.losses.backend,
                count,
                "session events lost: the observer was too slow, or panicked"
            );
        }
        if !self.tell(&SessionEvent::new(EventKind::Lost { count })) {
            // They are lost as before, and it does not know yet.
            self.losses.untold.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// `false` if the observer panicked: what it leaves half done then is its own.
    fn tell(&mut self, event: &SessionEvent) -> bool {
        let observer = &mut self.observer;
        let is_told = catch_unwind(AssertUnwindSafe(|| observer(event))).is_ok();
        if !is_told {
            tracing::error!(
                backend = self.losses.backend,
                event = event.kind.as_str(),
                "an observer of sessions panicked"
            );
        }
        is_told
    }
}
