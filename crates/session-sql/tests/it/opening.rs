//! What opening a store and `init` make of the table that is there, or is not.

use crate::common::{
    Flask, MARIADB, MINUTE, OwnTable, POSTGRES, SERVERS, WRITTEN, ask_file, create, file_url,
    fresh, key, make_in_file, open, open_file, seconds, tell,
};
use session_core::{ErrorKind, Lease, Outcome, Precondition, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::server;
use std::time::Duration;

/// What Flask-Sessionstore 0.4 writes.
const FORK_DATA: &str = r#"{"_permanent":true,"name":"Zoe","pair":{" t":[1,"a"]}}"#;

#[tokio::test]
async fn init_takes_flask_tables_as_they_are_and_adds_what_it_promises() {
    for variable in SERVERS {
        let table = OwnTable::of_flask(variable).await;
        let plain = open(table.options()).await;
        let indexed = open(table.options().owner_index(true)).await;
        // Nothing is missing any more, so nothing is done.
        indexed.init().await.unwrap();
        let limit = plain.capabilities().max_payload.unwrap();
        let resolution = plain.capabilities().ttl_resolution;
        match variable {
            MARIADB => assert_eq!((limit, resolution), (65_535, seconds(1))),
            _ => assert_eq!((limit, resolution), (500_000_000, Duration::from_millis(1))),
        }
        let lease = Lease { owner: Some("ann"), ..MINUTE };
        let written = indexed.write(&key("a"), "a".into(), &lease, Precondition::Absent).await;
        assert_eq!(written.unwrap(), WRITTEN);
        assert_eq!(indexed.list_by_owner("ann").await.unwrap(), [key("a")]);
        assert!(indexed.list_by_owner("ANN").await.unwrap().is_empty());
        // A store without the index, or a Flask, writes beside it.
        create(&plain, &key("b"), "b").await;
        assert_eq!(indexed.list_by_owner("ann").await.unwrap(), [key("a")]);
        let question = match variable {
            POSTGRES => "SELECT indexname::text FROM pg_indexes WHERE tablename = '{}'",
            _ => {
                "SELECT DISTINCT index_name FROM information_schema.statistics \
                 WHERE table_name = '{}'"
            }
        };
        let indexes = table.ask(question).await;
        for column in ["expiry", "owner"] {
            let name = format!("{}_{column}_idx", table.name);
            assert!(indexes.contains(&name), "{name} in {indexes:?}");
        }
        table.drop().await;
    }
}

#[tokio::test]
async fn user_without_the_right_to_make_indexes_does_without() {
    let table = OwnTable::of_flask(POSTGRES).await;
    let role = fresh("reader");
    let url = server::url(POSTGRES).replace("session:session@", &format!("{role}:{role}@"));
    table.tell(&format!("CREATE ROLE {role} LOGIN PASSWORD '{role}'")).await;
    table.tell(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {{}} TO {role}")).await;
    table.tell(&format!("GRANT USAGE ON SEQUENCE {{}}_id_seq TO {role}")).await;
    create(&open(table.options_at(url.clone())).await, &key("a"), "a").await;
    // Calls cannot do without the owner's column.
    let options = table.options_at(url).owner_index(true);
    let error = SqlStore::connect(options).await.unwrap().init().await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false), "{error}");
    table.tell(&format!("REVOKE ALL ON {{}} FROM {role}")).await;
    table.drop().await;
    tell(POSTGRES, format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn processes_that_start_at_once_make_one_table() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let starts: Vec<_> = (0..6)
            .map(|_| {
                let options = table.options().owner_index(true);
                tokio::spawn(async move { SqlStore::connect(options).await?.init().await })
            })
            .collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }
        create(&open(table.options()).await, &key("a"), "a").await;
        table.drop().await;
    }
}

#[tokio::test]
async fn missing_table_says_what_to_do_and_is_found_once_made() {
    for variable in SERVERS {
        let table = OwnTable::new(variable);
        let store = SqlStore::connect(table.options()).await.unwrap();
        let error = store.load(&key("a")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false));
        assert!(error.to_string().contains("`init` makes it"), "{error}");
        open(table.options()).await;
        assert_eq!(store.load(&key("a")).await.unwrap(), None);
        table.drop().await;
    }
}

