//! The commands, as documents; values are only ever values in them.

use crate::client::number;
use crate::error::Fault;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use mongodb::options::{Acknowledgment, ReadConcern, ReadConcernLevel, WriteConcern};
use session_core::{Lease, Record, StoreKey};
use std::time::{Duration, SystemTime};

/// Documents that a sweep removes with one command.
pub(crate) const BATCH: usize = 500;

/// Keys of an owner that arrive with the first answer.
const PAGE: i32 = 10_000;

/// The token of a record that is stored as text: a comparison with bytes would never hold.
const TEXT: u64 = 1;

/// What all commands of a store have in common.
#[derive(Clone, Debug)]
pub(crate) struct Commands {
    collection: String,
    has_owners: bool,
    read_concern: Option<Document>,
    write_concern: Option<Document>,
}

/// What the writing commands of one record set.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) payload: Option<&'a [u8]>,
    pub(crate) lease: &'a Lease<'a>,
    pub(crate) now: Now,
}

impl Commands {
    /// `run_command` does not add the concerns of the client, so they are read here.
    pub(crate) fn new(
        collection: &str,
        has_owners: bool,
        read: Option<&ReadConcern>,
        write: Option<&WriteConcern>,
    ) -> Self {
        Self {
            collection: collection.to_owned(),
            has_owners,
            read_concern: read.map(|read| doc! { "level": level(&read.level) }),
            write_concern: write.map(write_concern).filter(|concern| !concern.is_empty()),
        }
    }

    pub(crate) fn load(&self, key: &StoreKey, now: Now) -> Document {
        self.reading(doc! {
            "find": &self.collection,
            "filter": live(key, now, None),
            "projection": { "_id": 0, "val": 1, "expiration": 1 },
            "limit": 1,
            "singleBatch": true,
            "collation": binary_order(),
        })
    }

    pub(crate) fn create(&self, key: &StoreKey, change: Change<'_>) -> Document {
        let mut document = doc! { "_id": ObjectId::new(), "id": key.as_str() };
        document.extend(change.set(self.has_owners));
        self.writing(doc! { "insert": &self.collection, "documents": [document] })
    }

    pub(crate) fn update(&self, key: &StoreKey, change: Change<'_>, loaded: &Record) -> Document {
        let mut update = doc! { "$set": change.set(self.has_owners) };
        if self.has_owners && change.lease.owner.is_none() {
            update.insert("$unset", doc! { "owner": "" });
        }
        let query = live(key, change.now, Some(loaded));
        self.writing(doc! {
            "update": &self.collection,
            "updates": [{ "q": query, "u": update, "collation": binary_order() }],
        })
    }

    pub(crate) fn delete(&self, key: &StoreKey, now: Now, expected: Option<&Record>) -> Document {
        let query = live(key, now, expected);
        self.writing(doc! {
            "delete": &self.collection,
            "deletes": [{ "q": query, "limit": 1, "collation": binary_order() }],
        })
    }

    pub(crate) fn list_by_owner(&self, owner: &str, now: Now) -> Document {
        self.reading(doc! {
            "find": &self.collection,
            "filter": { "owner": owner, "expiration": { "$gt": now.date() } },
            "projection": { "_id": 0, "id": 1 },
            "batchSize": PAGE,
            "collation": binary_order(),
        })
    }

    /// The `_id`s of a batch of expired documents.
    pub(crate) fn expired(&self, now: Now) -> Document {
        self.reading(doc! {
            "find": &self.collection,
            "filter": expired(now),
            "projection": { "_id": 1 },
            "limit": BATCH as i64,
            "batchSize": BATCH as i64,
        })
    }

    /// Removes those of `ids` that are still expired.
    pub(crate) fn delete_expired(&self, ids: Vec<Bson>, now: Now) -> Document {
        let mut query = expired(now);
        query.insert("_id", doc! { "$in": ids });
        self.writing(doc! {
            "delete": &self.collection,
            "deletes": [{ "q": query, "limit": 0 }],
            "ordered": false,
        })
    }

    fn reading(&self, mut command: Document) -> Document {
        if let Some(concern) = &self.read_concern {
            command.insert("readConcern", concern.clone());
        }
        command
    }

