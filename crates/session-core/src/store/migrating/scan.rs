//! Both stores, one after the other.

use super::{MigratingStore, Side};
use crate::error::Result;
use crate::store::slot::Slot;
use crate::store::{Cursor, Page};
use std::num::NonZeroUsize;

impl MigratingStore {
    /// A page of the old store, or, once that is through, of the new one: what moves meanwhile is
    /// listed at least once.
    pub(super) async fn page(
        &self,
        prefix: &str,
        after: Option<&Cursor>,
        most: NonZeroUsize,
    ) -> Result<Page> {
        let (side, after) = place(self, after)?;
        let page = self.at(side).scan(prefix, after.as_ref(), most).await?;
        let mut records = Vec::with_capacity(page.records.len());
        for (key, record) in page.records {
            match Slot::of(Some(&record)) {
                Slot::Session | Slot::Trace => records.push((key, side.record(record))),
                // It counts if the other store has its mark.
                Slot::Claim(_) if side == Side::New => {
                    let found = self.find(&key).await?;
                    records.extend(found.map(|(side, record)| (key, side.record(record))));
                }
                Slot::Claim(_) | Slot::Mark(_) | Slot::Empty => {}
            }
        }
        let next = match (page.next, side) {
            (Some(next), _) => Some(cursor(side, next.as_str())),
            (None, Side::Old) => Some(cursor(Side::New, "")),
            (None, Side::New) => None,
        };
        Ok(Page { records, unnamed: page.unnamed, next })
    }
}

fn cursor(side: Side, place: &str) -> Cursor {
    let side = match side {
        Side::Old => "old",
        Side::New => "new",
    };
    Cursor::new(format!("{side}:{place}"))
}

/// Which store a cursor is of, and where in it: nowhere yet if it is empty.
fn place(store: &MigratingStore, after: Option<&Cursor>) -> Result<(Side, Option<Cursor>)> {
    let Some(after) = after else { return Ok((Side::Old, None)) };
    let place = after.as_str().split_once(':').and_then(|(side, place)| {
        let side = match side {
            "old" => Side::Old,
            "new" => Side::New,
            _ => return None,
        };
        Some((side, Some(place).filter(|place| !place.is_empty()).map(Cursor::new)))
    });
    let name = store.at(Side::Old).capabilities().name;
    place.ok_or_else(|| Cursor::unknown(name))
}
