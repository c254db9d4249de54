//! Servers of a test's own, to count on and to break.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its share of this")]
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

use redis::aio::MultiplexedConnection;
use session_core::{Bytes, Lease, Outcome, Precondition, Record, Result, Store, StoreKey};
use session_redis::RedisStore;
use session_testkit::proxy::Proxy;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: None };
pub const HOUR: Lease<'static> = Lease { ttl: Duration::from_secs(3_600), owner: None };
/// The operation timeout, with slack for a machine that does other things.
pub const DEADLINE: Duration = Duration::from_secs(2);
pub const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// An empty server on a port of its own; it dies with the test.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    pub async fn start() -> Self {
        let port = free_port();
        let server = Self { child: spawn(port), port };
        server.wait_until_it_answers().await;
        server
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A proxy in front of the server, and the URL that leads through it.
    pub async fn proxy(&self) -> (Proxy, String) {
        let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).await.unwrap();
        let url = format!("redis://{}", proxy.addr());
        (proxy, url)
    }

    /// A connection apart from those of the store.
    pub async fn admin(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub async fn restart(&mut self) {
        self.child = spawn(self.port);
        self.wait_until_it_answers().await;
    }

    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    async fn wait_until_it_answers(&self) {
        let client = redis::Client::open(self.url()).unwrap();
        eventually("a started server answers", async || {
            client.get_multiplexed_async_connection().await.is_ok()
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16) -> Child {
    let binary = std::env::var_os("SESSION_TEST_REDIS_SERVER");
    Command::new(binary.unwrap_or_else(|| "redis-server".into()))
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"])
        .arg(port.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is in the PATH, or SESSION_TEST_REDIS_SERVER names it")
}

pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Asks until the condition holds; a test that waits for ten seconds has failed.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn key(name: &str) -> StoreKey {
    StoreKey::new("session:", name)
}

/// Creates a record and returns it as loaded.
pub async fn create(store: &impl Store, key: &StoreKey, payload: &'static str) -> Record {
    let created = store.write(key, Bytes::from(payload), &MINUTE, Precondition::Absent).await;
    assert_eq!(created.unwrap(), WRITTEN);
    store.load(key).await.unwrap().unwrap()
}

/// How often the server ran each of `commands`, scripts' inner calls included.
pub async fn calls(admin: &mut MultiplexedConnection, commands: &[&str]) -> Vec<u64> {
    let info: String = redis::cmd("INFO").arg("commandstats").query_async(admin).await.unwrap();
    let count = |command: &&str| {
        let line = info.lines().find_map(|l| l.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |l| l.split(',').next().unwrap().parse().unwrap())
    };
    commands.iter().map(count).collect()
}

/// Every call that writes, in turn: its error, if it failed.
pub async fn writes(store: &RedisStore, key: &StoreKey, loaded: &Record) -> [Result<()>; 5] {
    let unchanged = Precondition::Unchanged(loaded);
    [
        store.write(key, "new".into(), &MINUTE, Precondition::Absent).await.map(drop),
        store.write(key, "new".into(), &MINUTE, unchanged).await.map(drop),
        store.touch(key, &MINUTE, loaded).await.map(drop),
        store.delete(key, None, Some(loaded)).await.map(drop),
        store.delete(key, None, None).await.map(drop),
    ]
}

pub async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, call).await.expect("the call ends within its deadline")
}

pub async fn tell(admin: &mut MultiplexedConnection, command: &str) -> redis::Value {
    let mut words = command.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    cmd.arg(words.map(|word| word.trim_matches('"')).collect::<Vec<_>>());
    cmd.query_async(admin).await.unwrap()
}

/// Connections to the server, the test's own left out.
pub async fn connections(admin: &mut MultiplexedConnection) -> usize {
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(admin).await.unwrap();
    list.lines().count() - 1
}

pub async fn client_ids(admin: &mut MultiplexedConnection) -> Vec<String> {
    let list: String = redis::cmd("CLIENT").arg("LIST").query_async(admin).await.unwrap();
    list.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}
