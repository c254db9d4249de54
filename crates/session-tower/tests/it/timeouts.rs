//! How long a request waits for a store that hangs: what `SESSION_TIMEOUT` promises.

use session_core::{Config, MemoryStore, SessionManager};
use session_testkit::{Browser, Fault, FaultyStore, Method};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const TIMEOUT: Duration = Duration::from_secs(3);

/// Waits for `work` as long as the setting says, and no longer.
async fn waits(work: impl Future) {
    let began = Instant::now();
    work.await;
    // The clock has steps of a millisecond.
    assert_eq!(began.elapsed().as_millis() / 10, TIMEOUT.as_millis() / 10);
}

#[tokio::test(start_paused = true)]
async fn opening_each_update_and_the_commit_wait_as_long_as_the_setting_says() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let config = Config::builder().timeout(TIMEOUT).build().unwrap();
    let manager = SessionManager::new(store.clone(), config, None).unwrap();
    let mut browser = Browser::new(&manager);
    browser.change(|session| session.insert("n", 0)).await.unwrap();

    store.push(Method::Load, Fault::Hang);
    let exchange = manager.open();
    waits(exchange.session([browser.cookie().as_bytes()])).await;

    let exchange = manager.open();
    let session = exchange.session([browser.cookie().as_bytes()]).await.unwrap();
    for _ in 0..3 {
        store.push(Method::Write, Fault::Hang);
        let update = session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1);
        waits(Box::pin(update)).await;
    }
    session.insert("m", 1).unwrap();
    store.push(Method::Write, Fault::Hang);
    waits(exchange.commit()).await;
}
