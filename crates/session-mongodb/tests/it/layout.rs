//! The documents, the commands, and what is not in them.

use crate::common::{MINUTE, Place, WRITES, WRITTEN, Write, create, flask_fields, key, payload};
use mongodb::bson::spec::ElementType;
use mongodb::bson::{Bson, DateTime, Document, doc};
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Record, Store, StoreKey};
use session_mongodb::MongoStore;
use session_testkit::proxy::Proxy;
use session_testkit::server;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What Flask-Sessionstore 0.4 writes.
const FORK_VALUE: &str = r#"{"_permanent":true,"name":"Zo\u00eb","pair":{" t":[1,"a"]}}"#;

/// The fields of a document, as `name: type`; servers put those of an upsert in their own order.
fn shape(document: &Document) -> BTreeSet<String> {
    document.iter().map(|(name, value)| format!("{name}: {:?}", value.element_type())).collect()
}

#[tokio::test]
async fn document_is_the_one_that_flask_writes() {
    let place = Place::new();
    let store = place.store().await;
    let documents = place.documents().await;
    create(&store, &key("ours"), "payload").await;
    let flasks = doc! { "$set": flask_fields(b"payload", 60) };
    documents.update_one(doc! { "id": "session:flasks" }, flasks).upsert(true).await.unwrap();

    let ours = documents.find_one(doc! { "id": "session:ours" }).await.unwrap().unwrap();
    let theirs = documents.find_one(doc! { "id": "session:flasks" }).await.unwrap().unwrap();
    let expected = ["_id: ObjectId", "id: String", "val: Binary", "expiration: DateTime"];
    assert_eq!(shape(&ours), expected.map(str::to_owned).into());
    assert_eq!(shape(&ours), shape(&theirs));
    assert_eq!(ours.get("val"), theirs.get("val"));
    let left = ours.get_datetime("expiration").unwrap().timestamp_millis()
        - DateTime::now().timestamp_millis();
    assert!((30_000..=60_001).contains(&left), "{left} ms");
}

#[tokio::test]
async fn each_call_is_one_command() {
    let place = Place::new();
    place.store().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut options = ClientOptions::parse(&place.url).await.unwrap();
    let seen_too = Arc::clone(&seen);
    options.command_event_handler = Some(mongodb::event::EventHandler::callback(move |event| {
        if let CommandEvent::Started(started) = event {
            seen_too.lock().unwrap().push(started.command_name);
        }
    }));
    let client = mongodb::Client::with_options(options).unwrap();
    let options = place.patient().owner_index(true);
    let store = MongoStore::from_client(client, options).await.unwrap();
    let take = || std::mem::take(&mut *seen.lock().unwrap());
    // The indexes, and whether the user may do what calls will do.
    assert_eq!(take(), ["listIndexes", "find", "update", "delete"]);

    for write in WRITES {
        let loaded = write.prepare(&store, &key("one")).await;
        take();
        assert!(write.make(&store, &key("one"), &loaded).await.unwrap());
        assert_eq!(take(), [write.command()], "{write:?}");
    }
    assert_eq!(payload(&store, &key("one")).await, None);
    assert_eq!(take(), ["find"]);
    store.list_by_owner("nobody").await.unwrap();
    assert_eq!(take(), ["find"]);
    store.scan("session:", None, NonZeroUsize::MIN).await.unwrap();
    assert_eq!(take(), ["find"]);
    store.delete_expired().await.unwrap();
    assert_eq!(take(), ["find"], "nothing has expired");
}

