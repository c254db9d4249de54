//! An observer that is slow, or panics.

use super::config;
use crate::support::owners::{open, sign_in};
use session_core::{EventKind, MemoryStore, SessionEvent, SessionManager};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

/// More events than may wait.
const MANY: u64 = 5000;

/// What an observer was told, which was told of an event for each word of `go_on`, and of all others
/// once that is gone.
struct Slow {
    manager: SessionManager,
    go_on: Sender<()>,
    told: Receiver<EventKind>,
}

fn manager() -> SessionManager {
    SessionManager::new(Arc::new(MemoryStore::new()), config().build().unwrap(), None).unwrap()
}

impl Slow {
    fn new() -> Self {
        let (go_on, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let manager = manager();
        let observer = move |event: &SessionEvent| {
            let _ = wait.recv();
            tell.send(event.kind).unwrap();
        };
        manager.observe(observer).unwrap();
        Self { manager, go_on, told }
    }

    /// Lets so many things happen.
    async fn happen(&self, count: u64) {
        for _ in 0..count {
            open(&self.manager, "session=%%%").await;
        }
    }
}

#[tokio::test]
async fn slow_observer_delays_no_request_and_learns_how_much_it_missed() {
    let slow = Slow::new();
    slow.happen(MANY).await;
    drop(slow.go_on);
    slow.manager.drain_events().await;
    let told: Vec<_> = slow.told.try_iter().collect();
    let lost = told.iter().filter_map(|kind| match kind {
        EventKind::Lost { count } => Some(*count),
        _ => None,
    });
    let lost: u64 = lost.sum();
    let seen = told.iter().filter(|kind| matches!(kind, EventKind::Refused { .. })).count();
    assert!(lost > 0 && seen >= 4096, "{lost} lost, {seen} seen");
    assert_eq!(seen as u64 + lost, MANY);
}

#[tokio::test]
async fn losses_are_told_though_there_is_no_end_of_events() {
    let slow = Slow::new();
    slow.happen(MANY).await;
    let mut kinds = Vec::new();
    for _ in 0..2 {
        for _ in 0..2050 {
            slow.go_on.send(()).unwrap();
            kinds.push(slow.told.recv().unwrap());
        }
        // Half of the line is free again, and is filled.
        slow.happen(2000).await;
    }
    assert!(kinds.iter().any(|kind| matches!(kind, EventKind::Lost { .. })));
}

#[tokio::test]
async fn all_that_waits_is_told_after_the_manager_is_gone() {
    let Slow { manager, go_on, told } = Slow::new();
    for _ in 0..100 {
        sign_in(&manager, "ann", &[]).await;
    }
    drop(manager);
    drop(go_on);
    // Until the observer, and with it the sender, is gone.
    assert_eq!(told.iter().count(), 200);
}

#[tokio::test]
async fn observer_that_panics_is_told_of_the_next_event_and_of_what_it_missed() {
    let manager = manager();
    let (tell, told) = mpsc::channel();
    let mut panics = 2;
    let observer = move |event: &SessionEvent| {
        if event.kind != EventKind::SignedIn && panics > 0 {
            panics -= 1;
            panic!("what the test is about");
        }
        tell.send(event.kind).unwrap();
    };
    manager.observe(observer).unwrap();
    sign_in(&manager, "ann", &[]).await;
    // The first time it panics at the count, too, which is no loss more.
    manager.drain_events().await;
    manager.drain_events().await;
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told, [EventKind::SignedIn, EventKind::Lost { count: 1 }]);
}
