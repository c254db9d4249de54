//! A page of all sessions: the documents after a key, in the order of keys.

use crate::answer;
use crate::command::{Commands, Now};
use crate::order::Order;
use mongodb::bson::{Bson, Document, doc};
use session_core::StoreKey;
use session_core::store::{Cursor, Page, prefix_end};
use std::num::NonZeroUsize;

impl Commands {
    /// `most` documents under `prefix`, after `after` if that is given; expired ones among them, so
    /// that the server reads no more than that.
    pub(crate) fn scan(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        most: NonZeroUsize,
        order: Order,
    ) -> Document {
        let mut keys = match after.filter(|after| after.as_str() >= prefix) {
            Some(after) => doc! { "$gt": after.as_str() },
            None => doc! { "$gte": prefix },
        };
        keys.extend(prefix_end(prefix).map(|end| ("$lt".to_owned(), Bson::String(end))));
        let most = i32::try_from(most.get()).unwrap_or(i32::MAX);
        self.reading(order.say(doc! {
            "find": &self.collection,
            "filter": { "id": keys },
            "projection": { "_id": 0, "id": 1, "val": 1, "expiration": 1 },
            "sort": { "id": 1 },
            "limit": most,
            "batchSize": most,
        }))
    }
}

/// Reads what [`Commands::scan`] found: documents that have expired,
/// or are of a form that `load` refuses, are left out.
pub(crate) fn page(found: Vec<Document>, now: Now, most: NonZeroUsize) -> Page {
    let last = found.iter().rev().find_map(|document| document.get_str("id").ok());
    let next = last.filter(|_| found.len() >= most.get()).map(Cursor::after_key);
    let live = |document: Document| {
        let key = StoreKey::new("", document.get_str("id").ok()?);
        let end = document.get_datetime("expiration").ok()?.timestamp_millis();
        let record = answer::session(document, now).ok()??;
        (end > now.ms()).then_some((key, record))
    };
    Page { records: found.into_iter().filter_map(live).collect(), next, ..Page::default() }
}