/// The server removes what expired about once a minute; until then it is there, and gone.
#[tokio::test]
async fn expired_document_that_is_still_there_is_gone() {
    let place = Place::new();
    let store = MongoStore::connect(place.patient().owner_index(true)).await.unwrap();
    store.init().await.unwrap();
    let documents = place.documents().await;
    let second_ago = DateTime::from_millis(DateTime::now().timestamp_millis() - 1_000);
    let expirations: [(&str, Option<Bson>); 5] = [
        ("a second ago", Some(second_ago.into())),
        ("long ago", Some(DateTime::from_millis(0).into())),
        ("null", Some(Bson::Null)),
        ("missing", None),
        ("a text, which sorts after all dates", Some("9999-12-31".into())),
    ];
    for (name, expiration) in expirations {
        let lease = Lease { owner: Some("ann"), ..MINUTE };
        let write = store.write(&key(name), "x".into(), &lease, Precondition::Absent).await;
        assert_eq!(write.unwrap(), WRITTEN);
        let loaded = store.load(&key(name)).await.unwrap().unwrap();
        let change = match expiration {
            Some(expiration) => doc! { "$set": { "expiration": expiration } },
            None => doc! { "$unset": { "expiration": "" } },
        };
        let id = doc! { "id": key(name).as_str() };
        documents.update_one(id.clone(), change).await.unwrap();

        assert_eq!(store.load(&key(name)).await.unwrap(), None, "{name}");
        let same = Precondition::Unchanged(&loaded);
        let update = store.write(&key(name), "y".into(), &MINUTE, same).await.unwrap();
        assert_eq!(update, Outcome::Refused, "{name}");
        let touch = store.touch(&key(name), &MINUTE, &loaded).await.unwrap();
        assert_eq!(touch, Outcome::Refused, "{name}");
        assert!(!store.delete(&key(name), None, None).await.unwrap(), "{name}");
        assert!(!store.delete(&key(name), None, Some(&loaded)).await.unwrap(), "{name}");
        assert_eq!(store.list_by_owner("ann").await.unwrap(), [], "{name}");
        assert_eq!(documents.count_documents(id).await.unwrap(), 1, "{name}: it is there");
        let create = store.write(&key(name), "z".into(), &MINUTE, Precondition::Absent).await;
        assert_eq!(create.unwrap(), Outcome::Refused, "{name}: until it is swept");
    }
}

#[tokio::test]
async fn lifetime_is_counted_by_this_clock_in_milliseconds() {
    let place = Place::new();
    let store = place.store().await;
    let documents = place.documents().await;
    for (ttl, least, most) in [
        (Duration::from_secs(3_600), 3_595_000, 3_600_000),
        (Duration::MAX, 3_153_595_000_000, 3_153_600_000_000_u64),
    ] {
        let lease = Lease { ttl, owner: None };
        let key = key(&format!("{most}"));
        assert_eq!(
            store.write(&key, "x".into(), &lease, Precondition::Absent).await.unwrap(),
            WRITTEN
        );
        let left = store.load(&key).await.unwrap().unwrap().ttl.as_millis();
        assert!((least..=u128::from(most) + 2).contains(&left), "{left}");
    }
    let soon = doc! { "$set": flask_fields(b"x", 100) };
    documents.update_one(doc! { "id": "session:soon" }, soon).upsert(true).await.unwrap();
    let left = store.load(&key("soon")).await.unwrap().unwrap().ttl;
    assert!((Duration::from_secs(70)..=Duration::from_secs(100)).contains(&left), "{left:?}");
}

#[tokio::test]
async fn document_of_another_form_is_no_session() {
    let place = Place::new();
    let store = place.store().await;
    let documents = place.documents().await;
    let old = mongodb::bson::spec::BinarySubtype::UserDefined(0x80);
    let odd = mongodb::bson::Binary { subtype: old, bytes: b"x".to_vec() };
    for (name, val, expected) in [
        ("number", Some(Bson::Int32(1)), Err(ErrorKind::Decode)),
        ("subtype", Some(Bson::Binary(odd)), Err(ErrorKind::Decode)),
        ("null", Some(Bson::Null), Ok(None)),
        ("missing", None, Ok(None)),
    ] {
        let mut document = flask_fields(b"", 60);
        document.insert("id", key(name).as_str());
        document.remove("val");
        document.extend(val.map(|val| ("val".to_owned(), val)));
        documents.insert_one(document).await.unwrap();
        let loaded = store.load(&key(name)).await.map_err(|error| error.kind());
        assert_eq!(loaded, expected, "{name}");
        assert!(store.delete(&key(name), None, None).await.unwrap(), "{name}: it can be ended");
    }
}

