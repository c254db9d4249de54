//! Reads a database's URL as SQLAlchemy writes it.
//!
//! No error repeats any of it: it holds a password, also where it cannot be read.

#[cfg(any(feature = "postgres", feature = "mysql"))]
mod host;
#[cfg(feature = "mysql")]
mod mysql;
mod parameters;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(all(test, feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod tests;

use crate::client::Engine;
use crate::config::{STORE, SqlOptions};
use crate::connections::{Connections, Source};
use crate::dialect::Words;
use crate::engines::Driven;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
use crate::entrance::Options;
use crate::entrance::{Entrance, Place};
use crate::pool::OwnPool;
use session_core::store::{Call, Timeouts};
use session_core::{Error, ErrorKind, Result};
use std::sync::Arc;

/// A database that can be dialled.
pub(crate) struct Target {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) words: Words,
    /// Those of the options, or what the URL bounds them to.
    pub(crate) timeouts: Timeouts,
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
        _ => Err(refuse("the scheme of the url is none of postgresql, mysql, mariadb, sqlite")),
    }
}

/// Whether the database is a file that is yet to be made.
pub(crate) fn is_unmade(options: &SqlOptions) -> bool {
    match options.url.as_str().split_once("://") {
        #[cfg(feature = "sqlite")]
        Some((scheme, rest)) if scheme.to_ascii_lowercase().starts_with("sqlite") => {
            sqlite::is_unmade(rest)
        }
        _ => false,
    }
}

fn refuse(complaint: impl AsRef<str>) -> Error {
    Call::Connect.error(STORE, ErrorKind::Config, complaint.as_ref())
}

#[cfg(feature = "postgres")]
fn postgres(rest: &str, options: &SqlOptions) -> Result<Target> {
    use crate::plain::server_ms;
    use sqlx::Postgres;
    let postgres::Read { places, wanted, way, timeouts } = postgres::read(rest, options)?;
    // The server notices no caller who left while it waits for a lock.
    let limit = format!("{}ms", server_ms(timeouts.operation()));
    let places = places.into_iter().map(|place| Place {
        usual: place.clone().options([("statement_timeout", &limit)]),
        through_pooler: place,
    });
    Ok(dial::<Postgres>(Entrance::new(places.collect(), wanted, way), timeouts, options))
}

#[cfg(feature = "mysql")]
fn mysql(rest: &str, options: &SqlOptions) -> Result<Target> {
    let mysql::Read { place, timeouts } = mysql::read(rest, options)?;
    Ok(dial::<sqlx::MySql>(directly(place), timeouts, options))
}

#[cfg(feature = "sqlite")]
fn sqlite(rest: &str, options: &SqlOptions) -> Result<Target> {
    let place = sqlite::read(rest, options)?;
    Ok(dial::<sqlx::Sqlite>(directly(place), options.timeouts, options))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: &SqlOptions) -> Result<Target> {
    Err(refuse("postgresql:// needs the feature `postgres` of session-sql or web-session"))
}

#[cfg(not(feature = "mysql"))]
fn mysql(_: &str, _: &SqlOptions) -> Result<Target> {
    Err(refuse("mysql:// needs the feature `mysql` of session-sql or web-session"))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str, _: &SqlOptions) -> Result<Target> {
    Err(refuse("sqlite:// needs the feature `sqlite` of session-sql or web-session"))
}

fn dial<DB: Driven>(entrance: Entrance<DB>, timeouts: Timeouts, options: &SqlOptions) -> Target {
    let pool = OwnPool::new(entrance, timeouts, options.rest, options.max_connections);
    let connections = Connections::new(Source::Own(Arc::new(pool)));
    Target { engine: DB::engine(connections), words: DB::WORDS, timeouts }
}

/// To one server, without a pooler.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
fn directly<DB: Driven>(place: Options<DB>) -> Entrance<DB> {
    use crate::config::Way;
    use crate::entrance::Wanted;
    let place = Place { usual: place.clone(), through_pooler: place };
    Entrance::new(vec![place], Wanted::Any, Way::Prepared)
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn malformed() -> Error {
    refuse("the url cannot be used; expected scheme://[user[:password]@]host[:port]/database")
}
