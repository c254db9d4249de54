//! How the broken store lists its records.

use super::store::BrokenStore;
use super::table::Defect;
use session_core::store::{Cursor, Page};
use session_core::{Error, ErrorKind, Record, Result, Store, StoreKey};
use std::num::NonZeroUsize;

const MANY: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

impl BrokenStore {
    pub(crate) async fn read(
        &self,
        prefix: &str,
        after: Option<&Cursor>,
        most: NonZeroUsize,
    ) -> Result<Page> {
        let mut page = match self.defect {
            Defect::ScansNothingWithoutAList => return Ok(Page::default()),
            Defect::ScanCountsRecords => return self.numbered(prefix, after, most).await,
            Defect::ScansForAPattern => {
                self.inner.scan(&prefix[..prefix.len() - 1], after, most).await?
            }
            Defect::ScansEverything => self.inner.scan("", after, most).await?,
            Defect::ScanPagesAreEndless => self.inner.scan(prefix, after, MANY).await?,
            _ => match self.inner.scan(prefix, after, most).await {
                Err(_) if self.defect == Defect::DamagedCursorIsAnOutage => {
                    return Err(Error::new(ErrorKind::Unavailable, "read a damaged cursor"));
                }
                page => page?,
            },
        };
        match self.defect {
            Defect::ScansOnePage => page.next = None,
            Defect::ScanBlanksPayloads => {
                page.records.iter_mut().for_each(|(_, record)| record.payload.clear());
            }
            Defect::ScansTwice => {
                page.records.extend(page.records.last().cloned());
            }
            Defect::ScansExpired if page.next.is_none() => {
                let past = self.past_keys().into_iter().filter_map(|key| self.expired(prefix, key));
                let past: Vec<_> = past.collect();
                for (key, record) in past {
                    if self.inner.load(&key).await?.is_none() {
                        page.records.push((key, record));
                    }
                }
            }
            _ => {}
        }
        Ok(page)
    }

    fn expired(&self, prefix: &str, key: StoreKey) -> Option<(StoreKey, Record)> {
        let past = self.past(&key).filter(|_| key.as_str().starts_with(prefix))?;
        Some((key, Record { payload: past.payload, cas: 0, ttl: past.ttl }))
    }

    /// Pages by number: whatever is deleted before one moves others out of it.
    async fn numbered(
        &self,
        prefix: &str,
        after: Option<&Cursor>,
        most: NonZeroUsize,
    ) -> Result<Page> {
        let place = after.map_or(Ok(0), |cursor| cursor.as_str().parse::<usize>());
        let place = place.map_err(|_| Cursor::unknown("broken"))?;
        let all = self.inner.scan(prefix, None, MANY).await?.records;
        let end = place.saturating_add(most.get());
        let next = (end < all.len()).then(|| Cursor::new(end.to_string()));
        let records = all.into_iter().skip(place).take(most.get()).collect();
        tokio::task::yield_now().await;
        Ok(Page { records, next, ..Page::default() })
    }
}
