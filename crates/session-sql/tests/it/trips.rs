//! What a call costs.

use crate::common::{MINUTE, OwnTable, POSTGRES, SERVERS, WRITTEN, key, open};
use session_core::{Outcome, Precondition, Store};
use session_sql::SqlStore;
use std::num::NonZeroUsize;

#[tokio::test]
async fn each_call_is_one_round_trip_and_nothing_follows_it() {
    for variable in SERVERS {
        // The first round prepares the statements.
        count_calls(OwnTable::new(variable), false, 1).await;
    }
}

#[tokio::test]
async fn each_call_is_one_round_trip_from_the_first_where_nothing_is_prepared() {
    count_calls(OwnTable::new(POSTGRES), true, 0).await;
}

/// Makes twelve calls, which are as many round trips after some rounds.
async fn count_calls(table: OwnTable, transaction_pooler: bool, after: usize) {
    open(table.options().owner_index(true)).await;
    let (proxy, options) = table.proxied().await;
    let options = options.owner_index(true).transaction_pooler(transaction_pooler);
    let store = SqlStore::connect(options).await.unwrap();
    let absent = Precondition::Absent;
    for round in 0..3 {
        let start = proxy.round_trips();
        let key = key("trips");
        assert_eq!(store.write(&key, "a".into(), &MINUTE, absent).await.unwrap(), WRITTEN);
        let refused = store.write(&key, "a".into(), &MINUTE, absent).await.unwrap();
        assert_eq!(refused, Outcome::Refused);
        let loaded = store.load(&key).await.unwrap().unwrap();
        let same = Precondition::Unchanged(&loaded);
        assert_eq!(store.write(&key, "a".into(), &MINUTE, same).await.unwrap(), WRITTEN);
        assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), WRITTEN);
        assert!(store.list_by_owner("nobody").await.unwrap().is_empty());
        let page = store.scan("session:", None, NonZeroUsize::MIN).await.unwrap();
        assert_eq!(page.records.len(), 1);
        let page = store.scan("session:", page.next.as_ref(), NonZeroUsize::MIN).await.unwrap();
        assert!(page.records.is_empty() && page.next.is_none());
        assert!(store.delete(&key, None, Some(&loaded)).await.unwrap());
        assert!(!store.delete(&key, None, None).await.unwrap());
        store.delete_expired().await.unwrap();
        assert_eq!(store.load(&key).await.unwrap(), None);
        let trips = proxy.round_trips() - start;
        assert!(trips == 12 || round < after, "12 calls took {trips} round trips");
    }
    assert_eq!(proxy.connections(), 1);
    table.drop().await;
}
