//! Servers of a test's own, to count on and to break.

#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) mod writers;

use redis::aio::MultiplexedConnection;
use session_core::{Lease, Outcome};
use session_testkit::proxy::Proxy;
use session_testkit::{RedisCluster, RedisServer};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::OnceCell;

pub(crate) use session_testkit::steps::{MINUTE, create, eventually, key, writes};

pub(crate) const HOUR: Lease<'static> = Lease { ttl: Duration::from_secs(3_600), owner: None };
/// The operation timeout, with slack for a machine that does other things.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);
pub(crate) const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// The clauses that put a proxy between a store and its server, a test for each.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
macro_rules! link_clauses {
    ($subject:expr) => {
        $crate::common::link_clauses! {
            @each $subject;
            every_call_is_one_round_trip
            lost_reply_to_a_create_is_unknown
            lost_reply_to_an_update_is_unknown
            lost_reply_to_a_touch_is_unknown
            lost_reply_to_a_delete_is_unknown
            lost_reply_to_a_load_is_no_miss
            dead_server_is_an_error_in_time
            dead_server_at_opening_is_an_error_in_time
            frozen_server_is_an_error_in_time
            store_recovers_from_a_dead_server
            store_recovers_from_a_frozen_server
            vanished_idle_connections_fail_no_call
        }
    };
    (@each $subject:expr; $($clause:ident)+) => {
        $(
            #[test]
            fn $clause() {
                let name = stringify!($clause);
                let clause = session_testkit::clauses::ALL.iter().find(|it| it.name() == name);
                session_testkit::run(clause.unwrap(), async { $subject });
            }
        )+
    };
}
#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) use link_clauses;

/// An empty server on a port of its own; it dies with the test.
pub(crate) struct Server(RedisServer);

impl Server {
    pub(crate) async fn start() -> Self {
        Self(RedisServer::start().await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// A proxy in front of the server, and the URL that leads through it.
    pub(crate) async fn proxy(&self) -> (Proxy, String) {
        let proxy = Proxy::start(self.0.addr()).await.unwrap();
        let url = format!("redis://{}", proxy.addr());
        (proxy, url)
    }

    /// A connection apart from those of the store.
    pub(crate) async fn admin(&self) -> MultiplexedConnection {
        admin(&self.url()).await
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.0.restart().await.unwrap();
    }

    pub(crate) fn freeze(&self) {
        self.0.freeze().unwrap();
    }

    pub(crate) fn thaw(&self) {
        self.0.thaw().unwrap();
    }
}

/// The URL of a cluster's only node, which the tests of this binary share: it serves every slot, and
/// refuses what names keys of two.
pub(crate) async fn lone_node() -> String {
    static CLUSTER: OnceCell<RedisCluster> = OnceCell::const_new();
    let start = async || RedisCluster::start(1, false).await.unwrap();
    CLUSTER.get_or_init(start).await.nodes()[0].url()
}

/// A connection apart from those of the store.
pub(crate) async fn admin(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Names of keys that a master serves at first.
#[cfg(feature = "cluster")]
pub(crate) async fn keys_of(cluster: &RedisCluster, master: usize, count: usize) -> Vec<String> {
    let node = &cluster.nodes()[master];
    let mut found = Vec::new();
    for number in 0.. {
        let name = format!("key-{number}");
        // Nodes answer for their own slots, and redirect for the others.
        if node.tell(&format!("EXISTS session:{name}")).await.is_ok() {
            found.push(name);
        }
        if found.len() == count {
            break;
        }
    }
    found
}

/// A port at which nobody listens, kept from others.
pub(crate) fn dead_port() -> u16 {
    static RESERVED: LazyLock<TcpSocket> = LazyLock::new(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        socket
    });
    RESERVED.local_addr().unwrap().port()
}

/// How often the server ran each of `commands`, scripts' inner calls included.
pub(crate) async fn calls(admin: &mut MultiplexedConnection, commands: &[&str]) -> Vec<u64> {
    let info: String = redis::cmd("INFO").arg("commandstats").query_async(admin).await.unwrap();
    let count = |command: &&str| {
        let line = info.lines().find_map(|l| l.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |l| l.split(',').next().unwrap().parse().unwrap())
    };
    commands.iter().map(count).collect()
}

pub(crate) async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, call).await.expect("the call ends within its deadline")
}

pub(crate) async fn tell(admin: &mut MultiplexedConnection, command: &str) -> redis::Value {
    let mut words = command.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    cmd.arg(words.map(|word| word.trim_matches('"')).collect::<Vec<_>>());
    cmd.query_async(admin).await.unwrap()
}

/// Connections to the server, the test's own left out.
pub(crate) async fn connections(admin: &mut MultiplexedConnection) -> usize {
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(admin).await.unwrap();
    list.lines().count() - 1
}

pub(crate) async fn client_ids(admin: &mut MultiplexedConnection) -> Vec<String> {
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(admin).await.unwrap();
    list.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}
