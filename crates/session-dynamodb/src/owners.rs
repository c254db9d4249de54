//! An owner's records: found by an index that lags behind, believed by the table.

use crate::client::Client;
use crate::error::Fault;
use crate::item::{self, Item};
use crate::layout::OWNER_INDEX;
use crate::repeat::Request;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use session_core::StoreKey;
use session_core::store::unix_time;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// As many as are read at once.
const PAGE: i32 = 100;
/// Before asking again for what the server left out for want of capacity.
const PAUSE: Duration = Duration::from_millis(20);

impl Client {
    /// Lists the live records whose `attribute` is `owner`, a page in the time of a call.
    pub(crate) async fn list(&self, attribute: &str, owner: &str) -> Result<Vec<StoreKey>, Fault> {
        let owner = item::text(owner);
        let (mut keys, mut start) = (Vec::new(), None);
        loop {
            let deadline = self.deadline();
            let (found, next) = self.page(attribute, &owner, start, deadline).await?;
            let items = self.read(attribute, found, deadline).await?;
            let now = unix_time();
            for item in items {
                let is_theirs = item.get(attribute) == Some(&owner);
                if let Some(AttributeValue::S(key)) = item.get(&self.layout.key)
                    && is_theirs
                    && item::left(&item, &self.layout, now)?.is_some()
                {
                    keys.push(StoreKey::new("", key));
                }
            }
            if next.is_none() {
                break;
            }
            start = next;
        }
        // An item that changed owners twice meanwhile is on two pages.
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// Asks the index for a page of keys, and where the next one starts.
    async fn page(
        &self,
        attribute: &str,
        owner: &AttributeValue,
        start: Option<Item>,
        deadline: Instant,
    ) -> Result<(Vec<Item>, Option<Item>), Fault> {
        let request = self
            .dynamodb
            .query()
            .table_name(&self.layout.table)
            .index_name(OWNER_INDEX)
            .key_condition_expression("#o = :owner")
            .projection_expression("#k")
            .expression_attribute_names("#o", attribute)
            .expression_attribute_names("#k", &self.layout.key)
            .expression_attribute_values(":owner", owner.clone())
            .limit(PAGE)
            .set_exclusive_start_key(start);
        let query = || self.ask(deadline, request.clone().send());
        let answer = Request::Read.persist(deadline, query).await?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Reads the records under `keys` as they are now.
    async fn read(
        &self,
        attribute: &str,
        mut keys: Vec<Item>,
        deadline: Instant,
    ) -> Result<Vec<Item>, Fault> {
        let mut items = Vec::with_capacity(keys.len());
        while !keys.is_empty() {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .projection_expression("#k, #e, #o")
                .expression_attribute_names("#k", &self.layout.key)
                .expression_attribute_names("#e", &self.layout.expiry)
                .expression_attribute_names("#o", attribute)
                .build()
                .map_err(|_| Fault::Unbuilt)?;
            let request = self.dynamodb.batch_get_item().request_items(&self.layout.table, wanted);
            let get = || self.ask(deadline, request.clone().send());
            let answer = Request::Read.persist(deadline, get).await?;
            items.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            let left = answer.unprocessed_keys.into_iter().flatten();
            keys = left.flat_map(|(_, left)| left.keys).collect();
            if !keys.is_empty() {
                if Instant::now() + PAUSE > deadline {
                    return Err(Fault::Throttled);
                }
                sleep(PAUSE).await;
            }
        }
        Ok(items)
    }
}
