//! All sessions of a prefix, page by page.

use crate::common::{Place, create, flask_fields, key};
use crate::sent::Sent;
use mongodb::bson::{Bson, DateTime, Document, doc};
use session_core::store::{Cursor, Page};
use session_core::{ErrorKind, Store};
use session_mongodb::MongoStore;
use std::num::NonZeroUsize;

const MANY: NonZeroUsize = NonZeroUsize::new(100).unwrap();

fn names(page: &Page) -> Vec<&str> {
    page.records.iter().map(|(key, _)| key.as_str()).collect()
}

/// A document under each name, with what `change` makes of it.
async fn put(place: &Place, names: &[&str], change: impl Fn(&mut Document)) {
    let documents = names.iter().map(|name| {
        let mut document = flask_fields(name.as_bytes(), 60);
        document.insert("id", key(name).as_str());
        change(&mut document);
        document
    });
    place.documents().await.insert_many(documents).await.unwrap();
}

/// A page is what is looked at: the last live one is not searched for among the others.
#[tokio::test]
async fn expired_documents_count_for_a_page_and_are_not_listed() {
    let place = Place::new();
    let store = place.store().await;
    // Where the server does not remove them meanwhile.
    place.documents().await.drop_index("expiration_1").await.unwrap();
    let expired: Vec<_> = (0..1_000).map(|number| format!("{number:04}")).collect();
    let expired: Vec<_> = expired.iter().map(String::as_str).collect();
    put(&place, &expired, |document| {
        document.insert("expiration", DateTime::from_millis(0));
    })
    .await;
    create(&store, &key("live"), "x").await;
    let (mut pages, mut after) = (Vec::new(), None::<Cursor>);
    loop {
        let page = store.scan("session:", after.as_ref(), MANY).await.unwrap();
        after = page.next.clone();
        pages.push(names(&page).join(","));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages.len(), 11);
    assert!(pages[..10].iter().all(String::is_empty), "{pages:?}");
    assert_eq!(pages[10], "session:live");
}

#[tokio::test]
async fn documents_are_listed_as_they_are_loaded() {
    let place = Place::new();
    let store = place.store().await;
    put(&place, &["bytes"], |_| ()).await;
    put(&place, &["text"], |document| {
        document.insert("val", "{}");
    })
    .await;
    put(&place, &["number"], |document| {
        document.insert("val", 1);
    })
    .await;
    put(&place, &["no value"], |document| {
        document.remove("val");
    })
    .await;
    for (name, end) in [("no end", Bson::Null), ("an end in text", "9999-12-31".into())] {
        put(&place, &[name], |document| {
            document.insert("expiration", end.clone());
        })
        .await;
    }
    let documents = place.documents().await;
    documents.insert_one(doc! { "another": "program's" }).await.unwrap();
    let page = store.scan("", None, MANY).await.unwrap();
    assert_eq!(names(&page), ["session:bytes", "session:text"]);
    for (key, record) in &page.records {
        let loaded = store.load(key).await.unwrap().unwrap();
        assert_eq!((&record.payload, record.cas), (&loaded.payload, loaded.cas));
    }
}

/// A server's answer holds 16 MiB, and the rest follows.
#[tokio::test]
async fn page_that_is_larger_than_an_answer_is_whole() {
    let place = Place::new();
    let store = place.store().await;
    put(&place, &["a", "b", "c"], |document| {
        document.extend(flask_fields(&vec![b'f'; 7 << 20], 60));
    })
    .await;
    let page = store.scan("session:", None, MANY).await.unwrap();
    assert_eq!(names(&page), ["session:a", "session:b", "session:c"]);
    assert!(page.next.is_none());
    assert!(page.records.iter().all(|(_, record)| record.payload.len() == 7 << 20));
}

#[tokio::test]
async fn page_is_read_by_the_index_of_keys() {
    let (place, sent) = (Place::new(), Sent::default());
    place.store().await;
    put(&place, &["a", "b", "c"], |_| ()).await;
    let store = sent.store(&place).await;
    sent.take();
    let first = store.scan("session:", None, NonZeroUsize::MIN).await.unwrap();
    store.scan("session:", first.next.as_ref(), NonZeroUsize::MIN).await.unwrap();
    let commands = sent.take();
    assert_eq!(commands.len(), 2);
    for command in commands {
        let fields = ["find", "filter", "sort", "projection", "limit", "batchSize"];
        let find: Document = fields
            .iter()
            .map(|field| ((*field).to_owned(), command.get(field).unwrap().clone()))
            .collect();
        let database = place.client().await.database("session_tests");
        let explain = doc! { "explain": find, "verbosity": "queryPlanner" };
        let plan = database.run_command(explain).await.unwrap();
        let plan = plan.get_document("queryPlanner").unwrap();
        let plan = plan.get_document("winningPlan").unwrap().to_string();
        assert!(plan.contains("IXSCAN") && plan.contains("id_1"), "{plan}");
        assert!(!plan.contains("\"SORT\""), "{plan}");
    }
}

/// Without it each page would sort the whole collection, and of two documents one be left out.
#[tokio::test]
async fn collection_without_the_index_of_keys_is_not_scanned() {
    let place = Place::new();
    put(&place, &["a"], |_| ()).await;
    let store = MongoStore::connect(place.patient()).await.unwrap();
    assert!(store.load(&key("a")).await.unwrap().is_some());
    let error = store.scan("session:", None, MANY).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false));
    assert!(error.to_string().ends_with("no unique index on `id`; `init` makes it"), "{error}");
    store.init().await.unwrap();
    assert_eq!(names(&store.scan("session:", None, MANY).await.unwrap()), ["session:a"]);
}

#[tokio::test]
async fn cursor_is_a_value_and_never_a_condition() {
    let place = Place::new();
    let store = place.store().await;
    create(&store, &key("a"), "x").await;
    for text in ["{\"$gt\":\"\"}", "$where", "\0", "\u{10ffff}", ""] {
        let after = Cursor::after_key(&format!("session:z{text}"));
        let page = store.scan("session:", Some(&after), MANY).await.unwrap();
        assert!(page.records.is_empty() && page.next.is_none(), "{text:?}");
        let before = Cursor::after_key(text);
        let page = store.scan("session:b", Some(&before), MANY).await.unwrap();
        assert!(page.records.is_empty(), "{text:?}");
    }
}
