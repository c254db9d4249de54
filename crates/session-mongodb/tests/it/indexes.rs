//! Collections as they are found, and what `init` makes of them.

use crate::common::{MINUTE, Place, WRITES, WRITTEN, create, fail, flask_fields, key, payload};
use mongodb::IndexModel;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::{Collation, IndexOptions};
use session_core::{ErrorKind, Lease, Outcome, Precondition, Store};
use session_mongodb::MongoStore;
use session_testkit::MongoServer;
use std::time::Duration;

async fn index_names(place: &Place) -> Vec<String> {
    let mut names = place.documents().await.list_index_names().await.unwrap();
    names.sort();
    names
}

/// As Flask-Session 0.8 makes it.
fn flasks_index() -> IndexModel {
    let options = IndexOptions::builder().expire_after(Some(Duration::ZERO)).build();
    IndexModel::builder().keys(doc! { "expiration": 1 }).options(options).build()
}

#[tokio::test]
async fn collection_is_made_with_its_indexes_and_then_left() {
    let place = Place::new();
    let store = MongoStore::connect(place.patient()).await.unwrap();
    assert!(store.capabilities().needs_sweep, "as long as no index is there");
    for _ in 0..2 {
        store.init().await.unwrap();
        assert_eq!(index_names(&place).await, ["_id_", "expiration_1", "id_1"]);
    }
    assert!(!store.capabilities().needs_sweep);
    let owned = MongoStore::connect(place.patient().owner_index(true)).await.unwrap();
    owned.init().await.unwrap();
    assert_eq!(index_names(&place).await, ["_id_", "expiration_1", "id_1", "owner_1"]);
}

#[tokio::test]
async fn many_processes_may_make_the_indexes_at_once() {
    let place = Place::new();
    let mut calls = Vec::new();
    for _ in 0..8 {
        let store = MongoStore::connect(place.patient()).await.unwrap();
        calls.push(tokio::spawn(async move { store.init().await.map(|()| store) }));
    }
    for call in calls {
        let store = call.await.unwrap().unwrap();
        assert!(!store.capabilities().needs_sweep);
    }
    assert_eq!(index_names(&place).await.len(), 3);
}

#[tokio::test]
async fn collection_of_flask_gets_the_unique_index_and_keeps_its_own() {
    let place = Place::new();
    let documents = place.documents().await;
    documents.create_index(flasks_index()).await.unwrap();
    let flasks = doc! { "$set": flask_fields(b"theirs", 60) };
    documents.update_one(doc! { "id": "session:a" }, flasks.clone()).upsert(true).await.unwrap();

    let store = MongoStore::connect(place.patient()).await.unwrap();
    store.init().await.unwrap();
    assert_eq!(index_names(&place).await, ["_id_", "expiration_1", "id_1"]);
    assert!(!store.capabilities().needs_sweep);
    let loaded = store.load(&key("a")).await.unwrap().unwrap();
    assert_eq!(loaded.payload, "theirs");
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key("a"), "ours".into(), &MINUTE, same).await.unwrap(), WRITTEN);
    documents.update_one(doc! { "id": "session:a" }, flasks).upsert(true).await.unwrap();
    assert_eq!(payload(&store, &key("a")).await.as_deref(), Some(&b"theirs"[..]));
}

/// Without the index two creations of one key could both succeed, and a delete end one of them.
#[tokio::test]
async fn nothing_is_written_without_the_unique_index() {
    let place = Place::new();
    let documents = place.documents().await;
    documents.create_index(flasks_index()).await.unwrap();
    let store = MongoStore::connect(place.patient()).await.unwrap();
    let loaded = create(&Place::new().store().await, &key("elsewhere"), "x").await;
    for write in WRITES {
        let error = write.make(&store, &key("a"), &loaded).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false), "{write:?}");
        assert!(error.to_string().contains("`init` makes it"), "{error}");
    }
    assert_eq!(documents.count_documents(doc! {}).await.unwrap(), 0);
    // Once any process has made it, those that run already go on.
    place.store().await;
    create(&store, &key("a"), "x").await;
}

