//! How a connection is made: to the first server that will do, as usual or through a pooler that
//! refuses the usual way.

use crate::config::Way;
use crate::dialect::Dialect;
use crate::error::{Fault, Refusal};
use session_core::store::{Lost, Timeouts};
use sqlx::{ConnectOptions as _, Database};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::time::timeout;

pub(crate) type Options<DB> = <<DB as Database>::Connection as sqlx::Connection>::Options;

/// Which of several servers will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "only PostgreSQL's URLs ask for one")
)]
pub(crate) enum Wanted {
    Any,
    /// One that lets sessions be written, as the primary of a cluster with standbys does.
    Writer,
}

/// Where a server is, and what it is told first.
pub(crate) struct Place<DB: Database> {
    pub(crate) usual: Options<DB>,
    /// With nothing in them that a pooler would have to keep apart for each client.
    pub(crate) through_pooler: Options<DB>,
}

pub(crate) struct Entrance<DB: Database> {
    places: Vec<Place<DB>>,
    /// The one that did last is tried first.
    last: AtomicUsize,
    wanted: Wanted,
    has_pooler: AtomicBool,
}

impl<DB: Dialect> Entrance<DB> {
    /// There is a pooler where `way` is plain, or where one refuses the usual options.
    pub(crate) fn new(places: Vec<Place<DB>>, wanted: Wanted, way: Way) -> Self {
        let has_pooler = AtomicBool::new(way == Way::Plain);
        Self { places, last: AtomicUsize::new(0), wanted, has_pooler }
    }

    /// Makes a connection; each server has the time to connect for itself.
    pub(crate) async fn connect(&self, timeouts: Timeouts) -> Result<DB::Connection, Fault> {
        let mut outcome = Err(Lost::Unsent.into());
        let last = self.last.load(Ordering::Relaxed);
        for nth in 0..self.places.len() {
            let at = (last + nth) % self.places.len();
            outcome = match timeout(timeouts.connect(), self.enter(at, timeouts)).await {
                Ok(entered) => entered,
                Err(_) => Err(Lost::Unsent.into()),
            };
            if outcome.is_ok() {
                self.last.store(at, Ordering::Relaxed);
                break;
            }
        }
        outcome
    }

    async fn enter(&self, at: usize, timeouts: Timeouts) -> Result<DB::Connection, Fault> {
        let place = &self.places[at];
        let dialled = self.dial(place).await;
        let mut connection = dialled.map_err(|error| DB::unopened(error, &place.usual))?;
        let told = DB::prepare(&mut connection, timeouts.operation());
        told.await.map_err(DB::unreached)?;
        if self.wanted == Wanted::Writer {
            let is_writer = DB::is_writer(&mut connection).await.map_err(DB::unreached)?;
            if !is_writer {
                return Err(Fault::turned_away(Refusal::ReadOnly));
            }
        }
        Ok(connection)
    }

    async fn dial(&self, place: &Place<DB>) -> sqlx::Result<DB::Connection> {
        if self.way() == Way::Prepared {
            match place.usual.connect().await {
                Err(error) if DB::is_pooler(&error) => {
                    self.has_pooler.store(true, Ordering::Relaxed);
                }
                made => return made,
            }
        }
        place.through_pooler.connect().await
    }
}

impl<DB: Database> Entrance<DB> {
    pub(crate) fn way(&self) -> Way {
        if self.has_pooler.load(Ordering::Relaxed) { Way::Plain } else { Way::Prepared }
    }
}