#[tokio::test]
async fn table_of_other_columns_is_a_config_error() {
    let table = OwnTable::new(POSTGRES);
    table.tell("CREATE TABLE {} (id int, session_id text)").await;
    let error = SqlStore::connect(table.options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().ends_with("it has no column data"), "{error}");
    table.drop().await;
}

/// Flask-Sessionstore has the column so, and text in it.
#[tokio::test]
async fn text_in_sqlite_is_read_renewed_as_it_is_and_replaced_by_bytes() {
    let dir = tempfile::tempdir().unwrap();
    make_in_file(&dir, Flask::SQLITE).await;
    let change = format!(
        "ALTER TABLE sessions DROP COLUMN data; ALTER TABLE sessions ADD COLUMN data TEXT; \
         INSERT INTO sessions (session_id, data, expiry) VALUES ('session:fork', '{FORK_DATA}', \
         strftime('%Y-%m-%d %H:%M:%S', 'now', '+100 seconds') || '.123456')"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(change)).execute(&mut open_file(&dir).await).await.unwrap();
    let store = open(SqlOptions::new(file_url(&dir))).await;
    let kind = || ask_file(&dir, "SELECT typeof(data) FROM sessions");
    let loaded = store.load(&key("fork")).await.unwrap().unwrap();
    assert_eq!(loaded.payload, FORK_DATA);
    assert_eq!(store.touch(&key("fork"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
    assert_eq!(kind().await, ["text"]);
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key("fork"), "new".into(), &MINUTE, same).await.unwrap(), WRITTEN);
    assert_eq!(kind().await, ["blob"]);
    let stale = store.write(&key("fork"), "newer".into(), &MINUTE, same).await.unwrap();
    assert_eq!(stale, Outcome::Refused);
    assert!(!store.delete(&key("fork"), None, Some(&loaded)).await.unwrap());
    let loaded = store.load(&key("fork")).await.unwrap().unwrap();
    assert!(store.delete(&key("fork"), None, Some(&loaded)).await.unwrap());
}

#[tokio::test]
async fn text_on_a_server_is_refused_with_the_statement_that_makes_bytes_of_it() {
    for (variable, to_text, soon) in [
        (
            POSTGRES,
            "ALTER COLUMN data TYPE TEXT USING encode(data, 'escape')",
            "(now() at time zone 'utc') + interval '100 s'",
        ),
        (MARIADB, "MODIFY data TEXT", "UTC_TIMESTAMP() + INTERVAL 100 SECOND"),
    ] {
        let table = OwnTable::of_flask(variable).await;
        table.tell(&format!("ALTER TABLE {{}} {to_text}")).await;
        let insert = format!(
            "INSERT INTO {{}} (session_id, data, expiry) VALUES ('session:fork', '{FORK_DATA}', \
             {soon})"
        );
        table.tell(&insert).await;
        let error = SqlStore::connect(table.options()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let message = error.to_string();
        let (_, way_out) = message.split_once("ALTER TABLE .. ").expect("a way out");
        table.tell(&format!("ALTER TABLE {{}} {way_out}")).await;

        let store = open(table.options()).await;
        let loaded = store.load(&key("fork")).await.unwrap().unwrap();
        assert_eq!(loaded.payload, FORK_DATA);
        let same = Precondition::Unchanged(&loaded);
        let written = store.write(&key("fork"), "\0\u{ff}".into(), &MINUTE, same).await;
        assert_eq!(written.unwrap(), WRITTEN);
        table.drop().await;
    }
}

#[tokio::test]
async fn limits_without_bounds_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqlOptions::new(file_url(&dir))
        .max_connections(usize::MAX)
        .connect_timeout(Duration::MAX)
        .operation_timeout(Duration::MAX);
    create(&open(options).await, &key("a"), "a").await;
}
