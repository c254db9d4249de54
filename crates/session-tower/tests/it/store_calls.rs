//! Every kind of request makes exactly the store calls that it has to.

use crate::support::Browser;
use crate::support::app::App;
use session_core::{Lease, MemoryStore, Result, Store, StoreKey};
use session_testkit::{Calls, CountingStore, store_calls_per_request};
use std::sync::Arc;
use std::time::Duration;

const NONE: Calls = Calls::NONE;
const READ: Calls = Calls { load: 1, ..NONE };
const CREATE: Calls = Calls { write: 1, ..NONE };
const CHANGE: Calls = Calls { write: 1, ..READ };
/// The new record, and the trace under the old id.
const MOVE: Calls = Calls { write: 2, ..READ };
const END: Calls = Calls { delete: 1, ..READ };

#[tokio::test]
async fn sessions_in_memory_keep_to_the_table() {
    store_calls_per_request(Arc::new(MemoryStore::new())).await.unwrap();
}

#[tokio::test]
async fn requests_cost_what_the_table_says() {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let app = App::new(store.clone());
    let mut browser = Browser::default();
    let table = [
        ("/plain", NONE),
        ("/extract", NONE),
        ("/optional", NONE),
        ("/get:n", NONE),
        ("/flush", NONE),
        ("/regenerate", NONE),
        ("/permanent:no", NONE),
        ("/take", NONE),
        ("/set:n=1/remove:n", NONE),
        ("/set:n=1", CREATE),
        ("/plain", NONE),
        ("/extract", READ),
        ("/optional", READ),
        ("/get:n/get:m/dump", READ),
        ("/set:n=1", READ),
        ("/set:n=2/set:n=1", READ),
        ("/set:m=1/remove:m", READ),
        ("/set:n=2/set:n=3/set:m=1", CHANGE),
        ("/flash:hello", CHANGE),
        ("/take", CHANGE),
        ("/take", READ),
        ("/update:c", CHANGE),
        ("/update:c/update:c/set:n=4", Calls { load: 1, write: 3, ..NONE }),
        ("/login:ann", MOVE),
        ("/login:ann", READ),
        ("/login:bob/set:n=5/flash:welcome", MOVE),
        ("/regenerate", MOVE),
        ("/set:n=6/status:500", READ),
        ("/set:n=6/status:404", CHANGE),
        ("/set:n=7/flush", END),
        ("/set:n=1", CREATE),
        ("/flush/flash:bye", Calls { write: 1, ..END }),
        ("/flush/login:ann", MOVE),
    ];
    for (path, expected) in table {
        browser.get(&app.router, path).await;
        assert_eq!(store.take_calls(), expected, "{path}");
    }
}

#[tokio::test]
async fn renewal_costs_one_touch_and_rides_on_a_write() -> Result<()> {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let app = App::new(store.clone());
    let mut browser = app.visit("/set:n=1").await;
    for (path, expected) in
        [("/get:n", Calls { touch: 1, ..READ }), ("/set:n=2", CHANGE), ("/update:c", CHANGE)]
    {
        let key = StoreKey::new("session:", browser.id());
        let record = store.load(&key).await?.unwrap();
        let lease = Lease { ttl: Duration::from_secs(3600), owner: None };
        let _ = store.touch(&key, &lease, &record).await?;
        store.take_calls();
        let answer = browser.get(&app.router, path).await;
        assert_eq!(store.take_calls(), expected, "{path}");
        assert_eq!(answer.max_age(), Some(31 * 24 * 3600), "{path}");
        assert_eq!(browser.get(&app.router, "/get:n").await.set_cookies(), [""; 0]);
        assert_eq!(store.take_calls(), READ);
    }
    Ok(())
}

#[tokio::test]
async fn refusal_costs_two_more_calls() {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let app = App::new(store.clone());
    for (path, expected) in [
        ("/pause/set:a=1", Calls { load: 2, write: 2, ..NONE }),
        ("/pause/update:c", Calls { load: 2, write: 2, ..NONE }),
        ("/pause/regenerate", Calls { load: 2, write: 4, ..NONE }),
    ] {
        let mut browser = app.visit("/set:n=1").await;
        store.take_calls();
        let slow = app.pause(&browser, path).await;
        let before = store.take_calls();
        browser.ok(&app.router, "/set:b=1").await;
        assert_eq!((before, store.take_calls()), (READ, CHANGE));
        app.gate.open(1);
        assert_eq!(slow.await.unwrap().status, 200, "{path}");
        let calls = store.take_calls();
        assert_eq!(Calls { load: calls.load + before.load, ..calls }, expected, "{path}");
    }
}
