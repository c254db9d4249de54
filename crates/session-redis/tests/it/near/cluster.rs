//! A cluster: each node tells of its own keys.

use super::{holding, read};
use crate::cluster_slots::Move;
use crate::common::{admin, create, eventually, key, keys_of, tell};
use session_core::Store;
use session_testkit::RedisCluster;

#[tokio::test]
async fn record_is_asked_for_once_wherever_it_is() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let store = holding(cluster.url()).await;
    for node in 0..2 {
        let name = keys_of(&cluster, node, 1).await.remove(0);
        let mut admin = admin(&cluster.nodes()[node].url()).await;
        tell(&mut admin, &format!("SET session:{name} old PX 60000")).await;
        let reads = async {
            for _ in 0..100 {
                assert_eq!(read(&store, &name).await.as_deref(), Some("old"));
            }
        };
        assert_eq!(super::loads_of(&mut admin, reads).await, 1);
        tell(&mut admin, &format!("SET session:{name} new PX 60000")).await;
        eventually("the new record is read", async || {
            read(&store, &name).await.as_deref() == Some("new")
        })
        .await;
    }
}

#[tokio::test]
async fn record_that_changes_on_its_way_is_seen_at_every_step() {
    let cluster = RedisCluster::start(2, false).await.unwrap();
    let store = holding(cluster.url()).await;
    let name = keys_of(&cluster, 0, 1).await.remove(0);
    create(&store, &key(&name), "0").await;
    let mut way = Move::of(&cluster, &name).await;
    let mut count = 0;
    // There, back, and there again: what a node was read from before is no longer true.
    for _ in 0..3 {
        for step in 0..4 {
            match step {
                1 => way.begin().await,
                2 => way.carry(&name).await,
                3 => way.end().await,
                _ => {}
            }
            for _ in 0..3 {
                count += 1;
                let loaded = store.load(&key(&name)).await.unwrap().unwrap();
                let same = session_core::Precondition::Unchanged(&loaded);
                let payload = format!("{count}");
                let lease = &crate::common::MINUTE;
                let write = store.write(&key(&name), payload.clone().into(), lease, same).await;
                assert_eq!(write.unwrap(), crate::common::WRITTEN, "{step}");
                assert_eq!(read(&store, &name).await, Some(payload), "{step}");
            }
        }
        let to = admin(&way.to.url()).await;
        way = way.back();
        let mut to = to;
        count += 1;
        tell(&mut to, &format!("SET session:{name} {count} PX 60000")).await;
        eventually("the new record is read", async || {
            read(&store, &name).await == Some(count.to_string())
        })
        .await;
    }
}
