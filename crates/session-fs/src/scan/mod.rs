//! Reading all records, page by page, in the order of their files' names.
//!
//! A directory has no order, so one walk over it finds the next names, as many as are worth keeping,
//! and later pages of the same scan are read from those.

mod place;
mod read;
mod select;

pub(crate) use place::Place;

use crate::client::Client;
use crate::disk::dir::Dir;
use crate::error::Fault;
use read::Reading;
use select::{Selecting, Selection};
use session_core::store::Page;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Reads pages, and keeps the names that the next ones will need.
pub(crate) struct Scans {
    client: Arc<Client>,
    /// Those of the scan that was asked for last.
    selection: Mutex<Option<Arc<Selection>>>,
}

impl Scans {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client, selection: Mutex::default() }
    }

    /// Reads the page after `place`.
    pub(crate) async fn page(
        &self,
        prefix: &str,
        place: Place,
        most: NonZeroUsize,
    ) -> Result<Page, Fault> {
        let selection = self.selection(&place).await?;
        let rest = selection.after(&place);
        let names = rest.iter().take(most.get()).cloned().collect::<Vec<_>>();
        let is_last = selection.is_last && names.len() == rest.len();
        let last = names.last().cloned().filter(|_| !is_last);
        let (prefix, hash) = (prefix.to_owned(), self.client.hash);
        let begin = move |dir: &Dir| Reading::begin(dir, names, prefix, hash);
        let limit = self.client.operation_timeout;
        let reading = self.client.batches(limit, begin, Reading::look).await?;
        if let Some(fault) = &reading.fault {
            tracing::warn!(?fault, files = reading.failed, "scan the session directory: passed by");
        }
        if last.is_none() {
            *self.kept() = None;
        }
        Ok(Page { next: last.map(|last| place.after(last).cursor()), ..reading.page })
    }

    async fn selection(&self, place: &Place) -> Result<Arc<Selection>, Fault> {
        let kept = self.kept().clone();
        if let Some(kept) = kept.filter(|kept| kept.has_next_of(place)) {
            return Ok(kept);
        }
        let after = place.clone();
        let begin = move |dir: &Dir| Selecting::begin(dir, after);
        let limit = self.client.operation_timeout;
        let selecting = self.client.batches(limit, begin, Selecting::look).await?;
        let selection = Arc::new(selecting.end());
        *self.kept() = Some(selection.clone());
        Ok(selection)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Arc<Selection>>> {
        self.selection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
