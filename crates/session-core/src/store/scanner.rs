//! All pages of a scan, as large as their records allow.

use super::{Cursor, Page, Store};
use crate::error::Result;
use std::num::NonZeroUsize;

/// How many bytes of records a page should hold.
const PAGE_BYTES: usize = 1 << 20;
const FIRST_PAGE: NonZeroUsize = NonZeroUsize::new(32).unwrap();
const LARGEST_PAGE: usize = 1_000;

/// Reads a store page by page, with no more than about a megabyte of it in memory.
///
/// The first page asks for 32 records, each later one for as many as fill a megabyte if they are
/// as large as those before, at most 1,000.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::time::Duration;
/// use web_session::store::Scanner;
/// use web_session::{Bytes, Lease, MemoryStore, Precondition, Store, StoreKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> session_core::Result<()> {
/// let store = MemoryStore::new();
/// let lease = Lease { ttl: Duration::from_secs(60), owner: None };
/// for name in ["a", "b"] {
///     let key = StoreKey::new("session:", name);
///     let _ = store.write(&key, Bytes::from("data"), &lease, Precondition::Absent).await?;
/// }
///
/// let mut scanner = Scanner::new(&store, "session:");
/// let mut count = 0;
/// while let Some(page) = scanner.next_page().await? {
///     count += page.records.len();
///     // Kept in a file, this is where another process goes on.
///     let _place = scanner.place();
/// }
/// assert_eq!(count, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Scanner<'a> {
    store: &'a dyn Store,
    prefix: &'a str,
    place: Place,
    most: NonZeroUsize,
}

#[derive(Debug)]
enum Place {
    Start,
    After(Cursor),
    End,
}

impl<'a> Scanner<'a> {
    /// Begins with the first page of what lives under `prefix`.
    pub fn new(store: &'a dyn Store, prefix: &'a str) -> Self {
        Self { store, prefix, place: Place::Start, most: FIRST_PAGE }
    }

    /// Goes on where another scanner of the same store and prefix stood.
    #[must_use]
    pub fn after(mut self, place: Cursor) -> Self {
        self.place = Place::After(place);
        self
    }

    /// Where the next page begins: `None` before the first page, and after the last.
    pub fn place(&self) -> Option<&Cursor> {
        match &self.place {
            Place::After(cursor) => Some(cursor),
            Place::Start | Place::End => None,
        }
    }

    /// The next page, which may be empty; `None` after the last.
    ///
    /// # Errors
    ///
    /// Those of [`Store::scan`]. The same page may be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Page>> {
        let after = match &self.place {
            Place::Start => None,
            Place::After(cursor) => Some(cursor),
            Place::End => return Ok(None),
        };
        let page = self.store.scan(self.prefix, after, self.most).await?;
        self.most = next_size(self.most, &page);
        self.place = page.next.clone().map_or(Place::End, Place::After);
        Ok(Some(page))
    }
}

/// Grows fourfold at most, for the records so far may be the small ones.
fn next_size(most: NonZeroUsize, page: &Page) -> NonZeroUsize {
    let bytes: usize =
        page.records.iter().map(|(key, record)| key.as_bytes().len() + record.payload.len()).sum();
    let records = page.records.len();
    let fitting = PAGE_BYTES.saturating_mul(records).checked_div(bytes).unwrap_or(most.get());
    let size = fitting.min(most.get().saturating_mul(4)).min(LARGEST_PAGE);
    NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::{Page, next_size};
    use crate::store::{Record, StoreKey};
    use bytes::Bytes;
    use std::num::NonZeroUsize;
    use std::time::Duration;

    #[test]
    fn pages_are_as_large_as_their_records_allow() {
        for (most, records, each, next) in [
            (32, 32, 500, 128),
            (128, 128, 500, 512),
            (512, 512, 500, 1_000),
            (1_000, 1_000, 1 << 20, 1),
            (32, 10, 64 << 10, 15),
            (32, 1, 4 << 20, 1),
            (32, 0, 0, 32),
        ] {
            let record =
                Record { payload: Bytes::from(vec![0; each]), cas: 0, ttl: Duration::from_secs(1) };
            let records = vec![(StoreKey::new("", "k"), record); records];
            let page = Page { records, ..Page::default() };
            let size = next_size(NonZeroUsize::new(most).unwrap(), &page);
            assert_eq!(size.get(), next, "{most} of {each} bytes");
        }
    }
}
