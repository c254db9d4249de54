//! The table: what it must be like, and making what is missing.

use crate::client::Client;
use crate::config::STORE;
use crate::error::Fault;
use crate::layout::{Layout, OWNER_INDEX};
use crate::repeat::Request;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, IndexStatus, KeySchemaElement, KeyType, Projection, ProjectionType,
    ProvisionedThroughput, ScalarAttributeType, TableDescription, TableStatus,
    TimeToLiveDescription, TimeToLiveSpecification, TimeToLiveStatus,
};
use session_core::store::{Call, Failure, Lost};
use session_core::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A table takes seconds, and an index of one with items takes its time.
const INIT_TIMEOUT: Duration = Duration::from_secs(120);
/// Of one request about the table; these are slower than those about items.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What to do about a table that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Create,
    AddIndex,
    Wait,
    Done,
}

impl Client {
    /// Makes what is missing, and waits until it can be used.
    pub(crate) async fn init(&self) -> Result<()> {
        let deadline = Instant::now() + INIT_TIMEOUT;
        let mut pause = SHORTEST_PAUSE;
        loop {
            let table = self.inspect(Call::Inspect, step_deadline()).await?;
            let result = match step(table.as_ref(), &self.layout)? {
                Step::Create => self.create_table().await,
                Step::AddIndex => self.add_index(table.as_ref()).await,
                Step::Wait => Ok(()),
                Step::Done => break,
            };
            match result {
                Err(fault) if !is_passing(&fault) => return Err(self.explain(fault, Call::Init)),
                _ if Instant::now() + pause > deadline => {
                    let what = "the table or its index is still being made; call `init` again";
                    return Err(Call::Init.failed(STORE, Failure::Later(what)));
                }
                _ => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.enable_ttl().await
    }

    /// The requests that [`init`](Self::init) would make now.
    pub(crate) async fn missing(&self) -> Result<Vec<String>> {
        let found = self.inspect(Call::Inspect, step_deadline()).await?;
        self.missing_of(found.as_ref()).await
    }

    /// The same of a table that was looked at.
    pub(crate) async fn missing_of(&self, found: Option<&TableDescription>) -> Result<Vec<String>> {
        let Layout { table, key, owner, expiry, .. } = &self.layout;
        let index = format!("index {OWNER_INDEX} with hash key {owner} (S), keys only");
        let mut requests = Vec::new();
        match step(found, &self.layout)? {
            Step::Create => {
                let index = self.layout.owner().map(|_| format!(", {index}")).unwrap_or_default();
                requests.push(format!(
                    "CreateTable {table}: hash key {key} (S), billed per request{index}"
                ));
            }
            Step::AddIndex => requests.push(format!("UpdateTable {table}: {index}")),
            Step::Wait | Step::Done => {}
        }
        let is_expiring = match found {
            None => false,
            Some(_) => match self.ttl().await {
                Ok(ttl) => is_on(ttl.as_ref(), expiry)?,
                Err(Fault::Denied) => true,
                Err(fault) => return Err(fault.into_error(Call::Inspect)),
            },
        };
        if !is_expiring {
            requests.push(format!("UpdateTimeToLive {table}: attribute {expiry}"));
        }
        Ok(requests)
    }

    /// Looks at the table, and refuses one whose key is not ours; `None` if there is none.
    pub(crate) async fn inspect(
        &self,
        call: Call,
        deadline: Instant,
    ) -> Result<Option<TableDescription>> {
        let Layout { table, key, .. } = &self.layout;
        let request = self.dynamodb.describe_table().table_name(table);
        let describe = || self.ask(deadline, request.clone().send());
        let table = match Request::Read.persist(deadline, describe).await {
            Ok(answer) => answer.table,
            Err(Fault::NoTable) => None,
            Err(fault) => return Err(self.explain(fault, call)),
        };
        match table {
            Some(table) if !(is_hash_key(table.key_schema(), key) && is_text(&table, key)) => {
                Err(refuse(
                    "the table has another key; expected a text as hash key and no sort key: name \
                     it in SESSION_DYNAMODB_KEY_ATTRIBUTE or use another table",
                ))
            }
            table => Ok(table),
        }
    }

    async fn create_table(&self) -> Result<(), Fault> {
        let Layout { table, key, .. } = &self.layout;
        let mut request = self
            .dynamodb
            .create_table()
            .table_name(table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(text_attribute(key)?)
            .key_schema(hash_key(key)?);
        if let Some(owner) = self.layout.owner() {
            let index = GlobalSecondaryIndex::builder()
                .index_name(OWNER_INDEX)
                .key_schema(hash_key(owner)?)
                .projection(keys_only());
            request = request
                .attribute_definitions(text_attribute(owner)?)
                .global_secondary_indexes(index.build().map_err(|_| Fault::Unbuilt)?);
        }
        self.ask(step_deadline(), request.send()).await.map(drop)
    }

    async fn add_index(&self, made: Option<&TableDescription>) -> Result<(), Fault> {
        let Layout { table, key, owner, .. } = &self.layout;
        let index = CreateGlobalSecondaryIndexAction::builder()
            .index_name(OWNER_INDEX)
            .key_schema(hash_key(owner)?)
            .projection(keys_only())
            .set_provisioned_throughput(made.and_then(provisioned))
            .build()
            .map_err(|_| Fault::Unbuilt)?;
        let request = self
            .dynamodb
            .update_table()
            .table_name(table)
            .attribute_definitions(text_attribute(key)?)
            .attribute_definitions(text_attribute(owner)?)
            .global_secondary_index_updates(
                GlobalSecondaryIndexUpdate::builder().create(index).build(),
            );
        self.ask(step_deadline(), request.send()).await.map(drop)
    }

    /// Turns the TTL on unless it is: asking for it twice is an error of the server.
    async fn enable_ttl(&self) -> Result<()> {
        match self.ttl().await {
            Ok(ttl) if is_on(ttl.as_ref(), &self.layout.expiry)? => return Ok(()),
            Err(Fault::Denied) => return Ok(()),
            answer => answer.map_err(|fault| fault.into_error(Call::Inspect))?,
        };
        let specification = TimeToLiveSpecification::builder()
            .enabled(true)
            .attribute_name(&self.layout.expiry)
            .build()
            .map_err(|_| Fault::Unbuilt.into_error(Call::Init))?;
        let request = self
            .dynamodb
            .update_time_to_live()
            .table_name(&self.layout.table)
            .time_to_live_specification(specification);
        let deadline = step_deadline();
        let update = || self.ask(deadline, request.clone().send());
        let Err(fault) = Request::Write.persist(deadline, update).await else { return Ok(()) };
        // Another process was first.
        match self.ttl().await {
            Ok(ttl) if is_on(ttl.as_ref(), &self.layout.expiry)? => Ok(()),
            _ if matches!(fault, Fault::Invalid) => Err(Call::Init.failed(
                STORE,
                Failure::Later(
                    "the server does not turn the table's TTL on: it was changed within the last \
                     hour, or is being turned off; call `init` again later",
                ),
            )),
            _ => Err(self.explain(fault, Call::Init)),
        }
    }

    async fn ttl(&self) -> Result<Option<TimeToLiveDescription>, Fault> {
        let request = self.dynamodb.describe_time_to_live().table_name(&self.layout.table);
        let deadline = step_deadline();
        let describe = || self.ask(deadline, request.clone().send());
        Ok(Request::Read.persist(deadline, describe).await?.time_to_live_description)
    }
}

/// What is missing, the table's key having been checked.
fn step(table: Option<&TableDescription>, layout: &Layout) -> Result<Step> {
    let Some(table) = table else { return Ok(Step::Create) };
    // An index can be asked of a table only once it is active.
    if table.table_status() != Some(&TableStatus::Active) {
        return Ok(Step::Wait);
    }
    let Some(owner) = layout.owner() else { return Ok(Step::Done) };
    let indexes = table.global_secondary_indexes();
    let Some(index) = indexes.iter().find(|index| index.index_name() == Some(OWNER_INDEX)) else {
        return Ok(Step::AddIndex);
    };
    if !(is_hash_key(index.key_schema(), owner) && is_text(table, owner)) {
        return Err(refuse(
            "the index `owner-index` has another key; expected the owner's attribute, a text, as \
             hash key and no sort key",
        ));
    }
    Ok(if index.index_status() == Some(&IndexStatus::Active) { Step::Done } else { Step::Wait })
}

/// Whether the TTL is on for `attribute`; for another one it is an error.
fn is_on(ttl: Option<&TimeToLiveDescription>, attribute: &str) -> Result<bool> {
    let status = ttl.and_then(|ttl| ttl.time_to_live_status());
    if !matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(false);
    }
    if ttl.and_then(|ttl| ttl.attribute_name()) == Some(attribute) {
        return Ok(true);
    }
    Err(refuse(
        "the table's TTL is on for another attribute; name it in \
         SESSION_DYNAMODB_EXPIRY_ATTRIBUTE or turn it off",
    ))
}

/// The next look at the table says what came of it.
fn is_passing(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::InUse
            | Fault::NoTable
            | Fault::Throttled
            | Fault::Lost(Lost::Broken | Lost::Silent, _)
    )
}

fn is_hash_key(schema: &[KeySchemaElement], name: &str) -> bool {
    matches!(schema, [key] if key.attribute_name() == name && *key.key_type() == KeyType::Hash)
}

fn is_text(table: &TableDescription, name: &str) -> bool {
    table.attribute_definitions().iter().any(|attribute| {
        attribute.attribute_name() == name && *attribute.attribute_type() == ScalarAttributeType::S
    })
}

fn text_attribute(name: &str) -> Result<AttributeDefinition, Fault> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(|_| Fault::Unbuilt)
}

fn hash_key(name: &str) -> Result<KeySchemaElement, Fault> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(KeyType::Hash)
        .build()
        .map_err(|_| Fault::Unbuilt)
}

/// What the table itself has, for an index of a table that is not billed per request.
fn provisioned(table: &TableDescription) -> Option<ProvisionedThroughput> {
    let own = table.provisioned_throughput()?;
    let (reads, writes) = (own.read_capacity_units()?, own.write_capacity_units()?);
    let units = ProvisionedThroughput::builder();
    let units = units.read_capacity_units(reads).write_capacity_units(writes).build();
    units.ok().filter(|_| reads > 0 && writes > 0)
}

/// Renewing a record then costs nothing in the index.
fn keys_only() -> Projection {
    Projection::builder().projection_type(ProjectionType::KeysOnly).build()
}

fn refuse(what: &'static str) -> Error {
    Call::Init.failed(STORE, Failure::Final(ErrorKind::Config, what))
}

fn step_deadline() -> Instant {
    Instant::now() + STEP_TIMEOUT
}
