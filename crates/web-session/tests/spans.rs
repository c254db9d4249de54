//! What a tracing subscriber sees of a session.
//!
//! A binary of its own: a place that logs asks once for the whole process whether anybody listens.

#![cfg(feature = "spans")]
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::format::FmtSpan;
use web_session::{Config, MemoryStore, SessionManager};

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn load_and_commit_are_spans_without_the_id() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None);
    let manager = manager.unwrap();
    let created = manager.create();
    created.insert("visits", 1).unwrap();
    let cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    let pair = cookie.split(';').next().unwrap();
    manager.open().session([pair.as_bytes()]).await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("session_load{backend=\"memory\"}: session_core"), "{log}");
    assert!(log.contains("session_commit{backend=\"memory\" plan=\"create\"}"), "{log}");
    let id = pair.split_once('=').unwrap().1;
    assert!(!log.contains(id), "an id was logged");
}