/// Flask-Sessionstore writes text.
#[tokio::test]
async fn text_is_read_renewed_as_it_is_and_replaced_by_bytes() {
    let place = Place::new();
    let store = place.store().await;
    let documents = place.documents().await;
    let put = async || {
        let mut fields = flask_fields(b"", 60);
        fields.insert("val", FORK_VALUE);
        let id = doc! { "id": key("fork").as_str() };
        documents.update_one(id, doc! { "$set": fields }).upsert(true).await.unwrap();
        store.load(&key("fork")).await.unwrap().unwrap()
    };
    let val = async || {
        let found = documents.find_one(doc! { "id": key("fork").as_str() }).await.unwrap();
        found.unwrap().remove("val").unwrap()
    };
    let loaded = put().await;
    assert_eq!(loaded.payload, FORK_VALUE);
    let touched = store.touch(&key("fork"), &MINUTE, &loaded).await.unwrap();
    assert_eq!(touched, Outcome::Written { cas: loaded.cas });
    assert_eq!(val().await, Bson::String(FORK_VALUE.into()));

    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key("fork"), "new".into(), &MINUTE, same).await.unwrap(), WRITTEN);
    assert_eq!(val().await.element_type(), ElementType::Binary);
    let stale = store.write(&key("fork"), "newer".into(), &MINUTE, same).await.unwrap();
    assert_eq!(stale, Outcome::Refused);
    assert!(!store.delete(&key("fork"), None, Some(&loaded)).await.unwrap());

    let loaded = put().await;
    assert!(store.delete(&key("fork"), None, Some(&loaded)).await.unwrap());
}

#[tokio::test]
async fn payload_at_the_limit_fits_and_one_byte_more_is_refused_unsent() {
    let place = Place::new();
    let store = place.store().await;
    let limit = store.capabilities().max_payload.unwrap();
    let long = StoreKey::new("", &"k".repeat(store.capabilities().max_key.unwrap()));
    let mut loaded = create(&store, &long, "x").await;
    for len in [limit - 1, limit] {
        let payload = Bytes::from(vec![b'p'; len]);
        let same = Precondition::Unchanged(&loaded);
        assert_eq!(store.write(&long, payload.clone(), &MINUTE, same).await.unwrap(), WRITTEN);
        loaded.payload = payload;
        assert_eq!(store.touch(&long, &MINUTE, &loaded).await.unwrap(), WRITTEN);
    }
    assert!(store.load(&long).await.unwrap().unwrap().payload == loaded.payload);

    let proxy = Proxy::start(server::socket_addr(&place.url, None).unwrap()).await.unwrap();
    let through =
        Place { name: place.name.clone(), url: server::redirect(&place.url, proxy.addr()) };
    let behind = MongoStore::connect(through.patient().owner_index(true)).await.unwrap();
    proxy.cut_reply_to(b"kkkk");
    let over = Bytes::from(vec![b'p'; limit + 1]);
    let flasks = Record { payload: over.clone(), ..loaded.clone() };
    let too_long = StoreKey::new("", &"k".repeat(1_025));
    let owner = "o".repeat(1_025);
    let lease = Lease { owner: Some(&owner), ..MINUTE };
    let (absent, small) = (Precondition::Absent, || Bytes::from_static(b"x"));
    let errors = [
        behind.write(&long, over.clone(), &MINUTE, absent).await.unwrap_err(),
        behind.write(&long, over, &MINUTE, Precondition::Unchanged(&loaded)).await.unwrap_err(),
        behind
            .write(&long, loaded.payload.clone(), &MINUTE, Precondition::Unchanged(&flasks))
            .await
            .unwrap_err(),
        behind.write(&too_long, small(), &MINUTE, absent).await.unwrap_err(),
        behind.write(&long, small(), &lease, absent).await.unwrap_err(),
        behind.touch(&long, &lease, &loaded).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::TooLarge, false), "{error}");
    }
    assert_eq!(proxy.cut_report().requests, 0, "nothing was sent");
    assert!(store.delete(&long, None, Some(&loaded)).await.unwrap());
}

/// A session that Flask wrote with more than our limit can still be read, renewed and ended.
#[tokio::test]
async fn larger_document_of_flask_is_read_renewed_and_ended() {
    let place = Place::new();
    let store = place.store().await;
    let large = doc! { "$set": flask_fields(&vec![b'f'; 12 << 20], 60) };
    let documents = place.documents().await;
    documents.update_one(doc! { "id": "session:large" }, large).upsert(true).await.unwrap();
    let loaded = store.load(&key("large")).await.unwrap().unwrap();
    assert_eq!(store.touch(&key("large"), &MINUTE, &loaded).await.unwrap(), WRITTEN);
    assert!(Write::Update.make(&store, &key("large"), &loaded).await.unwrap());
    assert!(store.delete(&key("large"), None, None).await.unwrap());
}
