//! Reads a database's URL as SQLAlchemy writes it.
//!
//! No error repeats any of it: it holds a password, also where it cannot be read.

use crate::client::{Engine, Speak};
use crate::config::{STORE, SqlOptions};
use crate::connections::{Connections, Source};
use crate::dialect::Words;
use crate::entrance::Entrance;
use crate::pool::OwnPool;
use session_core::store::Call;
use session_core::{Error, ErrorKind, Result};
use sqlx::ConnectOptions as _;
use std::sync::Arc;

/// A database that can be dialled.
pub(crate) struct Target {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) words: Words,
}

/// Reads the URL and prepares the connections to it, without making one.
pub(crate) fn target(options: &SqlOptions) -> Result<Target> {
    let Some((scheme, rest)) = options.url.as_str().split_once("://") else {
        return Err(refuse("not a url; expected postgresql://, mysql:// or sqlite:///"));
    };
    // SQLAlchemy names its driver after a plus sign; ours is another one.
    let dialect = scheme.split_once('+').map_or(scheme, |(dialect, _)| dialect);
    match dialect.to_ascii_lowercase().as_str() {
        "postgresql" | "postgres" => postgres(rest, options),
        "mysql" | "mariadb" => mysql(rest, options),
        "sqlite" => sqlite(rest, options),
        _ => Err(refuse("the scheme is none of postgresql, mysql, mariadb, sqlite")),
    }
}

fn refuse(complaint: impl AsRef<str>) -> Error {
    Call::Connect.error(STORE, ErrorKind::Config, complaint.as_ref())
}

#[cfg(feature = "postgres")]
fn postgres(rest: &str, options: &SqlOptions) -> Result<Target> {
    use crate::plain::server_ms;
    use sqlx::postgres::{PgConnectOptions, Postgres};
    const UNDERSTOOD: &str = "sslmode sslrootcert sslcert sslkey host hostaddr port dbname user \
                              password application_name options";
    const IDLE: &str = "client_encoding connect_timeout fallback_application_name gssencmode \
                        keepalives keepalives_idle keepalives_interval keepalives_count \
                        prepare_threshold tcp_user_timeout";
    let url = with_parameters("postgres", rest, |name| choose(name, UNDERSTOOD, IDLE))?;
    let place = url.parse::<PgConnectOptions>().map_err(|_| malformed())?;
    // No float is read, and PgBouncer as shipped knows nothing of this parameter.
    let place = place.extra_float_digits(None).disable_statement_logging();
    // The server notices no caller who left while it waits for a lock.
    let limit = format!("{}ms", server_ms(options.timeouts.operation()));
    let usual = place.clone().options([("statement_timeout", limit)]);
    Ok(dial(Entrance::<Postgres>::new(usual, place, options.way), options))
}

#[cfg(feature = "mysql")]
fn mysql(rest: &str, options: &SqlOptions) -> Result<Target> {
    use crate::config::Way;
    use sqlx::mysql::{MySql, MySqlConnectOptions};
    const UNDERSTOOD: &str = "ssl-mode sslmode ssl-ca ssl-cert ssl-key socket";
    const IDLE: &str = "charset collation use_unicode autocommit binary_prefix connect_timeout \
                        connection_timeout read_timeout write_timeout local_infile sql_mode \
                        init_command program_name";
    let url = with_parameters("mysql", rest, |name| match name {
        "unix_socket" => Ok(Some("socket")),
        "ssl_ca" => Ok(Some("ssl-ca")),
        "ssl_cert" => Ok(Some("ssl-cert")),
        "ssl_key" => Ok(Some("ssl-key")),
        _ => choose(name, UNDERSTOOD, IDLE),
    })?;
    let place = url.parse::<MySqlConnectOptions>().map_err(|_| malformed())?;
    let place = place.disable_statement_logging();
    Ok(dial(Entrance::<MySql>::new(place.clone(), place, Way::Prepared), options))
}

#[cfg(feature = "sqlite")]
fn sqlite(rest: &str, options: &SqlOptions) -> Result<Target> {
    use crate::config::Way;
    use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
    const IDLE: &str = "check_same_thread timeout isolation_level cached_statements";
    let path = sqlite_path(rest, |name| choose(name, "", IDLE))?;
    let place = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        // Well before the deadline: a lock that was not to be had is known to have written nothing,
        // and SQLite counts its pauses as it asked for them, not as they were.
        .busy_timeout(options.timeouts.operation() / 2);
    let place = place.disable_statement_logging();
    Ok(dial(Entrance::<Sqlite>::new(place.clone(), place, Way::Prepared), options))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: &SqlOptions) -> Result<Target> {
    Err(refuse("postgresql:// needs the feature `postgres` of session-sql"))
}

#[cfg(not(feature = "mysql"))]
fn mysql(_: &str, _: &SqlOptions) -> Result<Target> {
    Err(refuse("mysql:// needs the feature `mysql` of session-sql"))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str, _: &SqlOptions) -> Result<Target> {
    Err(refuse("sqlite:// needs the feature `sqlite` of session-sql"))
}

