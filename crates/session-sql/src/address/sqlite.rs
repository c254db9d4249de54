//! A URL of SQLite, as SQLAlchemy writes it.

use super::parameters::parameters;
use super::refuse;
use crate::config::SqlOptions;
use session_core::Result;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

/// Reads what follows the scheme.
pub(super) fn read(rest: &str, options: &SqlOptions) -> Result<SqliteConnectOptions> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // Well before the deadline: a lock that was not to be had is known to have written nothing, and
    // SQLite counts its pauses as it asked for them, not as they were.
    let mut patience = options.timeouts.operation() / 2;
    let mut makes_file = true;
    for asked in parameters(query)? {
        match &*asked.name {
            "mode" => match &*asked.value {
                "rwc" => makes_file = true,
                "rw" => makes_file = false,
                "ro" => return Err(asked.refused("and sessions are written; take rw or rwc")),
                "memory" => return Err(in_memory()),
                _ => return Err(asked.refused("which is rw or rwc")),
            },
            "timeout" => patience = patience.min(asked.seconds()?),
            // Any thread may use a connection, and one at a time does.
            "check_same_thread" => drop(asked.flag()?),
            // A statement by itself is the same on each level.
            "isolation_level" => asked.only(
                &["none", "", "autocommit", "deferred", "immediate", "exclusive"],
                "which is DEFERRED, IMMEDIATE or EXCLUSIVE",
            )?,
            "cached_statements" => drop(asked.number()?),
            "cache" => asked.only(&["private"], "and each connection has a cache of its own")?,
            "uri" if !asked.flag()? => {}
            "uri" => return Err(asked.refused("and sqlite:/// takes a path, not a file: uri")),
            _ => return Err(asked.unknown()),
        }
    }
    Ok(SqliteConnectOptions::new()
        .filename(path(place)?)
        .create_if_missing(makes_file && options.makes_file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(patience)
        .disable_statement_logging())
}

/// Whether there is no file yet.
pub(super) fn is_unmade(rest: &str) -> bool {
    let place = rest.split_once('?').map_or(rest, |(place, _)| place);
    path(place).is_ok_and(|path| !std::path::Path::new(path).exists())
}

fn in_memory() -> session_core::Error {
    refuse(
        "a SQLite database in memory ends with its connection; SESSION_TYPE=memory is made for that",
    )
}

/// What follows the empty host and its slash, so that a fourth slash makes it absolute.
fn path(place: &str) -> Result<&str> {
    match place.strip_prefix('/') {
        Some("" | ":memory:") => Err(in_memory()),
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

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_fourth_slash_makes_a_path_absolute() {
        for (rest, expected) in [
            ("/x.db", "x.db"),
            ("/dir/x.db", "dir/x.db"),
            ("//var/x.db", "/var/x.db"),
            ("/x y.db", "x y.db"),
        ] {
            assert_eq!(path(rest).expect(rest), expected);
        }
    }
}
