//! Scans: what is listed, what it costs, and what becomes of a cursor.

use crate::common::{MINUTE, Server, calls, create, key};
use redis::AsyncCommands as _;
use session_core::store::{Cursor, Page};
use session_core::{Lease, Precondition, Store, StoreKey};
use session_redis::{RedisOptions, RedisStore};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;

const FEW: NonZeroUsize = NonZeroUsize::new(7).unwrap();
const HALF: NonZeroUsize = NonZeroUsize::new(100).unwrap();

fn listed(page: &Page) -> impl Iterator<Item = StoreKey> {
    page.records.iter().map(|(key, _)| key.clone())
}

/// All that is listed from a place on.
async fn rest(store: &RedisStore, mut place: Option<Cursor>) -> BTreeSet<StoreKey> {
    let mut found = BTreeSet::new();
    loop {
        let page = store.scan("session:", place.as_ref(), FEW).await.unwrap();
        found.extend(listed(&page));
        place = page.next;
        if place.is_none() {
            return found;
        }
    }
}

async fn create_all(store: &RedisStore, names: impl IntoIterator<Item = String>) {
    for name in names {
        create(store, &key(&name), "x").await;
    }
}

#[tokio::test]
async fn cursor_of_another_process_of_the_server_begins_anew() {
    let mut server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let names = || (0..200).map(|number| number.to_string());
    create_all(&store, names()).await;
    let place = store.scan("session:", None, HALF).await.unwrap().next;
    let page = store.scan("session:", place.as_ref(), FEW).await.unwrap();
    assert!(page.next.is_some(), "less than half is on one page");
    let before: u64 = redis::cmd("DBSIZE").query_async(&mut server.admin().await).await.unwrap();
    assert!(rest(&store, place.clone()).await.len() < 200, "the first half is not listed again");

    server.kill();
    server.restart().await;
    create_all(&store, names()).await;
    assert_eq!((before, rest(&store, place).await.len()), (200, 200));
}

#[tokio::test]
async fn keys_of_indexes_and_of_others_are_left_out() {
    let server = Server::start().await;
    let options = RedisOptions::new(server.url()).owner_index(true);
    let store = RedisStore::connect(options).await.unwrap();
    let owned = Lease { owner: Some("ann"), ..MINUTE };
    let written = store.write(&key("a"), "x".into(), &owned, Precondition::Absent).await;
    assert!(written.unwrap().is_written());
    let mut admin = server.admin().await;
    let keys: Vec<String> = admin.keys("session-owner:*").await.unwrap();
    assert_eq!(keys.len(), 1, "there is an index");
    let () = admin.rpush("session:list", "x").await.unwrap();
    let () = admin.set("session:\u{e9}", "x").await.unwrap();
    let () = admin.set("other:b", "x").await.unwrap();

    let page = store.scan("session", None, HALF).await.unwrap();
    assert_eq!(listed(&page).collect::<Vec<_>>(), [key("a")]);
    assert!(page.next.is_none());
}

#[tokio::test]
async fn page_is_two_round_trips_and_looks_at_no_more_than_it_may() {
    let server = Server::start().await;
    let (proxy, url) = server.proxy().await;
    let store = RedisStore::connect(url).await.unwrap();
    let mut admin = server.admin().await;
    for number in 0..500 {
        let () = admin.set(format!("other:{number}"), "x").await.unwrap();
    }
    create_all(&store, (0..20).map(|number| number.to_string())).await;
    let names = ["scan", "info", "get", "pttl"];
    let (mut place, mut pages, mut found) = (None, 0, BTreeSet::new());
    loop {
        let before = (calls(&mut admin, &names).await, proxy.round_trips());
        let page = store.scan("session:", place.as_ref(), FEW).await.unwrap();
        let after = (calls(&mut admin, &names).await, proxy.round_trips());
        let run: Vec<u64> = after.0.iter().zip(&before.0).map(|(now, then)| now - then).collect();
        let keys = page.records.len() as u64;
        // The INFO of the test itself is one more.
        assert_eq!(run, [1, 2, keys, keys]);
        assert_eq!(after.1 - before.1, if keys == 0 { 1 } else { 2 }, "{keys} keys");
        found.extend(listed(&page));
        pages += 1;
        place = page.next;
        if place.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 20);
    assert!(pages > 30, "520 keys were looked at in {pages} steps of about 7");
}

