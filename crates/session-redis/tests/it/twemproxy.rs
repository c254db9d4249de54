//! The contract behind twemproxy, Debian's `nutcracker`: it knows neither `HELLO` nor `CLIENT`, and
//! closes a connection on which it is sent what it does not know.

use crate::common::{Server, create, key};
use crate::conformance::Own;
use session_core::store::{Cursor, Page, Scan, no_scan};
use session_core::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use session_redis::RedisStore;
use session_testkit::{ChildServer, Link, Place, Program, Subject};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

/// How a proxy is started; its configuration is in its directory.
///
/// The binary is the one that `SESSION_TEST_TWEMPROXY_SERVER` names, else Debian's.
#[derive(Debug)]
struct Twemproxy;

#[async_trait]
impl Program for Twemproxy {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let binary = std::env::var_os("SESSION_TEST_TWEMPROXY_SERVER");
        let mut command = Command::new(binary.unwrap_or_else(|| "/usr/sbin/nutcracker".into()));
        command.arg("-c").arg(place.dir().join("conf")).arg("-p").arg(place.dir().join("pid"));
        // Statistics want a port, too: the same one of another loopback address.
        command.args(["-a", "127.0.0.2", "-s", &place.addr().port().to_string()]);
        command.args(["-o", "/dev/stderr"]);
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n").await?;
        stream.read_exact(&mut [0]).await.map(|_| None)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("redis://{addr}")
    }
}

/// The URL of a proxy before one server, which the tests of this binary share.
async fn proxy() -> String {
    static PROXY: OnceCell<(ChildServer<Twemproxy>, Server)> = OnceCell::const_new();
    let start = async || {
        let server = Server::start().await;
        let program = |place: &Place| {
            let conf = format!(
                "pool:\n  listen: {}\n  redis: true\n  servers:\n   - {}:1\n",
                place.addr(),
                server.addr()
            );
            fs::write(place.dir().join("conf"), conf).map(|()| Twemproxy)
        };
        (ChildServer::launch(program).await.unwrap(), server)
    };
    PROXY.get_or_init(start).await.0.url()
}

/// The store behind the proxy, without what the proxy does not pass on: it closes a connection on
/// which it is sent `SCAN`.
struct Behind(Own);

#[async_trait]
impl Subject for Behind {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(NoScan(self.0.store().await?)))
    }

    fn link(&self) -> Link<'_> {
        self.0.link()
    }
}

#[derive(Debug)]
struct NoScan(Arc<dyn Store>);

#[async_trait]
impl Store for NoScan {
    fn capabilities(&self) -> Capabilities {
        Capabilities { scan: Scan::Unsupported, ..self.0.capabilities() }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.0.load(key).await
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        self.0.write(key, payload, lease, when).await
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.0.touch(key, lease, loaded).await
    }

    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.0.delete(key, owner, expected).await
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.0.list_by_owner(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        self.0.delete_expired().await
    }

    async fn scan(&self, _: &str, _: Option<&Cursor>, _: NonZeroUsize) -> Result<Page> {
        Err(no_scan("redis", "twemproxy does not pass it on"))
    }
}

session_testkit::store_conformance!(Behind(Own::at(proxy().await + "?protocol=resp2")));

#[tokio::test]
async fn scan_is_an_error_and_the_next_call_is_none() {
    let store = RedisStore::connect(proxy().await + "?protocol=resp2").await.unwrap();
    let error = store.scan("session:", None, NonZeroUsize::MIN).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    create(&store, &key("after-a-scan"), "x").await;
}

#[tokio::test]
async fn without_the_protocol_the_error_names_it() {
    let error = RedisStore::connect(proxy().await).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    assert!(error.to_string().contains("?protocol=resp2"), "{error:?}");
}
