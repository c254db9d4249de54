//! A master that is replaced: what it told of is over with it.

use super::{holding, read};
use crate::common::{create, eventually, key};
use session_testkit::RedisSentinels;

#[tokio::test]
async fn successor_of_a_master_is_read() {
    let mut service = RedisSentinels::start().await.unwrap();
    let store = holding(service.url()).await;
    create(&store, &key("hot"), "old").await;
    read(&store, "hot").await;
    service.server_mut(0).freeze().unwrap();
    let successor = &service.servers()[1];
    eventually("the replica takes over", async || {
        successor.tell("INFO replication").await.is_ok_and(|info| info.contains("role:master"))
    })
    .await;
    successor.tell("SET session:hot new PX 60000").await.unwrap();
    eventually("the new record is read", async || {
        use session_core::Store as _;
        let loaded = store.load(&key("hot")).await;
        loaded.is_ok_and(|record| record.is_some_and(|record| record.payload == "new"))
    })
    .await;
    service.server_mut(0).thaw().unwrap();
    for _ in 0..100 {
        assert_eq!(read(&store, "hot").await.as_deref(), Some("new"));
    }
}
