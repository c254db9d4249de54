//! PostgreSQL through PgBouncer with the settings it is shipped with.

use crate::common::{
    MINUTE, OwnTable, PGBOUNCER, POSTGRES, create, key, open, seconds, transaction_mode,
};
use session_core::{ErrorKind, Precondition, Result, Store};
use session_sql::{SqlOptions, SqlStore};
use session_testkit::server;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::sync::Arc;

const SESSIONS: usize = 100;

/// A store that sends nothing a pooler would refuse, as where one is told to ignore it.
async fn unnoticed(table: &OwnTable, options: SqlOptions) -> SqlStore {
    let place: PgConnectOptions = transaction_mode().parse().unwrap();
    let pool = PgPoolOptions::new().max_connections(4);
    let pool = pool.connect_with(place.extra_float_digits(None)).await.unwrap();
    let options = options.table(&table.name).operation_timeout(seconds(10));
    SqlStore::from_client(pool, options).await.unwrap()
}

/// Two processes of one application: one loads sessions, the other ends its own.
async fn load_while_others_end(
    loading: SqlStore,
    ending: SqlStore,
) -> Vec<Result<Option<session_core::Record>>> {
    let loading = Arc::new(loading);
    let others = tokio::spawn(async move {
        for n in 0..SESSIONS {
            let own = key(&format!("own-{n}"));
            // The first statement of this process is the first of the other, too.
            let _ = ending.delete(&own, None, None).await;
            let _ = ending.write(&own, "x".into(), &MINUTE, Precondition::Absent).await;
        }
    });
    let mut loads = Vec::new();
    for half in 0..2 {
        let loading = Arc::clone(&loading);
        loads.push(tokio::spawn(async move {
            let mut found = Vec::new();
            for n in (half..SESSIONS).step_by(2) {
                found.push(loading.load(&key(&format!("live-{n}"))).await);
            }
            found
        }));
    }
    others.await.unwrap();
    let mut found = Vec::new();
    for load in loads {
        found.extend(load.await.unwrap());
    }
    found
}

/// A table with sessions that are only loaded.
async fn filled(table: OwnTable) -> OwnTable {
    let store = open(table.options()).await;
    table.tell("DELETE FROM {}").await;
    for n in 0..SESSIONS {
        create(&store, &key(&format!("live-{n}")), "x").await;
    }
    table
}

async fn live(table: &OwnTable) -> usize {
    table.ask("SELECT session_id FROM {} WHERE session_id LIKE '%live-%'").await.len()
}

#[tokio::test]
async fn mixed_up_statements_touch_nothing_and_the_error_names_the_pooler() {
    // The pooler's connections keep what was prepared on them, so this table stays, too.
    let table = OwnTable { variable: POSTGRES, name: "mixed_up_sessions".to_owned() };
    let table = filled(table).await;
    let loading = unnoticed(&table, SqlOptions::default()).await;
    let ending = unnoticed(&table, SqlOptions::default()).await;
    let found = load_while_others_end(loading, ending).await;
    assert_eq!(live(&table).await, SESSIONS);
    let mut noticed = 0;
    for load in found {
        match load {
            Ok(record) => assert!(record.is_some()),
            Err(error) => {
                assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false));
                let message = error.to_string();
                assert!(message.contains("PgBouncer"), "{message}");
                assert!(message.ends_with("SESSION_SQLALCHEMY_TRANSACTION_POOLER=true"));
                noticed += 1;
            }
        }
    }
    assert!(noticed > 0);
}

#[tokio::test]
async fn transaction_pooler_that_is_known_mixes_nothing_up() {
    let table = filled(OwnTable::new(POSTGRES)).await;
    let options = || SqlOptions::default().transaction_pooler(true);
    let loading = unnoticed(&table, options()).await;
    let ending = unnoticed(&table, options()).await;
    for load in load_while_others_end(loading, ending).await {
        assert!(load.unwrap().is_some());
    }
    assert_eq!(live(&table).await, SESSIONS);
    table.drop().await;
}

#[tokio::test]
async fn pooler_that_refuses_start_up_parameters_is_noticed_without_a_setting() {
    let table = filled(OwnTable::new(POSTGRES)).await;
    for url in [server::url(PGBOUNCER), transaction_mode()] {
        let options = table.options_at(url).operation_timeout(seconds(10));
        let store = async || SqlStore::connect(options.clone()).await.unwrap();
        let (loading, ending) = (store().await, store().await);
        for load in load_while_others_end(loading, ending).await {
            assert!(load.unwrap().is_some());
        }
    }
    assert_eq!(live(&table).await, SESSIONS);
    table.drop().await;
}
