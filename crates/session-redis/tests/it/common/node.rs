//! A cluster of one node: it serves every slot, and refuses what names keys of two.

use super::eventually;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use tokio::sync::OnceCell;

/// Ends the server when the test binary does, whatever becomes of that.
const SUPERVISE: &str = r#"cd "$(mktemp -d)" && { "$@" >log & cat; kill -9 $!; rm -r "$PWD"; }"#;

struct Node {
    url: String,
    /// Its standard input holds the server alive.
    _supervisor: Child,
}

/// The URL of a node that the tests of this binary share.
pub(crate) async fn url() -> &'static str {
    static NODE: OnceCell<Node> = OnceCell::const_new();
    &NODE.get_or_init(start).await.url
}

async fn start() -> Node {
    let port = free_port();
    let binary = std::env::var_os("SESSION_TEST_REDIS_SERVER");
    let supervisor = Command::new("sh")
        .args(["-c", SUPERVISE, "sh"])
        .arg(binary.unwrap_or_else(|| "redis-server".into()))
        .args(["--cluster-enabled", "yes", "--bind", "127.0.0.1", "--save", "", "--port"])
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let url = format!("redis://127.0.0.1:{port}");
    let client = redis::Client::open(&*url).unwrap();
    let mut all = redis::cmd("CLUSTER");
    all.arg("ADDSLOTS").arg((0..16_384).collect::<Vec<_>>());
    eventually("the node answers", async || {
        let Ok(mut admin) = client.get_multiplexed_async_connection().await else { return false };
        all.query_async::<()>(&mut admin).await.is_ok()
    })
    .await;
    let mut admin = client.get_multiplexed_async_connection().await.unwrap();
    eventually("the node serves", async || {
        let set = redis::cmd("SET").arg("probe").arg("x").query_async::<()>(&mut admin).await;
        set.is_ok()
    })
    .await;
    Node { url, _supervisor: supervisor }
}

/// Below those whose bus, 10,000 above, would be no port.
fn free_port() -> u16 {
    loop {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        if port < 55_000 {
            return port;
        }
    }
}
