//! The commands, as documents; values are only ever values in them.

use crate::order::Order;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use session_core::store::unix_time;
use session_core::{Lease, Record, StoreKey};
use std::time::Duration;

/// Documents that a sweep removes with one command.
pub(crate) const BATCH: usize = 500;

/// Keys of an owner that arrive with the first answer.
const PAGE: i32 = 1_000;

/// What all commands of a store have in common.
#[derive(Clone, Debug)]
pub(crate) struct Commands {
    pub(crate) collection: String,
    has_owners: bool,
    /// Added to those that read.
    read_concern: Document,
    /// Added to those that write.
    write_concern: Document,
}

/// What the writing commands of one record set.
#[derive(Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) payload: Option<&'a [u8]>,
    pub(crate) lease: &'a Lease<'a>,
    pub(crate) now: Now,
}

impl Commands {
    /// The concerns are fields of commands, or none.
    pub(crate) fn new(
        collection: &str,
        has_owners: bool,
        read_concern: Document,
        write_concern: Document,
    ) -> Self {
        Self { collection: collection.to_owned(), has_owners, read_concern, write_concern }
    }

    pub(crate) fn load(&self, key: &StoreKey, now: Now, order: Order) -> Document {
        self.reading(order.say(doc! {
            "find": &self.collection,
            "filter": live(key, now, None),
            "projection": { "_id": 0, "val": 1, "expiration": 1 },
            "limit": 1,
            "singleBatch": true,
        }))
    }

    pub(crate) fn create(&self, key: &StoreKey, change: Change<'_>) -> Document {
        let mut document = doc! { "_id": ObjectId::new(), "id": key.as_str() };
        document.extend(change.set(self.has_owners));
        self.writing(doc! { "insert": &self.collection, "documents": [document] })
    }

    pub(crate) fn update(
        &self,
        key: &StoreKey,
        change: Change<'_>,
        loaded: &Record,
        order: Order,
    ) -> Document {
        let mut update = doc! { "$set": change.set(self.has_owners) };
        if self.has_owners && change.lease.owner.is_none() {
            update.insert("$unset", doc! { "owner": "" });
        }
        let query = live(key, change.now, Some(loaded));
        let statement = order.say(doc! { "q": query, "u": update });
        self.writing(doc! { "update": &self.collection, "updates": [statement] })
    }

    pub(crate) fn delete(
        &self,
        key: &StoreKey,
        now: Now,
        expected: Option<&Record>,
        order: Order,
    ) -> Document {
        let statement = order.say(doc! { "q": live(key, now, expected), "limit": 1 });
        self.writing(doc! { "delete": &self.collection, "deletes": [statement] })
    }

    pub(crate) fn list_by_owner(&self, owner: &str, now: Now, order: Order) -> Document {
        self.reading(order.say(doc! {
            "find": &self.collection,
            "filter": { "owner": owner, "expiration": { "$gt": now.date() } },
            "projection": { "_id": 0, "id": 1 },
            "batchSize": PAGE,
        }))
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

    pub(crate) fn reading(&self, mut command: Document) -> Document {
        command.extend(self.read_concern.clone());
        command
    }

    fn writing(&self, mut command: Document) -> Document {
        command.extend(self.write_concern.clone());
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

/// What was loaded, as it is stored: a comparison of text with bytes would never hold.
fn stored(loaded: &Record) -> Bson {
    match loaded.as_text() {
        Some(text) => Bson::String(text.to_owned()),
        None => Bson::Binary(binary(&loaded.payload)),
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
        Self(unix_time())
    }

    pub(crate) fn ms(self) -> i64 {
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

#[cfg(test)]
mod tests {
    use super::{Change, Commands, Now};
    use crate::concern;
    use crate::order::Order;
    use mongodb::bson::{Document, doc};
    use mongodb::options::{Acknowledgment, ReadConcern, WriteConcern};
    use session_core::{Lease, Record, StoreKey};
    use std::num::NonZeroUsize;
    use std::time::Duration;

    const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: Some("ann") };
    const NOW: Now = Now(Duration::new(1_000, 1));

    fn commands(
        has_owners: bool,
        read: Option<&ReadConcern>,
        write: Option<&WriteConcern>,
    ) -> Commands {
        Commands::new("c", has_owners, concern::of_reads(read), concern::of_writes(write))
    }

    fn all(commands: &Commands, order: Order) -> Vec<Document> {
        let key = StoreKey::new("session:", "a");
        let loaded = Record { payload: "x".into(), cas: 0, ttl: Duration::ZERO };
        let change = Change { payload: Some(b"y"), lease: &MINUTE, now: NOW };
        vec![
            commands.load(&key, NOW, order),
            commands.list_by_owner("ann", NOW, order),
            commands.scan("session:", Some(&key), NonZeroUsize::MIN, order),
            commands.create(&key, change),
            commands.update(&key, change, &loaded, order),
            commands.delete(&key, NOW, Some(&loaded), order),
        ]
    }

    /// A collection may have been made with a collation for which "ann" is "ANN".
    #[test]
    fn every_look_for_a_string_compares_bytes() {
        for (order, expected) in
            [(Order::Binary, Some(doc! { "locale": "simple" })), (Order::Own, None)]
        {
            for command in all(&commands(true, None, None), order) {
                let statements = ["updates", "deletes"].map(|name| command.get_array(name).ok());
                let statement =
                    statements.into_iter().flatten().find_map(|all| all[0].as_document());
                let looks = !command.contains_key("insert");
                let collation = statement.unwrap_or(&command).get_document("collation").ok();
                assert_eq!(collation, expected.as_ref().filter(|_| looks), "{command}");
            }
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
            for command in all(&commands(false, Some(&read), Some(&write)), Order::Own) {
                let is_read = command.contains_key("find");
                let concern =
                    command.get_document(if is_read { "readConcern" } else { "writeConcern" });
                let expected = if is_read { &doc! { "level": "majority" } } else { &expected };
                assert_eq!(concern.ok(), Some(expected), "{command}");
            }
        }
        for command in all(&commands(false, None, None), Order::Own) {
            assert!(!command.contains_key("readConcern") && !command.contains_key("writeConcern"));
        }
    }

    #[test]
    fn lease_ends_never_early() {
        let end = |nanos| Now(Duration::new(1, nanos)).end_of(&MINUTE).timestamp_millis();
        assert_eq!((end(0), end(1), end(1_000_000)), (61_000, 61_001, 61_001));
    }
}
