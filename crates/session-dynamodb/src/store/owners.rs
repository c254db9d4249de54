//! An owner's records: found by the index, believed by the table.

use super::DynamoDbStore;
use crate::ask::{Mark, ask};
use crate::config::NAME;
use crate::error::{Fault, Refusal};
use crate::item::{self, EMPTY_OWNER, Item, MAX_KEY};
use crate::names::OWNER_INDEX;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use session_core::store::{Call, no_owner_index};
use session_core::{ErrorKind, Result, StoreKey};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// As many as are read at once.
const PAGE: i32 = 100;
/// Before asking again for what the server left out for want of capacity.
const PAUSE: Duration = Duration::from_millis(20);

impl DynamoDbStore {
    pub(super) async fn list(&self, owner: &str) -> Result<Vec<StoreKey>> {
        let Some(attribute) = &self.layout.owner else {
            return Err(no_owner_index(NAME, "set SESSION_OWNER_INDEX=true"));
        };
        if owner.is_empty() {
            return Err(Call::List.error(NAME, ErrorKind::Unsupported, EMPTY_OWNER));
        }
        if owner.len() > MAX_KEY {
            return Ok(Vec::new());
        }
        let owner = AttributeValue::S(owner.to_owned());
        let (mut keys, mut start) = (Vec::new(), None);
        loop {
            let deadline = self.deadline();
            let page = self.page(attribute, &owner, start, deadline).await;
            let (found, next) = page.map_err(|fault| fault.into_error(Call::List))?;
            let items = self.read(attribute, found, deadline).await;
            let items = items.map_err(|fault| fault.into_error(Call::List))?;
            let now = item::now();
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
            .client
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
        let answer =
            ask(deadline, |mark: Mark| request.customize().interceptor(mark).send()).await?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Reads the records under `keys` as they are now: the index lags behind the table.
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
            let request = self.client.batch_get_item().request_items(&self.layout.table, wanted);
            let answer =
                ask(deadline, |mark: Mark| request.customize().interceptor(mark).send()).await?;
            items.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            let left = answer.unprocessed_keys.into_iter().flatten();
            keys = left.flat_map(|(_, left)| left.keys).collect();
            if !keys.is_empty() {
                if Instant::now() + PAUSE > deadline {
                    return Err(Fault::Refused(Refusal::Throttled));
                }
                sleep(PAUSE).await;
            }
        }
        Ok(items)
    }
}
