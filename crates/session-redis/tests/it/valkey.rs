//! Valkey, which compares and writes in a command of its own: the contract, and that an answer is the
//! same one as that of the script.

use crate::common::{MINUTE, WRITTEN, admin, calls, create, eventually, key, tell};
use redis::Value;
use redis::aio::MultiplexedConnection;
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Record, Store, async_trait};
use session_redis::{RedisOptions, RedisStore};
use session_testkit::{ChildServer, Place, Program};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpSocket;

mod conformance {
    use crate::conformance::Own;
    use session_testkit::server;

    session_testkit::store_conformance!(Own::at(server::url("SESSION_TEST_VALKEY")));

    mod near {
        use super::{Own, server};

        session_testkit::store_conformance!(
            Own::at(server::url("SESSION_TEST_VALKEY")).holding(1_000)
        );
    }
}

/// How a server is started: Valkey, or Redis in its place, which does not have the command.
#[derive(Debug, Default)]
struct Either {
    is_redis: AtomicBool,
    /// Where nodes of a cluster talk to it.
    bus: Option<TcpSocket>,
}

impl Either {
    fn node(is_redis: bool) -> io::Result<Self> {
        let bus = TcpSocket::new_v4()?;
        bus.set_reuseaddr(true)?;
        bus.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self { is_redis: is_redis.into(), bus: Some(bus) })
    }

    fn bus_port(&self) -> io::Result<u16> {
        let none = || io::Error::other("no node of a cluster");
        Ok(self.bus.as_ref().ok_or_else(none)?.local_addr()?.port())
    }
}

#[async_trait]
impl Program for Either {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let (variable, path) = if self.is_redis.load(Ordering::Relaxed) {
            ("SESSION_TEST_REDIS_SERVER", "redis-server")
        } else {
            ("SESSION_TEST_VALKEY_SERVER", "valkey-server")
        };
        let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| path.into()));
        command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(place.dir());
        command.args(["--port", &place.addr().port().to_string()]);
        if self.bus.is_some() {
            let bus = self.bus_port()?.to_string();
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus]);
        }
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        let client = redis::Client::open(self.url(addr)).map_err(io::Error::other)?;
        let opened = client.get_multiplexed_async_connection().await;
        opened.map(|_| None).map_err(io::Error::other)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("redis://{addr}")
    }
}

async fn valkey() -> ChildServer<Either> {
    ChildServer::launch(|_| Ok(Either::default())).await.unwrap()
}

/// Writes over `loaded`.
async fn update(store: &RedisStore, name: &str, loaded: &Record) -> Outcome {
    let same = Precondition::Unchanged(loaded);
    store.write(&key(name), "new".into(), &MINUTE, same).await.unwrap()
}

async fn forget_calls(admin: &mut MultiplexedConnection) {
    tell(admin, "CONFIG RESETSTAT").await;
}

const COMMANDS: [&str; 4] = ["set", "get", "evalsha", "eval"];

#[tokio::test]
async fn update_is_one_command_of_the_server() {
    let server = valkey().await;
    let mut admin = admin(&server.url()).await;
    // Without HELLO nobody has said that it can.
    for (query, expected) in [("", [1, 0, 0, 0]), ("?protocol=resp2", [1, 1, 1, 0])] {
        let store = RedisStore::connect(format!("{}{query}", server.url())).await.unwrap();
        let name = format!("counted{query}");
        let loaded = create(&store, &key(&name), "old").await;
        // The server learns the script here.
        assert_eq!(update(&store, &name, &loaded).await, WRITTEN);
        let loaded = store.load(&key(&name)).await.unwrap().unwrap();
        forget_calls(&mut admin).await;
        assert_eq!(update(&store, &name, &loaded).await, WRITTEN);
        assert_eq!(calls(&mut admin, &COMMANDS).await, expected, "{query}");
    }
}