#[tokio::test]
async fn duplicates_and_other_indexes_are_told_and_can_be_mended() {
    for (first, index, words) in [
        (doc! { "id": "session:a" }, None, "two documents share an `id`"),
        (doc! { "foreign": 1 }, None, "or two have none"),
        (doc! { "x": 1 }, Some(doc! { "id": 1 }), "drop it"),
    ] {
        let place = Place::new();
        let documents = place.documents().await;
        documents.insert_one(first.clone()).await.unwrap();
        if let Some(keys) = index.clone() {
            documents.create_index(IndexModel::builder().keys(keys).build()).await.unwrap();
        } else {
            documents.insert_one(first).await.unwrap();
        }
        let store = MongoStore::connect(place.patient()).await.unwrap();
        let error = store.init().await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("session:a"), "{error}");
        if index.is_some() {
            documents.drop_index("id_1").await.unwrap();
        } else {
            documents.delete_one(doc! {}).await.unwrap();
        }
        store.init().await.unwrap();
        create(&store, &key("b"), "x").await;
    }
}

#[tokio::test]
async fn server_without_ttl_indexes_is_swept() {
    let server = MongoServer::start().await.unwrap();
    let place = Place::on(&server);
    let store = MongoStore::connect(place.patient()).await.unwrap();
    let unique = IndexOptions::builder().unique(true).build();
    let unique = IndexModel::builder().keys(doc! { "id": 1 }).options(unique).build();
    place.documents().await.create_index(unique).await.unwrap();
    fail(&place.client().await, &["createIndexes"], 1, doc! { "errorCode": 67 }).await;
    store.init().await.unwrap();
    assert!(store.capabilities().needs_sweep);
    assert_eq!(index_names(&place).await, ["_id_", "expiration_1", "id_1"]);
    // What is there stays as it is.
    store.init().await.unwrap();
    assert!(MongoStore::connect(place.patient()).await.unwrap().capabilities().needs_sweep);
}

/// Some codes make the driver look for the server anew, and calls meanwhile find none.
async fn init_once_found(store: &MongoStore) -> session_core::Result<()> {
    for _ in 0..50 {
        match store.init().await {
            Err(error) if error.to_string().contains("cannot be reached") => {}
            done => return done,
        }
    }
    store.init().await
}

/// A plain index is left for good, so one made in passing would end what the server expires.
#[tokio::test]
async fn server_that_makes_no_index_just_now_gets_no_plain_one() {
    let server = MongoServer::start().await.unwrap();
    let place = Place::on(&server);
    let store = MongoStore::connect(place.patient()).await.unwrap();
    let unique = IndexOptions::builder().unique(true).build();
    let unique = IndexModel::builder().keys(doc! { "id": 1 }).options(unique).build();
    place.documents().await.create_index(unique).await.unwrap();
    for code in [10_107, 112, 14_031, 189, 11_602] {
        fail(&place.client().await, &["createIndexes"], 1, doc! { "errorCode": code }).await;
        init_once_found(&store).await.unwrap_err();
        assert_eq!(index_names(&place).await, ["_id_", "id_1"], "{code}");
    }
    init_once_found(&store).await.unwrap();
    assert!(!store.capabilities().needs_sweep);
}

#[tokio::test]
async fn sweep_takes_the_expired_of_ours_in_batches_and_nothing_else() {
    let place = Place::new();
    let documents = place.documents().await;
    // A plain one: the server would sweep by a TTL index, too.
    let plain = IndexModel::builder().keys(doc! { "expiration": 1 }).build();
    documents.create_index(plain).await.unwrap();
    let store = place.store().await;
    assert!(store.capabilities().needs_sweep);
    let past = DateTime::from_millis(1_000);
    let binary = flask_fields(b"x", 60).remove("val").unwrap();
    let expired: Vec<Document> = (0..1_203)
        .map(|n| match n {
            0 => doc! { "id": "null", "val": binary.clone(), "expiration": null },
            1 => doc! { "id": "missing", "val": binary.clone() },
            n => doc! { "id": format!("session:{n}"), "expiration": past },
        })
        .collect();
    documents.insert_many(expired).await.unwrap();
    documents.insert_one(doc! { "foreign": 1, "expiration": past }).await.unwrap();
    documents.insert_one(doc! { "id": "foreign, never to expire" }).await.unwrap();
    create(&store, &key("living"), "x").await;
    assert_eq!(store.delete_expired().await.unwrap(), 1_203);
    assert_eq!(store.delete_expired().await.unwrap(), 0);
    assert_eq!(documents.count_documents(doc! {}).await.unwrap(), 3);
    assert!(payload(&store, &key("living")).await.is_some());
}

