//! How many connections a server has of a store, and what keeps them.

use crate::common::{Server, eventually};
use session_redis::RedisStore;

#[cfg(target_os = "linux")]
#[tokio::test]
async fn tcp_asks_for_signs_of_life_on_an_idle_connection() {
    let server = Server::start().await;
    let _store = RedisStore::connect(server.url()).await.unwrap();
    let port = server.url().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    // The fourth column is the state, 1 if established; the sixth begins with the kind of timer
    // that runs, 2 for keepalive (Linux, `net/ipv4/tcp_ipv4.c`).
    let timer = || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let ours = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut ours = ours.filter(|it| it[2].ends_with(&format!(":{port:04X}")) && it[3] == "01");
        ours.next().map(|socket| socket[5][..2].to_owned())
    };
    eventually("the keepalive timer runs", async || timer().as_deref() == Some("02")).await;
}