#[tokio::test]
async fn entry_of_an_owner_and_record_are_one_script() {
    let server = valkey().await;
    let mut admin = admin(&server.url()).await;
    let options = RedisOptions::new(server.url()).owner_index(true);
    let store = RedisStore::connect(options).await.unwrap();
    let loaded = create(&store, &key("owned"), "old").await;
    let lease = Lease { owner: Some("ann"), ..MINUTE };
    let same = Precondition::Unchanged(&loaded);
    forget_calls(&mut admin).await;
    assert_eq!(store.write(&key("owned"), "old".into(), &lease, same).await.unwrap(), WRITTEN);
    assert_eq!(
        calls(&mut admin, &["evalsha", "eval"]).await,
        [1, 1],
        "the text follows the digest"
    );
    assert_eq!(store.list_by_owner("ann").await.unwrap(), [key("owned")]);
}

/// What a key may hold.
#[derive(Clone, Copy, Debug)]
enum Held<'a> {
    Nothing,
    List,
    Forever(&'a [u8]),
    Record(&'a [u8]),
}

impl Held<'_> {
    async fn put(self, admin: &mut MultiplexedConnection, key: &str) {
        tell(admin, &format!("DEL {key}")).await;
        let mut cmd = match self {
            Held::Nothing => return,
            Held::List => redis::cmd("RPUSH"),
            Held::Forever(_) | Held::Record(_) => redis::cmd("SET"),
        };
        cmd.arg(key);
        match self {
            Held::Nothing | Held::List => cmd.arg("old"),
            Held::Forever(payload) => cmd.arg(payload),
            Held::Record(payload) => cmd.arg(payload).arg("PX").arg(660_000),
        };
        cmd.query_async::<()>(admin).await.unwrap();
    }
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Write,
    Touch,
    Delete,
}

impl Change {
    async fn make(
        self,
        store: &RedisStore,
        name: &str,
        loaded: &Record,
    ) -> Result<Outcome, ErrorKind> {
        let key = key(name);
        let made = match self {
            Self::Write => {
                let same = Precondition::Unchanged(loaded);
                store.write(&key, Bytes::from_static(b"\0new"), &MINUTE, same).await
            }
            Self::Touch => store.touch(&key, &MINUTE, loaded).await,
            Self::Delete => store
                .delete(&key, None, Some(loaded))
                .await
                .map(|is_gone| if is_gone { WRITTEN } else { Outcome::Refused }),
        };
        made.map_err(|error| error.kind())
    }
}

/// The value, and whether it lives for eleven minutes, for one, or as long as it likes.
async fn left(admin: &mut MultiplexedConnection, key: &str) -> (Value, i64) {
    let value = tell(admin, &format!("DUMP {key}")).await;
    let ttl: i64 = redis::cmd("PTTL").arg(key).query_async(admin).await.unwrap();
    (value, if ttl < 0 { ttl } else { ttl / 120_000 })
}

#[tokio::test]
async fn answers_equal_those_of_the_scripts() {
    let server = valkey().await;
    let mut admin = admin(&server.url()).await;
    let by_command = RedisStore::connect(server.url()).await.unwrap();
    let by_script = RedisStore::connect(format!("{}?protocol=resp2", server.url())).await.unwrap();
    let long = vec![b'x'; 100_000];
    let payloads: [&[u8]; 8] = [b"", b"old", b"old\0", b"OLD", b"\xff\r\n\0", b"7", b"07", &long];
    let mut helds = vec![Held::Nothing, Held::List];
    helds.extend(payloads.into_iter().flat_map(|it| [Held::Forever(it), Held::Record(it)]));
    let mut written = 0;
    for held in helds {
        for loaded in payloads {
            for change in [Change::Write, Change::Touch, Change::Delete] {
                let loaded = Record { payload: loaded.to_vec().into(), cas: 0, ttl: MINUTE.ttl };
                let mut ends = Vec::new();
                for (store, name) in [(&by_command, "command"), (&by_script, "script")] {
                    let key = format!("session:{name}");
                    held.put(&mut admin, &key).await;
                    let answer = change.make(store, name, &loaded).await;
                    ends.push((answer, left(&mut admin, &key).await));
                }
                assert_eq!(ends[0], ends[1], "{held:?} {loaded:?} {change:?}");
                written += u32::from(ends[0].0 == Ok(WRITTEN));
            }
        }
    }
    assert_eq!(written, 8 * 2 * 3, "what equals is written, and nothing else");
}

