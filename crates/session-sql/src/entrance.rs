//! How a connection is made, as usual or through a pooler that refuses the usual way.

use crate::config::Way;
use crate::dialect::Dialect;
use sqlx::{ConnectOptions as _, Database};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) type Options<DB> = <<DB as Database>::Connection as sqlx::Connection>::Options;

/// Where the server is, and what it is told first.
pub(crate) struct Entrance<DB: Database> {
    usual: Options<DB>,
    /// With nothing in them that a pooler would have to keep apart for each client.
    through_pooler: Options<DB>,
    has_pooler: AtomicBool,
}

impl<DB: Dialect> Entrance<DB> {
    /// There is a pooler where `way` is plain, or where one refuses the usual options.
    pub(crate) fn new(usual: Options<DB>, through_pooler: Options<DB>, way: Way) -> Self {
        Self { usual, through_pooler, has_pooler: AtomicBool::new(way == Way::Plain) }
    }

    /// Makes a connection on which a call has `operation`.
    pub(crate) async fn connect(&self, operation: Duration) -> sqlx::Result<DB::Connection> {
        let mut connection = self.dial().await?;
        DB::prepare(&mut connection, operation).await?;
        Ok(connection)
    }

    async fn dial(&self) -> sqlx::Result<DB::Connection> {
        if self.way() == Way::Prepared {
            match self.usual.connect().await {
                Err(error) if DB::is_pooler(&error) => {
                    self.has_pooler.store(true, Ordering::Relaxed);
                }
                made => return made,
            }
        }
        self.through_pooler.connect().await
    }
}

impl<DB: Database> Entrance<DB> {
    pub(crate) fn way(&self) -> Way {
        if self.has_pooler.load(Ordering::Relaxed) { Way::Plain } else { Way::Prepared }
    }
}
