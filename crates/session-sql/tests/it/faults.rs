//! What calls return when the server or the connection fails them.

use crate::common::{IN_TIME, MINUTE, OwnTable, SERVERS, behind_proxy, create, key, writes};
use session_core::{ErrorKind, Precondition, Record, Store};
use session_sql::SqlStore;
use session_testkit::proxy::{CutReport, Mode};
use std::time::Duration;

#[tokio::test]
async fn dead_server_is_unavailable_and_nothing_is_unknown_once_that_is_known() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy(&table).await;
        let loaded = create(&store, &key("dead"), "old").await;
        proxy.set(Mode::Refuse).await;
        let error = store.load(&key("dead")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        // The load found the connections broken, so no write is entrusted to one.
        for result in writes(&store, &key("dead"), &loaded).await {
            let error = result.unwrap_err();
            let seen = (error.kind(), error.is_retryable());
            assert_eq!(seen, (ErrorKind::Unavailable, true), "{error}");
        }
        proxy.set(Mode::Forward).await;
        assert_eq!(store.load(&key("dead")).await.unwrap().unwrap().payload, "old");
        table.drop().await;
    }
}

#[tokio::test]
async fn write_whose_reply_is_lost_is_unknown_and_sent_once() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, store) = behind_proxy(&table).await;
        // Each statement is prepared before a reply to it is cut.
        for is_cut in [false, true] {
            for call in 0..4 {
                let key = key(&format!("cut-{is_cut}-{call}"));
                let loaded = if call == 0 {
                    Record { payload: "old".into(), cas: 0, ttl: Duration::ZERO }
                } else {
                    create(&store, &key, "old").await
                };
                if is_cut {
                    proxy.cut_reply_to(key.as_bytes());
                }
                let same = Precondition::Unchanged(&loaded);
                let result = match call {
                    0 => store
                        .write(&key, "new".into(), &MINUTE, Precondition::Absent)
                        .await
                        .map(drop),
                    1 => store.write(&key, "new".into(), &MINUTE, same).await.map(drop),
                    2 => store.touch(&key, &MINUTE, &loaded).await.map(drop),
                    _ => store.delete(&key, None, Some(&loaded)).await.map(drop),
                };
                if is_cut {
                    let error = result.unwrap_err();
                    let seen = (error.kind(), error.is_retryable());
                    assert_eq!(seen, (ErrorKind::Unknown, false), "{call}: {error}");
                    assert_eq!(proxy.cut_report(), CutReport { requests: 1, is_cut: true });
                } else {
                    result.unwrap();
                }
                let left = store.load(&key).await.unwrap().map(|record| record.payload);
                let expected = [Some("new"), Some("new"), Some("old"), None][call];
                assert_eq!(left.as_deref(), expected.map(str::as_bytes), "{call}");
            }
        }
        table.drop().await;
    }
}

/// A store that found no table looks for it before it writes.
#[tokio::test]
async fn write_that_came_no_further_than_a_look_at_the_table_is_not_unknown() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let (proxy, options) = table.proxied().await;
        let store = SqlStore::connect(options.connect_timeout(IN_TIME)).await.unwrap();
        proxy.set(Mode::Freeze).await;
        let error = store.delete(&key("a"), None, None).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{error}");
    }
}
