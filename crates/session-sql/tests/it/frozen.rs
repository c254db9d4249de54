//! What a server has to bear that answers nobody, as its own side of the connections has it.

use crate::common::{IN_TIME, create, eventually, key, open};
use crate::servers::both;
use session_core::{ErrorKind, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::{ChildServer, Program};
use sqlx::{Connection as _, MySqlConnection, PgConnection};
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;

/// How many connections a store may have.
const MAX: usize = 3;

/// The server's ends of its connections.
#[derive(Clone, Copy)]
struct Ends {
    /// Those whose other end is open, too.
    open: usize,
    /// Those whose client has left.
    left: usize,
}

impl Ends {
    /// Those of the server at `addr` (proc(5): port and state in hexadecimal digits, 01 is
    /// ESTABLISHED and 08 CLOSE_WAIT).
    fn of(addr: SocketAddr) -> Self {
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let port = format!(":{:04X}", addr.port());
        let count = |wanted: &str| {
            let ends = table.lines().skip(1).filter(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let is_here = fields.next().is_some_and(|local| local.ends_with(&port));
                is_here && fields.nth(1) == Some(wanted)
            });
            ends.count()
        };
        Self { open: count("01"), left: count("08") }
    }
}

async fn store_at(server: &ChildServer<dyn Program>) -> Arc<SqlStore> {
    let store = open(SqlOptions::new(server.url()).max_connections(MAX)).await;
    create(&store, &key("a"), "a").await;
    Arc::new(store)
}

/// Many callers, for some seconds, whose loads all fail in time. Looks at the server's ends of
/// connections meanwhile, and returns what was the most of what `count` sees.
async fn besiege(
    server: &ChildServer<dyn Program>,
    store: &Arc<SqlStore>,
    count: impl Fn(Ends) -> usize,
) -> usize {
    let mut callers = JoinSet::new();
    for _ in 0..4 * MAX {
        let store = Arc::clone(store);
        callers.spawn(async move {
            for _ in 0..6 {
                let began = Instant::now();
                let error = store.load(&key("a")).await.unwrap_err();
                assert!(error.is_retryable(), "{error}");
                assert!(matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable));
                assert!(began.elapsed() < IN_TIME);
            }
        });
    }
    let (mut most, mut before) = (0, [0; 2]);
    while !callers.is_empty() {
        // The table is not read at once: one that closes and its successor may both be in it.
        let now = count(Ends::of(server.addr()));
        most = most.max(before.into_iter().fold(now, usize::min));
        before = [before[1], now];
        tokio::task::yield_now().await;
        while let Some(caller) = callers.try_join_next() {
            caller.unwrap();
        }
    }
    most
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_server_has_no_more_connections_than_allowed() {
    for server in both().await {
        let store = store_at(&server).await;
        server.freeze().unwrap();
        let most = besiege(&server, &store, |ends| ends.open).await;
        assert!((1..=MAX).contains(&most), "{most} connections to {}", server.url());
        server.thaw().unwrap();
        eventually("it answers again", async || store.load(&key("a")).await.is_ok()).await;
        eventually("it has closed what we left", async || {
            let ends = Ends::of(server.addr());
            ends.left == 0 && ends.open <= MAX
        })
        .await;
    }
}

enum Lock {
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
}

impl Lock {
    /// Locks the table of sessions.
    async fn table(server: &ChildServer<dyn Program>) -> Self {
        let url = server.url();
        if url.starts_with("postgres:") {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let lock = sqlx::raw_sql("BEGIN; LOCK TABLE sessions");
            lock.execute(&mut connection).await.unwrap();
            Self::Postgres(connection)
        } else {
            let mut connection = MySqlConnection::connect(&url).await.unwrap();
            let lock = sqlx::raw_sql("LOCK TABLES sessions WRITE");
            lock.execute(&mut connection).await.unwrap();
            Self::MariaDb(connection)
        }
    }

    async fn release(self) {
        match self {
            Self::Postgres(connection) => connection.close().await.unwrap(),
            Self::MariaDb(connection) => connection.close().await.unwrap(),
        }
    }
}

/// Those whose client has left are connections to the server, too: it waits for the lock.
#[tokio::test(flavor = "multi_thread")]
async fn server_with_a_locked_table_has_no_more_connections_than_allowed() {
    for server in both().await {
        let store = store_at(&server).await;
        let lock = Lock::table(&server).await;
        let most = besiege(&server, &store, |ends| ends.open + ends.left).await - 1;
        // A busy server is slow to close what it has ended: each has a successor by then, but no
        // more than one. Without an end of its own it would keep every one that was given up.
        assert!((1..=2 * MAX).contains(&most), "{most} connections to {}", server.url());
        lock.release().await;
        eventually("the table is free", async || store.load(&key("a")).await.is_ok()).await;
    }
}
