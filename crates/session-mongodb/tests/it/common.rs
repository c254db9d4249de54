//! Servers and collections of a test's own, to look into and to break.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, doc};
use mongodb::{Client, Collection};
use session_core::{Bytes, Lease, Outcome, Precondition, Record, Result, Store, StoreKey};
use session_mongodb::{MongoOptions, MongoStore};
use session_testkit::{MongoServer, server};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

pub(crate) const MINUTE: Lease<'static> = Lease { ttl: Duration::from_secs(60), owner: None };
/// The operation timeout, with slack for a machine that does other things.
pub(crate) const DEADLINE: Duration = Duration::from_secs(4);
pub(crate) const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// A collection of a test's own, on the server that all tests share.
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) url: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { name: format!("t{}", ObjectId::new()), url: server::url("SESSION_TEST_MONGODB") }
    }

    /// A collection on a server of a test's own.
    pub(crate) fn on(server: &MongoServer) -> Self {
        Self { name: "sessions".to_owned(), url: server.url() }
    }

    pub(crate) fn options(&self) -> MongoOptions {
        MongoOptions::new(&self.url).database("session_tests").collection(&self.name)
    }

    /// For a machine that is busy with other tests.
    pub(crate) fn patient(&self) -> MongoOptions {
        let patience = Duration::from_secs(20);
        self.options().connect_timeout(patience).operation_timeout(patience)
    }

    /// A store whose indexes are there.
    pub(crate) async fn store(&self) -> MongoStore {
        let store = MongoStore::connect(self.patient()).await.unwrap();
        store.init().await.unwrap();
        store
    }

    pub(crate) async fn client(&self) -> Client {
        Client::with_uri_str(&self.url).await.unwrap()
    }

    /// The documents, past the store.
    pub(crate) async fn documents(&self) -> Collection<Document> {
        self.client().await.database("session_tests").collection(&self.name)
    }
}

/// What Flask-Session 0.8 sets (its `mongodb.py`), for `seconds` from now.
pub(crate) fn flask_fields(payload: &[u8], seconds: i64) -> Document {
    let end = DateTime::now().timestamp_millis() + seconds * 1_000;
    let val = Binary { subtype: BinarySubtype::Generic, bytes: payload.to_vec() };
    doc! { "val": val, "expiration": DateTime::from_millis(end) }
}

/// Fails the next `times` commands of the names as `data` says.
pub(crate) async fn fail(client: &Client, commands: &[&str], times: i32, mut data: Document) {
    data.insert("failCommands", commands.to_vec());
    let command =
        doc! { "configureFailPoint": "failCommand", "mode": { "times": times }, "data": data };
    client.database("admin").run_command(command).await.unwrap();
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Asks until the condition holds; a test that waits for twenty seconds has failed.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn key(name: &str) -> StoreKey {
    StoreKey::new("session:", name)
}

/// Creates a record and returns it as loaded.
pub(crate) async fn create(store: &impl Store, key: &StoreKey, payload: &'static str) -> Record {
    let created = store.write(key, Bytes::from(payload), &MINUTE, Precondition::Absent).await;
    assert_eq!(created.unwrap(), WRITTEN);
    store.load(key).await.unwrap().unwrap()
}

/// A call that writes, and the command that it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Write {
    Create,
    Update,
    Touch,
    Delete,
    DeleteExpected,
}

pub(crate) const WRITES: [Write; 5] =
    [Write::Create, Write::Update, Write::Touch, Write::Delete, Write::DeleteExpected];

impl Write {
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Create => "insert",
            Self::Update | Self::Touch => "update",
            Self::Delete | Self::DeleteExpected => "delete",
        }
    }

    /// Makes the call, with the payload `new` if it has one; whether it was applied.
    pub(crate) async fn make(
        self,
        store: &impl Store,
        key: &StoreKey,
        loaded: &Record,
    ) -> Result<bool> {
        let unchanged = Precondition::Unchanged(loaded);
        let is_written = Outcome::is_written;
        match self {
            Self::Create => {
                let written = store.write(key, "new".into(), &MINUTE, Precondition::Absent).await;
                written.map(is_written)
            }
            Self::Update => {
                store.write(key, "new".into(), &MINUTE, unchanged).await.map(is_written)
            }
            Self::Touch => store.touch(key, &MINUTE, loaded).await.map(is_written),
            Self::Delete => store.delete(key, None, None).await,
            Self::DeleteExpected => store.delete(key, None, Some(loaded)).await,
        }
    }

    /// Brings the record to where the call is applied.
    pub(crate) async fn prepare(self, store: &impl Store, key: &StoreKey) -> Record {
        store.delete(key, None, None).await.unwrap();
        let record = create(store, key, "old").await;
        if matches!(self, Self::Create) {
            store.delete(key, None, None).await.unwrap();
        }
        record
    }

    /// What is under the key once the call was applied.
    pub(crate) fn after(self) -> Option<&'static str> {
        match self {
            Self::Create | Self::Update => Some("new"),
            Self::Touch => Some("old"),
            Self::Delete | Self::DeleteExpected => None,
        }
    }
}

pub(crate) async fn payload(store: &impl Store, key: &StoreKey) -> Option<Bytes> {
    store.load(key).await.unwrap().map(|record| record.payload)
}

pub(crate) async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, call).await.expect("the call ends within its deadline")
}
