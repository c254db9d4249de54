//! Slots change hands, or have no owner, while sessions are read and written.

use crate::common::writers::Writers;
use crate::common::{HOUR, MINUTE, WRITTEN, create, in_time, key, keys_of, tell, writes};
use session_core::{Bytes, ErrorKind, Outcome, Precondition, Store};
use session_redis::RedisStore;
use session_testkit::{RedisCluster, RedisServer};
use std::sync::Arc;
use std::time::Duration;

/// A slot on its way from one node to another.
pub(crate) struct Move<'a> {
    slot: String,
    from: &'a RedisServer,
    pub(crate) to: &'a RedisServer,
}

impl<'a> Move<'a> {
    /// From the master whose slot it is, the first, to the second.
    pub(crate) async fn of(cluster: &'a RedisCluster, name: &str) -> Self {
        let (from, to) = (&cluster.nodes()[0], &cluster.nodes()[1]);
        let slot = from.tell(&format!("CLUSTER KEYSLOT session:{name}")).await.unwrap();
        Self { slot, from, to }
    }

    /// From here on keys that the old node does not have are asked for at the new one.
    pub(crate) async fn begin(&self) {
        self.change(self.to, &format!("IMPORTING {}", id(self.from).await)).await;
        self.change(self.from, &format!("MIGRATING {}", id(self.to).await)).await;
    }

    pub(crate) async fn carry(&self, name: &str) {
        let port = self.to.addr().port();
        let carried = format!("MIGRATE 127.0.0.1 {port} session:{name} 0 5000");
        self.from.tell(&carried).await.unwrap();
    }

    pub(crate) async fn end(&self) {
        let owner = format!("NODE {}", id(self.to).await);
        self.change(self.to, &owner).await;
        self.change(self.from, &owner).await;
    }

    async fn change(&self, node: &RedisServer, what: &str) {
        node.tell(&format!("CLUSTER SETSLOT {} {what}", self.slot)).await.unwrap();
    }

    pub(crate) fn back(self) -> Self {
        Self { slot: self.slot, from: self.to, to: self.from }
    }
}

pub(crate) async fn id(node: &RedisServer) -> String {
    node.tell("CLUSTER MYID").await.unwrap()
}

#[tokio::test]
async fn every_call_is_right_at_every_step_of_a_slots_way() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let name = keys_of(&cluster, 0, 1).await.remove(0);
    let way = Move::of(&cluster, &name).await;
    let all_calls = async || every_call(&store, &name).await;

    all_calls().await;
    way.begin().await;
    all_calls().await;
    // A record that the old node still has, and one that is carried over, once each is changed.
    let key = key(&name);
    let loaded = create(&store, &key, "on the new node").await;
    assert_eq!(way.to.keys().await.unwrap(), 1, "what is new is made there");
    assert_eq!(store.touch(&key, &HOUR, &loaded).await.unwrap(), WRITTEN);
    assert!(store.delete(&key, None, Some(&loaded)).await.unwrap());
    way.end().await;
    all_calls().await;
    way.back().begin().await;
    all_calls().await;
}

#[tokio::test]
async fn record_is_found_wherever_it_is_on_its_way() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let name = keys_of(&cluster, 0, 1).await.remove(0);
    let key = key(&name);
    let way = Move::of(&cluster, &name).await;
    let mut loaded = create(&store, &key, "0").await;
    for step in 1..=4 {
        match step {
            1 => way.begin().await,
            2 => way.carry(&name).await,
            3 => way.end().await,
            _ => {}
        }
        assert_eq!(store.load(&key).await.unwrap().unwrap().payload, loaded.payload, "{step}");
        let refused = store.write(&key, "x".into(), &MINUTE, Precondition::Absent).await;
        assert_eq!(refused.unwrap(), Outcome::Refused, "{step}");
        let same = Precondition::Unchanged(&loaded);
        let payload = Bytes::from(step.to_string());
        assert_eq!(store.write(&key, payload, &MINUTE, same).await.unwrap(), WRITTEN, "{step}");
        let now = store.load(&key).await.unwrap().unwrap();
        assert_eq!(store.touch(&key, &HOUR, &loaded).await.unwrap(), Outcome::Refused, "{step}");
        assert!(!store.delete(&key, None, Some(&loaded)).await.unwrap(), "{step}");
        assert_eq!(store.touch(&key, &HOUR, &now).await.unwrap(), WRITTEN, "{step}");
        loaded = now;
    }
    assert!(store.delete(&key, None, Some(&loaded)).await.unwrap());
    assert_eq!(cluster.keys().await.unwrap(), 0);
}