    fn writing(&self, mut command: Document) -> Document {
        if let Some(concern) = &self.write_concern {
            command.insert("writeConcern", concern.clone());
        }
        command
    }
}

impl Change<'_> {
    fn set(&self, has_owners: bool) -> Document {
        let mut set = Document::new();
        if let Some(payload) = self.payload {
            set.insert("val", binary(payload));
        }
        set.insert("expiration", self.now.end_of(self.lease));
        if let Some(owner) = self.lease.owner.filter(|_| has_owners) {
            set.insert("owner", owner);
        }
        set
    }
}

/// The record under `key` if it lives, and is still the one `loaded`.
fn live(key: &StoreKey, now: Now, loaded: Option<&Record>) -> Document {
    let mut query = doc! { "id": key.as_str(), "expiration": { "$gt": now.date() } };
    if let Some(loaded) = loaded {
        query.insert("val", stored(loaded));
    }
    query
}

/// Sessions only: other documents may live in the collection. `null` is a missing field, too; what
/// never ends and is none of ours has no `val`.
fn expired(now: Now) -> Document {
    let ended = [
        doc! { "expiration": { "$lte": now.date() } },
        doc! { "expiration": null, "val": { "$type": "binData" } },
    ];
    doc! { "id": { "$type": "string" }, "$or": ended.to_vec() }
}

/// Strings are compared byte by byte, whatever the collection's own collation.
pub(crate) fn binary_order() -> Document {
    doc! { "locale": "simple" }
}

/// What was loaded, as it is stored.
fn stored(loaded: &Record) -> Bson {
    match std::str::from_utf8(&loaded.payload) {
        Ok(text) if loaded.cas == TEXT => Bson::String(text.to_owned()),
        _ => Bson::Binary(binary(&loaded.payload)),
    }
}

fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// A client's time since 1970: Flask-Session has it, too, and not every server has `$$NOW`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now(Duration);

impl Now {
    pub(crate) fn read() -> Self {
        Self(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
    }

    fn ms(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }

    fn date(self) -> DateTime {
        DateTime::from_millis(self.ms())
    }

    /// Never before the lease ends: what is left of this millisecond counts as a whole one.
    fn end_of(self, lease: &Lease<'_>) -> DateTime {
        let now = i64::try_from(self.0.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        DateTime::from_millis(now.saturating_add(lease.ttl_ms()))
    }
}

/// Reads the answer to [`Commands::load`].
///
/// A document without `val` holds no session, as Flask-Session has it; one whose `val` is neither
/// text nor a binary of subtype 0 is no answer, for it could never be compared with what was loaded.
pub(crate) fn record(mut answer: Document, now: Now) -> Result<Option<Record>, Fault> {
    let cursor = answer.get_document_mut("cursor").map_err(|_| Fault::Unexpected)?;
    let batch = cursor.get_array_mut("firstBatch").map_err(|_| Fault::Unexpected)?;
    let mut document = match batch.pop() {
        None => return Ok(None),
        Some(Bson::Document(document)) => document,
        Some(_) => return Err(Fault::Unexpected),
    };
    let (payload, cas) = match document.remove("val") {
        None | Some(Bson::Null) => return Ok(None),
        Some(Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })) => (bytes, 0),
        Some(Bson::String(text)) => (text.into_bytes(), TEXT),
        Some(_) => return Err(Fault::Unexpected),
    };
    let end = document.get_datetime("expiration").map_err(|_| Fault::Unexpected)?;
    let left_ms = end.timestamp_millis().saturating_sub(now.ms());
    // The server found it live.
    let ttl = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0).max(1));
    Ok(Some(Record { payload: payload.into(), cas, ttl }))
}

fn level(level: &ReadConcernLevel) -> &str {
    match level {
        ReadConcernLevel::Majority => "majority",
        ReadConcernLevel::Linearizable => "linearizable",
        ReadConcernLevel::Available => "available",
        ReadConcernLevel::Snapshot => "snapshot",
        ReadConcernLevel::Custom(level) => level,
        // `local`, the server's default.
        _ => "local",
    }
}