fn dial<DB: Speak>(entrance: Entrance<DB>, options: &SqlOptions) -> Target {
    let SqlOptions { timeouts, rest, max_connections, .. } = *options;
    let pool = OwnPool::new(entrance, timeouts, rest, max_connections);
    let connections = Connections::new(Source::Own(Arc::new(pool)));
    Target { engine: Box::new(Arc::new(connections)), words: DB::WORDS }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn malformed() -> Error {
    refuse("the url cannot be used; expected scheme://[user[:password]@]host[:port]/database")
}

/// What a parameter is called by our client; `None` drops it, since nothing hangs on it here.
fn choose<'a>(name: &'a str, understood: &str, idle: &str) -> Result<Option<&'a str>> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let is_in = |names: &str| names.split_whitespace().any(|known| known == name);
    if is_in(understood) {
        Ok(Some(name))
    } else if is_in(idle) {
        Ok(None)
    } else if is_name && name.len() < 40 {
        Err(refuse(format!("the url has the parameter {name}, which this driver does not know")))
    } else {
        Err(refuse("the url has a parameter that this driver does not know"))
    }
}

/// The URL with those of its parameters that `choose` keeps.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn with_parameters<'a>(
    scheme: &str,
    rest: &'a str,
    choose: impl Fn(&'a str) -> Result<Option<&'a str>>,
) -> Result<String> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = format!("{scheme}://{place}");
    let mut separator = '?';
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let Some(name) = choose(name)? {
            url.push_str(&format!("{separator}{name}={value}"));
            separator = '&';
        }
    }
    Ok(url)
}

/// The path in what follows `sqlite://`: after the empty host and its slash, so that a fourth
/// slash makes it absolute.
#[cfg(feature = "sqlite")]
fn sqlite_path<'a>(
    rest: &'a str,
    choose: impl Fn(&'a str) -> Result<Option<&'a str>>,
) -> Result<&'a str> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        choose(pair.split_once('=').map_or(pair, |(name, _)| name))?;
    }
    match place.strip_prefix('/') {
        Some("" | ":memory:") => Err(refuse(
            "a SQLite database in memory ends with its connection; SESSION_TYPE=memory is made \
             for that",
        )),
        None if place.is_empty() => Err(refuse(
            "sqlite:// names no file; expected sqlite:///relative.db or sqlite:////absolute.db",
        )),
        None => Err(refuse("sqlite:// takes three slashes: it has no host")),
        Some(path) if path.starts_with("file:") => {
            Err(refuse("sqlite:/// takes a path, not a file: uri"))
        }
        Some(path) => Ok(path),
    }
}

#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests {
    use super::{choose, sqlite_path, target, with_parameters};
    use crate::config::SqlOptions;
    use session_core::{ErrorKind, Result};

    async fn open(url: &str) -> Result<&'static str> {
        Ok(target(&SqlOptions::new(url))?.words.name)
    }

    #[tokio::test]
    async fn urls_of_sqlalchemy_are_understood() {
        for (url, database) in [
            ("postgresql://u:p@h:5432/d", "postgresql"),
            ("postgres://h/d", "postgresql"),
            ("postgresql+psycopg://u@h/d", "postgresql"),
            ("postgresql+psycopg2://u:p@h/d?client_encoding=utf8&sslmode=require", "postgresql"),
            ("postgresql+asyncpg:///d?host=/var/run/postgresql", "postgresql"),
            ("mysql://u:p@h/d", "mysql"),
            ("mysql+pymysql://u:p@h/d?charset=utf8mb4", "mysql"),
            ("mysql+mysqldb://u@h/d?unix_socket=/run/mysqld.sock", "mysql"),
            ("mariadb+mariadbconnector://u@h/d", "mysql"),
            ("SQLite:///sessions.db", "sqlite"),
            ("sqlite+pysqlite:////var/lib/s.db?check_same_thread=false&timeout=20", "sqlite"),
        ] {
            assert_eq!(open(url).await.expect(url), database, "{url}");
        }
    }

    #[tokio::test]
    async fn bad_url_is_a_config_error_that_does_not_repeat_it() {
        for url in [
            "",
            "hunter2",
            "oracle://u:hunter2@h/d",
            "postgresql://u:hunter2@h:port/d",
            "postgresql://u:hunter2@h/d?sslmode=hunter2",
            "postgresql://u:p@h/d?hunter2%3d=x",
            "mysql://u:p@h/d?ssl_verify_cert=hunter2",
            "mysql://u:p@h/d?ssl-mode=hunter2",
            "mysql://u:hunter2@[h/d",
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite://hunter2/x.db",
            "sqlite:///file:hunter2?uri=true",
            "sqlite:///hunter2.db?mode=ro",
        ] {
            let error = open(url).await.expect_err(url);
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false), "{url}");
            assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_fourth_slash_makes_a_path_absolute() {
        for (rest, path) in [
            ("/x.db", "x.db"),
            ("/dir/x.db", "dir/x.db"),
            ("//var/x.db", "/var/x.db"),
            ("/x y.db", "x y.db"),
            ("/x.db?timeout=1", "x.db"),
        ] {
            assert_eq!(sqlite_path(rest, |_| Ok(None)).expect(rest), path);
        }
    }

    #[test]
    fn parameters_are_kept_renamed_dropped_or_refused() {
        let read = |rest| {
            with_parameters("x", rest, |name| match name {
                "old" => Ok(Some("new")),
                _ => choose(name, "kept", "idle"),
            })
        };
        assert_eq!(read("h/d").unwrap(), "x://h/d");
        assert_eq!(read("h/d?kept=1&idle=2&old=3").unwrap(), "x://h/d?kept=1&new=3");
        assert_eq!(read("h/d?idle=2&").unwrap(), "x://h/d");
        let error = read("h/d?ssl_check=hunter2").unwrap_err();
        assert!(error.to_string().contains("the parameter ssl_check,"), "{error}");
    }
}
