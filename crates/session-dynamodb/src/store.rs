//! The store: each call one request, each write one conditional request that is sent once.

mod open;
mod owners;
mod table;

use crate::ask::{Mark, ask};
use crate::config::{MissingExpiry, NAME};
use crate::error::{Fault, Refusal};
use crate::item;
use crate::names::Layout;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use session_core::store::{Call, Lost, Timeouts};
use session_core::{
    Bytes, Capabilities, Lease, Outcome, Precondition, Record, Result, Store, StoreKey, async_trait,
};
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// Sessions in a table of DynamoDB.
///
/// Each call is one HTTP request, and ends within the operation timeout. The crate page has the
/// requests.
pub struct DynamoDbStore {
    client: Client,
    layout: Layout,
    timeouts: Timeouts,
}

impl DynamoDbStore {
    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }

    async fn get(&self, key: &StoreKey, deadline: Instant) -> Result<Option<item::Item>, Fault> {
        let layout = &self.layout;
        let request = self
            .client
            .get_item()
            .table_name(&layout.table)
            .key(&layout.key, text(key))
            .consistent_read(true)
            .projection_expression("#v, #e")
            .expression_attribute_names("#v", &layout.value)
            .expression_attribute_names("#e", &layout.expiry);
        let answer =
            ask(deadline, |mark: Mark| request.customize().interceptor(mark).send()).await?;
        Ok(answer.item)
    }

    async fn create(&self, key: &StoreKey, payload: &[u8], lease: &Lease<'_>) -> Result<(), Fault> {
        let (layout, now) = (&self.layout, item::now());
        let mut request = self
            .client
            .put_item()
            .table_name(&layout.table)
            .item(&layout.key, text(key))
            .item(&layout.value, item::binary(payload))
            .item(&layout.expiry, item::end(lease, now))
            .condition_expression(self.is_free())
            .expression_attribute_names("#e", &layout.expiry)
            .expression_attribute_values(":now", item::moment(now));
        if layout.missing_expiry == MissingExpiry::Live {
            request = request.expression_attribute_names("#k", &layout.key);
        }
        if let (Some(attribute), Some(owner)) = (&layout.owner, lease.owner) {
            request = request.item(attribute, AttributeValue::S(owner.to_owned()));
        }
        ask(self.deadline(), |mark: Mark| request.customize().interceptor(mark).send()).await?;
        Ok(())
    }

    /// Renews the lease of `loaded`, with a new payload if there is one.
    async fn update(
        &self,
        key: &StoreKey,
        payload: Option<&[u8]>,
        lease: &Lease<'_>,
        loaded: &Record,
    ) -> Result<(), Fault> {
        let (layout, now) = (&self.layout, item::now());
        let mut request = self
            .client
            .update_item()
            .table_name(&layout.table)
            .key(&layout.key, text(key))
            .condition_expression(format!("#v = :old AND {}", self.is_live()))
            .expression_attribute_names("#v", &layout.value)
            .expression_attribute_names("#e", &layout.expiry)
            .expression_attribute_values(":old", item::stored(loaded))
            .expression_attribute_values(":end", item::end(lease, now))
            .expression_attribute_values(":now", item::moment(now));
        let mut change = String::from("SET #e = :end");
        if let Some(payload) = payload {
            change.push_str(", #v = :new");
            request = request.expression_attribute_values(":new", item::binary(payload));
        }
        if let Some(attribute) = &layout.owner {
            request = request.expression_attribute_names("#o", attribute);
            if let Some(owner) = lease.owner {
                change.push_str(", #o = :owner");
                let owner = AttributeValue::S(owner.to_owned());
                request = request.expression_attribute_values(":owner", owner);
            } else {
                change.push_str(" REMOVE #o");
            }
        }
        let request = request.update_expression(change);
        ask(self.deadline(), |mark: Mark| request.customize().interceptor(mark).send()).await?;
        Ok(())
    }

    async fn remove(&self, key: &StoreKey, expected: Option<&Record>) -> Result<(), Fault> {
        let layout = &self.layout;
        let request = self
            .client
            .delete_item()
            .table_name(&layout.table)
            .key(&layout.key, text(key))
            .expression_attribute_names("#e", &layout.expiry)
            .expression_attribute_values(":now", item::moment(item::now()));
        let request = match expected {
            Some(loaded) => request
                .condition_expression(format!("#v = :old AND {}", self.is_live()))
                .expression_attribute_names("#v", &layout.value)
                .expression_attribute_values(":old", item::stored(loaded)),
            None => request
                .condition_expression(format!("attribute_exists(#k) AND {}", self.is_live()))
                .expression_attribute_names("#k", &layout.key),
        };
        ask(self.deadline(), |mark: Mark| request.customize().interceptor(mark).send()).await?;
        Ok(())
    }

    /// Holds of an item that is not expired, by the clock of this machine.
    fn is_live(&self) -> &'static str {
        match self.layout.missing_expiry {
            MissingExpiry::Expired => "#e > :now",
            MissingExpiry::Live => "(attribute_not_exists(#e) OR #e > :now)",
        }
    }

    /// Holds of an item that is missing or expired.
    fn is_free(&self) -> &'static str {
        match self.layout.missing_expiry {
            // Of an item that is missing, every attribute is.
            MissingExpiry::Expired => "attribute_not_exists(#e) OR #e <= :now",
            MissingExpiry::Live => "attribute_not_exists(#k) OR #e <= :now",
        }
    }

    fn check(&self, call: Call, key: &StoreKey, payload: &[u8], owner: Option<&str>) -> Result<()> {
        item::check_lengths(call, &self.layout, key.as_bytes(), payload, owner)
    }
}