fn write_concern(concern: &WriteConcern) -> Document {
    let mut written = Document::new();
    match &concern.w {
        Some(Acknowledgment::Nodes(nodes)) => {
            written.insert("w", i32::try_from(*nodes).unwrap_or(i32::MAX));
        }
        Some(Acknowledgment::Majority) => {
            written.insert("w", "majority");
        }
        Some(Acknowledgment::Custom(tag)) => {
            written.insert("w", tag);
        }
        _ => {}
    }
    if let Some(timeout) = concern.w_timeout {
        written.insert("wtimeout", i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
    }
    if let Some(journal) = concern.journal {
        written.insert("j", journal);
    }
    written
}

/// How many documents a sweep found, by their `_id`s.
pub(crate) fn ids(found: Vec<Document>) -> Vec<Bson> {
    found.into_iter().filter_map(|mut document| document.remove("_id")).collect()
}

/// The keys that [`Commands::list_by_owner`] found; foreign documents have none.
pub(crate) fn keys(found: &[Document]) -> Vec<StoreKey> {
    let ids = found.iter().filter_map(|document| document.get_str("id").ok());
    ids.map(|id| StoreKey::new("", id)).collect()
}

/// Whether a field of an index goes up or down; others are hashed, text and the like.
pub(crate) fn is_ordered(direction: Option<&Bson>) -> bool {
    matches!(number(direction), Some(1 | -1))
}

#[cfg(test)]
mod tests {
    use super::{Change, Commands, Now, binary_order};
    use mongodb::bson::{Document, doc};
    use mongodb::options::{Acknowledgment, ReadConcern, WriteConcern};
    use session_core::{Lease, Record, StoreKey};
    use std::time::Duration;

    const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: Some("ann") };
    const NOW: Now = Now(Duration::new(1_000, 1));

    fn all(commands: &Commands) -> Vec<Document> {
        let key = StoreKey::new("session:", "a");
        let loaded = Record { payload: "x".into(), cas: 0, ttl: Duration::ZERO };
        let change = Change { payload: Some(b"y"), lease: &MINUTE, now: NOW };
        vec![
            commands.load(&key, NOW),
            commands.list_by_owner("ann", NOW),
            commands.create(&key, change),
            commands.update(&key, change, &loaded),
            commands.delete(&key, NOW, Some(&loaded)),
        ]
    }

    /// A collection may have been made with a collation for which "ann" is "ANN".
    #[test]
    fn every_look_for_a_string_compares_bytes() {
        for command in all(&Commands::new("c", true, None, None)) {
            let statements = ["updates", "deletes"].map(|name| command.get_array(name).ok());
            let statement = statements.into_iter().flatten().find_map(|all| all[0].as_document());
            let looks = !command.contains_key("insert");
            let collation = statement.unwrap_or(&command).get_document("collation").ok();
            assert_eq!(collation, looks.then_some(&binary_order()), "{command}");
        }
    }

    #[test]
    fn concerns_of_the_client_go_with_the_commands() {
        let read = ReadConcern::majority();
        for (w, expected) in [
            (Acknowledgment::Majority, doc! { "w": "majority", "wtimeout": 250_i64, "j": true }),
            (Acknowledgment::Nodes(2), doc! { "w": 2, "wtimeout": 250_i64, "j": true }),
            (Acknowledgment::from("east"), doc! { "w": "east", "wtimeout": 250_i64, "j": true }),
        ] {
            let write = WriteConcern::builder()
                .w(w)
                .w_timeout(Duration::from_millis(250))
                .journal(true)
                .build();
            for command in all(&Commands::new("c", false, Some(&read), Some(&write))) {
                let is_read = command.contains_key("find");
                let concern =
                    command.get_document(if is_read { "readConcern" } else { "writeConcern" });
                let expected = if is_read { &doc! { "level": "majority" } } else { &expected };
                assert_eq!(concern.ok(), Some(expected), "{command}");
            }
        }
        for command in all(&Commands::new("c", false, None, None)) {
            assert!(!command.contains_key("readConcern") && !command.contains_key("writeConcern"));
        }
    }

    #[test]
    fn lease_ends_never_early() {
        let end = |nanos| Now(Duration::new(1, nanos)).end_of(&MINUTE).timestamp_millis();
        assert_eq!((end(0), end(1), end(1_000_000)), (61_000, 61_001, 61_001));
    }
}
