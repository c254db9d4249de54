//! What the database user may not do, and what gives it the right.

use crate::common::{MINUTE, create, key, open, writes};
use crate::servers::both;
use session_core::{ErrorKind, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::{ChildServer, Program};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};

/// As one who may do everything.
async fn tell(server: &ChildServer<dyn Program>, sql: &str) {
    let (url, sql) = (server.url(), sqlx::raw_sql(AssertSqlSafe(sql.to_owned())));
    if url.starts_with("mysql:") {
        sql.execute(&mut MySqlConnection::connect(&url).await.unwrap()).await.unwrap();
    } else {
        sql.execute(&mut PgConnection::connect(&url).await.unwrap()).await.unwrap();
    }
}

/// A user who may do nothing, and an address for it.
async fn user(server: &ChildServer<dyn Program>) -> String {
    if server.url().starts_with("mysql:") {
        tell(server, "CREATE USER app@'127.0.0.1'; GRANT USAGE ON *.* TO app@'127.0.0.1'").await;
        tell(server, "CREATE TABLE session.other (id INTEGER)").await;
        tell(server, "GRANT SELECT ON session.other TO app@'127.0.0.1'").await;
    } else {
        tell(server, "CREATE ROLE app LOGIN").await;
    }
    server.url().replace("session@", "app@").replace("root@", "app@")
}

/// Says what the message says to say.
async fn grant(server: &ChildServer<dyn Program>, message: &str) {
    let (_, grants) = message.split_once("say ").expect("a way out");
    let grants = grants.split_once(", or ").map_or(grants, |(grants, _)| grants);
    tell(server, grants).await;
}

/// Every call, none of which is denied.
async fn use_it(store: &SqlStore) {
    let loaded = create(store, &key("a"), "a").await;
    for ended in writes(store, &key("a"), &loaded).await {
        ended.unwrap();
    }
    assert_eq!(store.load(&key("a")).await.unwrap(), None);
    create(store, &key("b"), "b").await;
    assert!(store.delete(&key("b"), None, None).await.unwrap());
    assert!(!store.touch(&key("b"), &MINUTE, &loaded).await.unwrap().is_written());
}

#[tokio::test]
async fn user_who_may_not_make_the_table_is_told_the_statement_and_the_grant() {
    for server in both().await {
        let url = user(&server).await;
        let store = SqlStore::connect(url.clone()).await.unwrap();
        let error = store.init().await.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unavailable, false), "{error}");
        let message = error.to_string();
        assert!(message.contains(", or CREATE TABLE IF NOT EXISTS"), "{message}");
        if url.starts_with("mysql:") {
            // Who may make it and nothing else does not see it afterwards.
            tell(&server, "GRANT CREATE ON session.* TO app@'127.0.0.1'").await;
            let error = SqlStore::connect(url.clone()).await.unwrap().init().await.unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        grant(&server, &message).await;
        // MySQL keeps what a connection may do to its database.
        use_it(&open(SqlOptions::new(url)).await).await;
    }
}

#[tokio::test]
async fn rights_that_are_missing_show_when_the_table_is_opened() {
    for server in both().await {
        open(SqlOptions::new(server.url())).await;
        let url = user(&server).await;
        let app = if url.starts_with("mysql:") { "app@'127.0.0.1'" } else { "app" };
        let mut rights = vec![
            "SELECT ON sessions",
            "INSERT ON sessions",
            "UPDATE ON sessions",
            "DELETE ON sessions",
        ];
        if url.starts_with("postgres:") {
            rights.push("USAGE ON SEQUENCE sessions_id_seq");
        }
        for right in &rights {
            tell(&server, &format!("GRANT {right} TO {app}")).await;
        }
        use_it(&SqlStore::connect(url.clone()).await.unwrap()).await;
        for right in rights {
            tell(&server, &format!("REVOKE {right} FROM {app}")).await;
            let error = SqlStore::connect(url.clone()).await.expect_err(right);
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false));
            let message = error.to_string();
            let (named, _) = right.split_once(" ON").unwrap();
            assert!(message.contains(&format!("GRANT {named} ON ")), "{right}: {message}");
            grant(&server, &message).await;
            use_it(&SqlStore::connect(url.clone()).await.unwrap()).await;
        }
    }
}

/// The blocks of SQL of a section of the guide.
fn guide(section: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/deployment.md");
    let page = std::fs::read_to_string(path).unwrap();
    let section = page.split("\n### ").find(|text| text.starts_with(section)).expect(section);
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```sql\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn rights_that_the_guide_grants_are_enough_with_a_table_and_without() {
    for server in both().await {
        let is_mysql = server.url().starts_with("mysql:");
        let (section, user) = if is_mysql {
            ("MySQL", "CREATE USER shop@'%'; CREATE DATABASE shop")
        } else {
            ("PostgreSQL", "CREATE ROLE shop LOGIN")
        };
        tell(&server, user).await;
        let [makes_it, finds_it] = &guide(section)[..] else { panic!("two blocks for {section}") };
        let url = server.url().replace("session@", "shop@").replace("root@", "shop@");
        let (url, then) = if is_mysql {
            let then = "USE shop; DROP TABLE sessions; REVOKE ALL ON shop.* FROM shop@'%'; ";
            (url.replace("/session", "/shop"), then)
        } else {
            (url, "DROP TABLE sessions; REVOKE CREATE ON SCHEMA public FROM shop; ")
        };
        for statements in [makes_it.clone(), format!("{then}{finds_it}")] {
            tell(&server, &statements).await;
            let options = SqlOptions::new(url.clone()).owner_index(true);
            use_it(&open(options).await).await;
        }
    }
}
