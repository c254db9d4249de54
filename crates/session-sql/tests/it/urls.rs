//! URLs that lead to a socket, or to one of several servers.

use crate::common::{MINUTE, create, eventually, key, open};
use crate::servers::{Postgres, mariadb, postgres};
use session_core::{Precondition, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::ChildServer;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// As Cloud SQL hands them out.
#[tokio::test]
async fn socket_is_found_where_the_url_has_it() {
    let (postgres, mariadb) = tokio::join!(postgres(), mariadb(&[]));
    let dir = postgres.program().dir.display();
    let port = postgres.addr().port();
    let socket = mariadb.program().socket.display();
    for url in [
        format!("postgresql+psycopg2://session@/postgres?host={dir}&port={port}"),
        format!("mysql+pymysql://root@/session?unix_socket={socket}"),
    ] {
        create(&open(SqlOptions::new(url)).await, &key("a"), "a").await;
    }
}

/// Makes a server one that takes no writes, as a standby is, or one that does.
async fn set_writable(server: &ChildServer<Postgres>, is_writable: bool) {
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    let on = if is_writable { "off" } else { "on" };
    for sql in [
        "SET default_transaction_read_only = off".to_owned(),
        format!("ALTER SYSTEM SET default_transaction_read_only = {on}"),
        "SELECT pg_reload_conf()".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    eventually("the server has read it", async || {
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        let shown = sqlx::query_scalar::<_, String>("SHOW default_transaction_read_only");
        shown.fetch_one(&mut connection).await.unwrap() == on
    })
    .await;
}

/// As in front of a cluster that Patroni keeps.
#[tokio::test]
async fn store_follows_the_server_that_takes_writes() {
    let (first, mut second) = tokio::join!(postgres(), postgres());
    for server in [&first, &second] {
        open(SqlOptions::new(server.url())).await;
    }
    set_writable(&first, false).await;
    let hosts = format!("{},{}", first.addr(), second.addr());
    let url = format!("postgresql://session@{hosts}/postgres?target_session_attrs=read-write");
    let store = SqlStore::connect(SqlOptions::new(url).max_connections(2)).await.unwrap();
    create(&store, &key("a"), "a").await;
    let direct = SqlStore::connect(second.url()).await.unwrap();
    assert_eq!(direct.load(&key("a")).await.unwrap().unwrap().payload, "a");

    second.kill().unwrap();
    set_writable(&first, true).await;
    eventually("the other one is found", async || store.load(&key("a")).await.is_ok()).await;
    let written = store.write(&key("b"), "b".into(), &MINUTE, Precondition::Absent).await;
    assert!(written.unwrap().is_written());
    let direct = SqlStore::connect(first.url()).await.unwrap();
    assert_eq!(direct.load(&key("b")).await.unwrap().unwrap().payload, "b");
}