#[async_trait]
impl Store for DynamoDbStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: NAME,
            owner_index: self.layout.owner.is_some(),
            needs_sweep: false,
            max_payload: Some(item::max_payload(&self.layout)),
            max_key: Some(item::MAX_KEY),
            ttl_resolution: Duration::from_secs(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        self.check(Call::Load, key, &[], None)?;
        let deadline = self.deadline();
        let found = match self.get(key, deadline).await {
            // The first request on a connection that was closed meanwhile finds that out.
            Err(Fault::Lost(Lost::Broken, _)) => self.get(key, deadline).await,
            found => found,
        };
        match found.map_err(|fault| fault.into_error(Call::Load))? {
            Some(item) => item::record(item, &self.layout, item::now()),
            None => Ok(None),
        }
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        match when {
            Precondition::Absent => {
                self.check(Call::Create, key, &payload, lease.owner)?;
                outcome(Call::Create, 0, self.create(key, &payload, lease).await)
            }
            Precondition::Unchanged(loaded) => {
                self.check(Call::Update, key, &payload, lease.owner)?;
                let updated = self.update(key, Some(&payload), lease, loaded).await;
                outcome(Call::Update, 0, updated)
            }
        }
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        self.check(Call::Touch, key, &[], lease.owner)?;
        outcome(Call::Touch, loaded.cas, self.update(key, None, lease, loaded).await)
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        self.check(Call::Delete, key, &[], None)?;
        let removed = outcome(Call::Delete, 0, self.remove(key, expected).await)?;
        Ok(removed != Outcome::Refused)
    }

    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>> {
        self.list(owner).await
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }
}

impl fmt::Debug for DynamoDbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbStore")
            .field("layout", &self.layout)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

fn text(key: &StoreKey) -> AttributeValue {
    AttributeValue::S(key.as_str().to_owned())
}

fn outcome(call: Call, cas: u64, answer: Result<(), Fault>) -> Result<Outcome> {
    match answer {
        Ok(()) => Ok(Outcome::Written { cas }),
        Err(Fault::Refused(Refusal::Condition)) => Ok(Outcome::Refused),
        Err(fault) => Err(fault.into_error(call)),
    }
}
