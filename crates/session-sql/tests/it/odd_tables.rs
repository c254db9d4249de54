//! Tables of PostgreSQL that others made in their own way: in partitions, or with a collation to
//! which two keys are one.

use crate::common::{MINUTE, OwnTable, POSTGRES, WRITTEN, create, key, open};
use session_core::{Outcome, Precondition, Store};

#[tokio::test]
async fn sweep_of_a_partitioned_table_removes_what_expired_and_nothing_else() {
    let table = OwnTable::new(POSTGRES);
    table.tell(&OwnTable::partitioned("{}")).await;
    let store = open(table.options()).await;
    for live in 0..100 {
        create(&store, &key(&format!("live-{live}")), "x").await;
    }
    let expired = "INSERT INTO {} (session_id, data, expiry) SELECT 'dead-' || n, 'x', \
                   now() at time zone 'utc' - interval '1 s' FROM generate_series(1, 100) n";
    table.tell(expired).await;
    assert_eq!(store.delete_expired().await.unwrap(), 100);
    let left = table.ask("SELECT session_id FROM {}").await;
    assert!(left.iter().all(|key| key.contains("live-")), "{left:?}");
    assert_eq!(left.len(), 100);
    table.drop().await;
}

#[tokio::test]
async fn keys_are_bytes_whatever_the_collation_makes_of_them() {
    let table = OwnTable::new(POSTGRES);
    table.tell(&OwnTable::collated("{}")).await;
    let store = open(table.options().owner_index(true)).await;
    let lower = create(&store, &key("same"), "x").await;
    for other in [key("SAME"), key("sam\u{e9}")] {
        assert_eq!(store.load(&other).await.unwrap(), None);
        let same = Precondition::Unchanged(&lower);
        let written = store.write(&other, "y".into(), &MINUTE, same).await.unwrap();
        assert_eq!(written, Outcome::Refused);
        assert_eq!(store.touch(&other, &MINUTE, &lower).await.unwrap(), Outcome::Refused);
        assert!(!store.delete(&other, None, None).await.unwrap());
    }
    let owned = session_core::Lease { owner: Some("ann"), ..MINUTE };
    assert_eq!(store.touch(&key("same"), &owned, &lower).await.unwrap(), WRITTEN);
    assert!(store.list_by_owner("ANN").await.unwrap().is_empty());
    assert_eq!(store.list_by_owner("ann").await.unwrap(), [key("same")]);
    table.drop().await;
}