/// SecantusDB keeps such a collation and compares bytes all the same; `mongod` does not.
#[tokio::test]
async fn keys_are_bytes_in_a_collection_that_ignores_case() {
    let place = Place::new();
    let database = place.client().await.database("session_tests");
    let ignoring = Collation::builder()
        .locale("en")
        .strength(mongodb::options::CollationStrength::Secondary)
        .build();
    database.create_collection(&place.name).collation(ignoring).await.unwrap();
    let store = place.store().await;
    create(&store, &key("Ann"), "upper").await;
    assert_eq!(store.load(&key("ann")).await.unwrap(), None);
    assert!(!store.delete(&key("ann"), None, None).await.unwrap());
    create(&store, &key("ann"), "lower").await;
    assert_eq!(payload(&store, &key("Ann")).await.as_deref(), Some(&b"upper"[..]));
}

#[tokio::test]
async fn owner_follows_our_writes_and_outlives_those_of_flask() {
    let place = Place::new();
    let store = MongoStore::connect(place.patient().owner_index(true)).await.unwrap();
    store.init().await.unwrap();
    let documents = place.documents().await;
    let ann = Lease { owner: Some("ann"), ..MINUTE };
    let write = store.write(&key("a"), "x".into(), &ann, Precondition::Absent).await;
    assert_eq!(write.unwrap(), WRITTEN);
    let flasks = doc! { "$set": flask_fields(b"theirs", 60) };
    documents.update_one(doc! { "id": "session:a" }, flasks.clone()).upsert(true).await.unwrap();
    assert_eq!(store.list_by_owner("ann").await.unwrap(), [key("a")]);

    // One that Flask made has no owner until we renew it.
    documents.update_one(doc! { "id": "session:b" }, flasks).upsert(true).await.unwrap();
    let loaded = store.load(&key("b")).await.unwrap().unwrap();
    assert_eq!(store.touch(&key("b"), &ann, &loaded).await.unwrap(), WRITTEN);
    let mut keys = store.list_by_owner("ann").await.unwrap();
    keys.sort();
    assert_eq!(keys, [key("a"), key("b")]);
    // Nobody's again: the field is gone, not null, so that the sparse index has no entry.
    assert_eq!(store.touch(&key("b"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
    let b = documents.find_one(doc! { "id": "session:b" }).await.unwrap().unwrap();
    assert!(!b.contains_key("owner"), "{b}");

    // A store without the index leaves the field alone.
    let plain = MongoStore::connect(place.patient()).await.unwrap();
    let loaded = plain.load(&key("a")).await.unwrap().unwrap();
    assert_ne!(plain.touch(&key("a"), &MINUTE, &loaded).await.unwrap(), Outcome::Refused);
    assert_eq!(store.list_by_owner("ann").await.unwrap(), [key("a")]);
    for owner in ["$ne", "{\"$gt\": \"\"}", "ANN", "ann ", ""] {
        assert_eq!(store.list_by_owner(owner).await.unwrap(), [], "{owner}");
    }
}

#[tokio::test]
async fn crowd_of_sessions_is_listed_whole() {
    let place = Place::new();
    let store = MongoStore::connect(place.patient().owner_index(true)).await.unwrap();
    store.init().await.unwrap();
    let crowd: Vec<Document> = (0..1_050)
        .map(|n| {
            let mut document = flask_fields(b"x", 600);
            document.extend([("id".to_owned(), n.to_string().into())]);
            document.extend([("owner".to_owned(), "ann".into())]);
            document
        })
        .collect();
    place.documents().await.insert_many(crowd).await.unwrap();
    assert_eq!(store.list_by_owner("ann").await.unwrap().len(), 1_050);
}
