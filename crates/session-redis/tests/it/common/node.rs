//! A cluster of one node: it serves every slot, and refuses what names keys of two.

use session_testkit::RedisCluster;
use tokio::sync::OnceCell;

/// The URL of a node that the tests of this binary share.
pub(crate) async fn url() -> &'static str {
    static NODE: OnceCell<(String, RedisCluster)> = OnceCell::const_new();
    let start = async || {
        let node = RedisCluster::start(1, false).await.unwrap();
        (node.nodes()[0].url(), node)
    };
    &NODE.get_or_init(start).await.0
}
