//! Which engine a database has: servers take a statement as it comes, SQLite one write at a time.

use crate::client::{Engine, Speak};
use crate::config::Way;
use crate::connections::{Connections, Source};
use crate::dialect::Words;
#[cfg(feature = "sqlite")]
use crate::writer::OneWriter;
use sqlx::Pool;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::sync::Arc;

/// A database that has an engine.
pub(crate) trait Driven: Speak {
    fn engine(connections: Connections<Self>) -> Box<dyn Engine>;
}

#[cfg(feature = "postgres")]
impl Driven for sqlx::Postgres {
    fn engine(connections: Connections<Self>) -> Box<dyn Engine> {
        Box::new(Arc::new(connections))
    }
}

#[cfg(feature = "mysql")]
impl Driven for sqlx::MySql {
    fn engine(connections: Connections<Self>) -> Box<dyn Engine> {
        Box::new(Arc::new(connections))
    }
}

#[cfg(feature = "sqlite")]
impl Driven for sqlx::Sqlite {
    fn engine(connections: Connections<Self>) -> Box<dyn Engine> {
        Box::new(OneWriter::new(connections))
    }
}

/// A pool that an application has already: sqlx's `PgPool`, `MySqlPool` or `SqlitePool`.
#[expect(private_bounds, reason = "what a pool must offer is sqlx's affair")]
pub trait Client: Pooled {}

impl<DB: Driven> Client for Pool<DB> {}

/// What becomes of a pool.
pub(crate) trait Pooled {
    fn into_engine(self, way: Way) -> (Box<dyn Engine>, Words);
}

impl<DB: Driven> Pooled for Pool<DB> {
    fn into_engine(self, way: Way) -> (Box<dyn Engine>, Words) {
        (DB::engine(Connections::new(Source::Shared(self, way))), DB::WORDS)
    }
}
