//! The contract behind twemproxy, Debian's `nutcracker`: it knows neither `HELLO` nor `CLIENT`, and
//! closes a connection on which it is sent what it does not know.

use crate::common::Server;
use crate::conformance::Own;
use session_core::{ErrorKind, async_trait};
use session_redis::RedisStore;
use session_testkit::{ChildServer, Place, Program};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
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

session_testkit::store_conformance!(Own::at(proxy().await + "?protocol=resp2"));

#[tokio::test]
async fn without_the_protocol_the_error_names_it() {
    let error = RedisStore::connect(proxy().await).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    assert!(error.to_string().contains("?protocol=resp2"), "{error:?}");
}
