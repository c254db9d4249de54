//! Sessions of other programs and of other clocks count, too.

use super::{limited, live, record, signed_in, unlimited};
use crate::support::owners::{is_live, key, sign_in};
use session_core::store::unix_time;
use session_core::{Bytes, Lease, MemoryStore, Outcome, Precondition, Store as _, StoreKey};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn sessions_of_unknown_age_count_and_are_the_oldest() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 3);
    // A Flask app's, and one from before the setting.
    let flasks = record(&*store, "flask", None, 3600).await;
    let before = sign_in(&unlimited(store.clone()), "ann", &[]).await;
    let first = sign_in(&manager, "ann", &[]).await;
    let mut cookies = vec![flasks, before, first];
    assert_eq!(live(&manager, &cookies).await, [true; 3]);
    // The Flask app's was not used for longer.
    for expected in [[false, true, true], [false, false, true], [false, false, false]] {
        cookies.push(sign_in(&manager, "ann", &[]).await);
        assert_eq!(live(&manager, &cookies[..3]).await, expected);
    }
    assert_eq!(live(&manager, &cookies[3..]).await, [true; 3]);
}

#[tokio::test]
async fn many_from_before_the_limit_end_with_the_first_sign_in() {
    let store = Arc::new(MemoryStore::new());
    signed_in(&unlimited(store.clone()), 100).await;
    let manager = limited(store.clone(), 2);
    let latest = sign_in(&manager, "ann", &[]).await;
    assert!(is_live(&manager, &latest).await);
    assert_eq!(store.len(), 2);
}

/// Another machine's clock is ahead of this one's.
#[tokio::test]
async fn one_that_signs_in_stays_though_its_clock_is_behind() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 2);
    let ahead = |seconds| Some(unix_time() + Duration::from_secs(seconds));
    let mut cookies = vec![
        record(&*store, "first", ahead(20), 3600).await,
        record(&*store, "second", ahead(30), 3600).await,
    ];
    for expected in [[false, true], [false, false]] {
        cookies.push(sign_in(&manager, "ann", &[]).await);
        assert_eq!(live(&manager, &cookies[..2]).await, expected);
        assert!(live(&manager, &cookies[2..]).await.iter().all(|&is_live| is_live));
    }
    let created = manager.owners().sessions("ann").await.unwrap();
    let mut created: Vec<_> = created.iter().map(|info| info.created().unwrap()).collect();
    created.sort_unstable();
    assert!(created[0] < created[1], "the order is that of the sign-ins");
}

/// Nothing stays the newest for ever because a clock was wrong once.
#[tokio::test]
async fn beginning_in_the_far_future_is_not_believed() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 1);
    let year = Some(unix_time() + Duration::from_secs(365 * 86_400));
    let future = record(&*store, "future", year, 3600).await;
    let cookie = sign_in(&manager, "ann", &[]).await;
    assert!(!is_live(&manager, &future).await && is_live(&manager, &cookie).await);
    let created = manager.owners().sessions("ann").await.unwrap()[0].created().unwrap();
    assert!(created.elapsed().is_ok(), "it did not begin in the future itself");
}

#[tokio::test]
async fn what_is_not_the_owners_is_neither_counted_nor_ended() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 2);
    let first = sign_in(&manager, "ann", &[]).await;
    // Flask signs another user in without a new id: the entry knows nothing of it.
    let changed = record(&*store, "changed", None, 3600).await;
    let loaded = store.load(&key(&changed)).await.unwrap().unwrap();
    let lease = Lease { ttl: Duration::from_secs(60), owner: Some("ann") };
    let bobs = Bytes::from_static(b"\x81\xa8_user_id\xa3bob");
    let when = Precondition::Unchanged(&loaded);
    assert_ne!(store.write(&key(&changed), bobs, &lease, when).await.unwrap(), Outcome::Refused);
    // An application beside this one has users of the same names.
    let other = StoreKey::new("other:", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let payload = Bytes::from_static(b"\x81\xa8_user_id\xa3ann");
    let when = Precondition::Absent;
    assert_ne!(store.write(&other, payload, &lease, when).await.unwrap(), Outcome::Refused);

    let second = sign_in(&manager, "ann", &[]).await;
    assert!(is_live(&manager, &first).await && is_live(&manager, &second).await);
    let third = sign_in(&manager, "ann", &[]).await;
    assert_eq!(live(&manager, &[first, second, third]).await, [false, true, true]);
    assert!(is_live(&manager, &changed).await);
    assert!(store.load(&other).await.unwrap().is_some());
}

/// Another program may read it.
#[tokio::test]
async fn undecodable_record_counts_and_is_the_oldest() {
    let store = Arc::new(MemoryStore::new());
    let manager = limited(store.clone(), 2);
    let broken = format!("session={:A<43}", "broken");
    let lease = Lease { ttl: Duration::from_secs(3600), owner: Some("ann") };
    let payload = Bytes::from_static(b"\xc1 no session");
    let when = Precondition::Absent;
    assert_ne!(store.write(&key(&broken), payload, &lease, when).await.unwrap(), Outcome::Refused);
    let cookies = signed_in(&manager, 2).await;
    assert!(store.load(&key(&broken)).await.unwrap().is_none());
    assert_eq!(live(&manager, &cookies).await, [true, true]);
}