#[tokio::test]
async fn key_that_changes_its_type_meanwhile_disturbs_no_page() {
    let server = Server::start().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    create_all(&store, (0..50).map(|number| number.to_string())).await;
    let mut admin = server.admin().await;
    let flip = tokio::spawn(async move {
        loop {
            let () = admin.del("session:0").await.unwrap();
            let () = admin.rpush("session:0", "x").await.unwrap();
            let () = admin.del("session:0").await.unwrap();
            let () = admin.set("session:0", "x").await.unwrap();
        }
    });
    for _ in 0..200 {
        assert!(rest(&store, None).await.len() >= 49);
    }
    flip.abort();
}

#[cfg(feature = "cluster")]
mod cluster {
    use super::{FEW, create_all, listed, rest};
    use crate::cluster_slots::{Move, id};
    use crate::common::{key, keys_of};
    use session_core::store::Cursor;
    use session_core::{ErrorKind, Store, StoreKey};
    use session_redis::RedisStore;
    use session_testkit::RedisCluster;
    use std::collections::BTreeSet;

    /// Two nodes with twenty sessions each, and a scan that is through with one of them.
    struct Half {
        cluster: RedisCluster,
        store: RedisStore,
        keys: BTreeSet<StoreKey>,
        /// A session on the node that was not read yet.
        name: String,
        is_back: bool,
        found: BTreeSet<StoreKey>,
        place: Option<Cursor>,
    }

    impl Half {
        async fn read() -> Self {
            let cluster = RedisCluster::start(2, false).await.unwrap();
            let store = RedisStore::connect(cluster.url()).await.unwrap();
            let names = [keys_of(&cluster, 0, 20).await, keys_of(&cluster, 1, 20).await];
            create_all(&store, names.concat()).await;
            let ids = [id(&cluster.nodes()[0]).await, id(&cluster.nodes()[1]).await];
            let is_back = ids[0] < ids[1];
            let (second, name) = match is_back {
                true => (&ids[1], &names[1][0]),
                false => (&ids[0], &names[0][0]),
            };
            let (mut found, mut place) = (BTreeSet::new(), None::<Cursor>);
            while !place.as_ref().is_some_and(|place| place.as_str().contains(second)) {
                let page = store.scan("session:", place.as_ref(), FEW).await.unwrap();
                found.extend(listed(&page));
                place = page.next;
            }
            assert_eq!(found.len(), 20, "one node after the other");
            let (name, keys) = (name.clone(), names.concat().iter().map(|it| key(it)).collect());
            Self { cluster, store, keys, name, is_back, found, place }
        }

        /// The way of the session's slot to the node that was read.
        async fn way(&self) -> Move<'_> {
            let way = Move::of(&self.cluster, &self.name).await;
            if self.is_back { way.back() } else { way }
        }
    }

    #[tokio::test]
    async fn every_master_is_read() {
        let mut half = Half::read().await;
        half.found.extend(rest(&half.store, half.place.clone()).await);
        assert_eq!(half.found, half.keys);
    }

    #[tokio::test]
    async fn session_that_moves_to_a_node_that_was_read_is_seen() {
        let mut half = Half::read().await;
        let way = half.way().await;
        way.begin().await;
        way.carry(&half.name).await;
        way.end().await;
        let place = half.place.take();
        let found = rest(&half.store, place).await;
        half.found.extend(found);
        assert_eq!(half.found, half.keys);
    }

    #[tokio::test]
    async fn scan_does_not_end_while_a_slot_is_on_its_way() {
        let half = Half::read().await;
        let way = half.way().await;
        way.begin().await;
        way.carry(&half.name).await;
        let (mut place, mut is_anew) = (half.place.clone(), 0);
        while is_anew < 2 {
            let page = half.store.scan("session:", place.as_ref(), FEW).await.unwrap();
            place = page.next;
            is_anew += u32::from(place.as_ref().expect("it goes on").as_str() == "start");
        }
        way.end().await;
        assert_eq!(rest(&half.store, place).await, half.keys);
    }

    #[tokio::test]
    async fn cursor_in_a_node_that_is_gone_begins_anew() {
        let half = Half::read().await;
        let gone = Cursor::new(format!("00:{}:00:7", "f".repeat(40)));
        let page = half.store.scan("session:", Some(&gone), FEW).await.unwrap();
        assert!(page.records.is_empty() && page.next.is_some());
        assert_eq!(rest(&half.store, page.next).await, half.keys);
    }

    #[tokio::test]
    async fn one_node_is_not_taken_for_the_cluster() {
        let half = Half::read().await;
        let store = RedisStore::connect(half.cluster.nodes()[0].url()).await.unwrap();
        let error = store.scan("session:", None, FEW).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert!(error.to_string().contains("redis+cluster://"), "{error}");
    }
}