#[tokio::test]
async fn slots_that_move_back_and_forth_lose_no_write() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let names = keys_of(&cluster, 0, 4).await;
    let writers = Writers::start(store, &names).await;
    for _ in 0..3 {
        let mut moves = Vec::new();
        for name in &names {
            let way = Move::of(&cluster, name).await;
            way.begin().await;
            writers.go_on(5).await;
            way.carry(name).await;
            writers.go_on(5).await;
            way.end().await;
            moves.push((name, way));
        }
        writers.go_on(20).await;
        for (name, way) in moves {
            let back = way.back();
            back.begin().await;
            back.carry(name).await;
            back.end().await;
        }
    }
    writers.go_on(20).await;
    for progress in &writers.progress {
        assert_eq!(progress.errors.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
    let last = writers.stop().await;
    for (name, last) in names.iter().zip(last) {
        let found = cluster.nodes()[0].tell(&format!("GET session:{name}")).await.unwrap();
        assert_eq!(found, last.to_string());
    }
}

/// The new node does not know the scripts.
#[tokio::test]
async fn script_unknown_to_the_node_that_a_slot_moved_to_is_sent_as_text() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let name = keys_of(&cluster, 0, 1).await.remove(0);
    let key = key(&name);
    let way = Move::of(&cluster, &name).await;
    let loaded = create(&store, &key, "x").await;
    way.begin().await;
    way.carry(&name).await;
    assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), WRITTEN, "asking");
    way.end().await;
    way.to.tell("SCRIPT FLUSH").await.unwrap();
    assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), WRITTEN, "moved");
}

#[tokio::test]
async fn slot_without_an_owner_is_unavailable_in_time_until_it_has_one() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let store = RedisStore::connect(cluster.url()).await.unwrap();
    let name = keys_of(&cluster, 0, 1).await.remove(0);
    let key = key(&name);
    let way = Move::of(&cluster, &name).await;
    let loaded = create(&store, &key, "x").await;
    for node in cluster.nodes() {
        node.tell(&format!("CLUSTER DELSLOTS {}", way.slot)).await.unwrap();
    }
    let error = in_time(store.load(&key)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    for call in in_time(async { [store.delete(&key, None, None).await.map(drop)] }).await {
        let error = call.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    }
    way.from.tell(&format!("CLUSTER ADDSLOTS {}", way.slot)).await.unwrap();
    assert!(in_time(store.delete(&key, None, Some(&loaded))).await.is_ok());
}

/// Calls wait for a connection to a node that hangs, and hear of who serves what when it is late.
#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let url = format!("redis+cluster://{}", cluster.nodes()[0].addr());
    let store = Arc::new(RedisStore::connect(url).await.unwrap());
    let name = keys_of(&cluster, 0, 1).await.remove(0);
    // It knows the slots, and is connected to the node that the slot leaves alone.
    let mut other = crate::common::admin(&cluster.nodes()[1].url()).await;
    tell(&mut other, "CLIENT KILL TYPE normal SKIPME yes").await;
    drop(other);
    assert_eq!(store.load(&key(&name)).await.unwrap(), None);
    let way = Move::of(&cluster, &name).await;
    way.begin().await;
    way.to.freeze().unwrap();
    let calls: Vec<_> = (0..20)
        .map(|count| {
            let (store, key) = (Arc::clone(&store), key(&name));
            tokio::spawn(async move {
                // One call's question about the slots is answered when the next is late.
                tokio::time::sleep(Duration::from_millis(count * 5)).await;
                store.write(&key, "x".into(), &MINUTE, Precondition::Absent).await
            })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
    }
}

/// Makes each call on a record that is there, and on one that is not.
async fn every_call(store: &RedisStore, name: &str) {
    let key = key(name);
    assert_eq!(store.load(&key).await.unwrap(), None);
    let loaded = create(store, &key, "old").await;
    let refused = store.write(&key, "x".into(), &MINUTE, Precondition::Absent).await;
    assert_eq!(refused.unwrap(), Outcome::Refused);
    for result in writes(store, &key, &loaded).await {
        result.unwrap();
    }
    assert_eq!(store.load(&key).await.unwrap(), None);
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key, "x".into(), &MINUTE, same).await.unwrap(), Outcome::Refused);
    assert_eq!(store.touch(&key, &MINUTE, &loaded).await.unwrap(), Outcome::Refused);
    assert!(!store.delete(&key, None, Some(&loaded)).await.unwrap());
    assert!(!store.delete(&key, None, None).await.unwrap());
}