#[tokio::test]
async fn older_server_at_the_same_address_is_sent_the_script() {
    let mut server = valkey().await;
    let store = RedisStore::connect(server.url()).await.unwrap();
    let loaded = create(&store, &key("older"), "old").await;
    server.kill().unwrap();
    server.program().is_redis.store(true, Ordering::Relaxed);
    server.restart().await.unwrap();
    let mut admin = admin(&server.url()).await;
    tell(&mut admin, "SET session:older old PX 60000").await;
    // The store still believes what the server of before said.
    assert_eq!(update(&store, "older", &loaded).await, WRITTEN);
    assert_eq!(calls(&mut admin, &["eval"]).await, [1]);
    let loaded = store.load(&key("older")).await.unwrap().unwrap();
    assert_eq!(loaded.payload, "new");
    forget_calls(&mut admin).await;
    assert_eq!(update(&store, "older", &loaded).await, WRITTEN);
    assert_eq!(calls(&mut admin, &COMMANDS).await, [1, 1, 1, 0], "by now it knows better");
}

#[cfg(feature = "cluster")]
#[tokio::test]
async fn nodes_of_a_cluster_may_differ() {
    let start = async |is_redis| ChildServer::launch(|_| Either::node(is_redis)).await.unwrap();
    let nodes = [start(false).await, start(true).await];
    let mut admins = [admin(&nodes[0].url()).await, admin(&nodes[1].url()).await];
    tell(&mut admins[0], "CLUSTER ADDSLOTSRANGE 0 16383").await;
    let bus = nodes[1].program().bus_port().unwrap();
    tell(&mut admins[0], &format!("CLUSTER MEET 127.0.0.1 {} {bus}", nodes[1].addr().port())).await;
    for admin in &mut admins {
        eventually("the nodes agree", async || {
            let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(admin).await.unwrap();
            ["state:ok", "slots_ok:16384", "known_nodes:2"].iter().all(|part| info.contains(part))
        })
        .await;
    }

    let url = nodes[0].url().replace("redis", "redis+cluster");
    let store = RedisStore::connect(url).await.unwrap();
    let loaded = create(&store, &key("moves"), "old").await;
    forget_calls(&mut admins[0]).await;
    assert_eq!(update(&store, "moves", &loaded).await, WRITTEN);
    assert_eq!(calls(&mut admins[0], &COMMANDS).await, [1, 0, 0, 0]);

    // Their slot goes to the older one.
    tell(&mut admins[0], "DEL session:moves").await;
    let slot: u16 = redis::cmd("CLUSTER")
        .arg("KEYSLOT")
        .arg("session:moves")
        .query_async(&mut admins[0])
        .await
        .unwrap();
    let Value::BulkString(id) = tell(&mut admins[1], "CLUSTER MYID").await else { unreachable!() };
    let set = format!("CLUSTER SETSLOT {slot} NODE {}", String::from_utf8(id).unwrap());
    for admin in admins.iter_mut().rev() {
        tell(admin, &set).await;
    }
    tell(&mut admins[1], "SET session:moves old PX 60000").await;
    assert_eq!(update(&store, "moves", &loaded).await, WRITTEN);
    assert_eq!(calls(&mut admins[1], &["eval"]).await, [1]);
    let loaded = store.load(&key("moves")).await.unwrap().unwrap();
    forget_calls(&mut admins[1]).await;
    assert_eq!(update(&store, "moves", &loaded).await, WRITTEN);
    assert_eq!(calls(&mut admins[1], &COMMANDS).await, [1, 1, 1, 0]);
}
