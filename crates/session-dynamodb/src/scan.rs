//! A page of all sessions: so many items of the table, in the order of their hashes.

use crate::client::Client;
use crate::error::Fault;
use crate::item::{self, Item};
use crate::repeat::Request;
use aws_sdk_dynamodb::types::AttributeValue;
use session_core::store::{Cursor, Page, reread, unix_time};
use session_core::{Record, StoreKey};
use std::num::NonZeroUsize;
use std::time::Duration;

impl Client {
    /// Reads `most` items after `after`, whether or not they live and are under `prefix`; fewer
    /// where they are a megabyte together.
    pub(crate) async fn scan(
        &self,
        prefix: &str,
        after: Option<&StoreKey>,
        most: NonZeroUsize,
    ) -> Result<Page, Fault> {
        let (layout, deadline, now) = (&self.layout, self.deadline(), unix_time());
        let start =
            after.map(|after| Item::from([(layout.key.clone(), item::text(after.as_str()))]));
        let is_live = layout.is_live();
        // An empty text begins nothing there.
        let (filter, prefix) = match prefix {
            "" => (is_live.to_owned(), None),
            prefix => (format!("begins_with(#k, :prefix) AND {is_live}"), Some(prefix)),
        };
        let mut values = Item::from([(":now".to_owned(), item::moment(now))]);
        values.extend(prefix.map(|prefix| (":prefix".to_owned(), item::text(prefix))));
        let request = self
            .dynamodb
            .scan()
            .table_name(&layout.table)
            .consistent_read(true)
            .limit(i32::try_from(most.get()).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .filter_expression(filter)
            .projection_expression("#k, #v, #e")
            .expression_attribute_names("#k", &layout.key)
            .expression_attribute_names("#v", &layout.value)
            .expression_attribute_names("#e", &layout.expiry)
            .set_expression_attribute_values(Some(values));
        let scan = || self.ask(deadline, request.clone().send());
        let answer = Request::Read.persist(deadline, || reread(Fault::is_stale, scan)).await?;
        let found = answer.items.unwrap_or_default().into_iter();
        let records = found.filter_map(|item| self.live(item, now)).collect();
        let next = answer.last_evaluated_key.as_ref().and_then(|last| self.key_of(last));
        let next = next.map(|key| Cursor::after_key(&key));
        Ok(Page { records, next, ..Page::default() })
    }

    /// What `load` would return, and nothing where it would fail.
    fn live(&self, item: Item, now: Duration) -> Option<(StoreKey, Record)> {
        let key = StoreKey::new("", &self.key_of(&item)?);
        Some((key, item::record(item, &self.layout, now).ok()??))
    }

    fn key_of(&self, item: &Item) -> Option<String> {
        match item.get(&self.layout.key) {
            Some(AttributeValue::S(key)) => Some(key.clone()),
            _ => None,
        }
    }
}
