//! What is sent again, and how often.

use crate::common::{HOUR, MARIADB, OwnTable, POSTGRES, WRITTEN, create, key, open};
use session_core::{ErrorKind, Store};

/// A server that chooses a statement to give way undid it: four times it is sent again.
const AGAIN: usize = 4;

/// Lets the next updates of the table give way with `code`, and counts them all.
async fn yielding(table: &OwnTable, code: &str, times: usize) {
    match table.variable {
        POSTGRES => {
            // A sequence counts on when its transaction is undone.
            let function = format!(
                "CREATE SEQUENCE {{}}_turns OWNED BY {{}}.id; \
                 CREATE FUNCTION {{}}_yield() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF nextval('{{}}_turns') <= {times} THEN \
                 RAISE EXCEPTION 'yield' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$; \
                 CREATE TRIGGER yield BEFORE UPDATE ON {{}} FOR EACH ROW \
                 EXECUTE FUNCTION {{}}_yield()"
            );
            table.tell(&function).await;
        }
        _ => {
            // So does a table without transactions.
            table.tell("CREATE TABLE {}_turns (n INTEGER) ENGINE = MyISAM").await;
            table.tell("INSERT INTO {}_turns VALUES (0)").await;
            let trigger = format!(
                "CREATE TRIGGER {{}}_yield BEFORE UPDATE ON {{}} FOR EACH ROW BEGIN \
                 UPDATE {{}}_turns SET n = n + 1; \
                 IF (SELECT n FROM {{}}_turns) <= {times} THEN \
                 SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = {code}; END IF; END"
            );
            table.tell(&trigger).await;
        }
    }
}

/// How often the server was sent an update since.
async fn turns(table: &OwnTable) -> usize {
    let question = match table.variable {
        POSTGRES => "SELECT last_value::text FROM {}_turns",
        _ => "SELECT CAST(n AS CHAR) FROM {}_turns",
    };
    table.ask(question).await[0].parse().unwrap()
}

async fn drop_with_counter(table: OwnTable) {
    match table.variable {
        POSTGRES => table.tell("DROP FUNCTION {}_yield() CASCADE").await,
        _ => table.tell("DROP TABLE {}_turns").await,
    }
    table.drop().await;
}

/// Deadlock and serialization failure, in the words of each server.
#[tokio::test]
async fn statement_that_gave_way_is_sent_again_four_times_at_most() {
    for (variable, code) in
        [(POSTGRES, "40001"), (POSTGRES, "40P01"), (MARIADB, "1213"), (MARIADB, "1020")]
    {
        for times in [AGAIN, AGAIN + 1] {
            let table = OwnTable::new(variable);
            let store = open(table.options()).await;
            let loaded = create(&store, &key("a"), "a").await;
            yielding(&table, code, times).await;
            let touched = store.touch(&key("a"), &HOUR, &loaded).await;
            if times == AGAIN {
                assert_eq!(touched.unwrap(), WRITTEN, "{code}");
            } else {
                let error = touched.unwrap_err();
                let seen = (error.kind(), error.is_retryable());
                assert_eq!(seen, (ErrorKind::Unavailable, true), "{code}: {error}");
            }
            assert_eq!(turns(&table).await, AGAIN + 1, "{code}");
            drop_with_counter(table).await;
        }
    }
}

/// "cached plan must not change result type": MariaDB prepares such a statement anew by itself.
#[tokio::test]
async fn load_whose_plan_the_server_gave_up_is_asked_once_more() {
    let table = OwnTable::new(POSTGRES);
    let store = open(table.options()).await;
    create(&store, &key("a"), "a").await;
    table.tell("CREATE DOMAIN {}_bytes AS bytea").await;
    table.tell("ALTER TABLE {} ALTER COLUMN data TYPE {}_bytes").await;
    assert_eq!(store.load(&key("a")).await.unwrap().unwrap().payload, "a");
    table.tell("DROP TABLE {}; DROP DOMAIN {}_bytes").await;
}
