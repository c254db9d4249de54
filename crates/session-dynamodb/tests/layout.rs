//! What stands in the table, read and written by the application's own client.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
#![allow(clippy::large_futures, reason = "the client's are, and a test has few")]

mod common;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use common::{
    MINUTE, WRITTEN, client, create, fresh_name, key, make_as_flask, patient, s, store, url,
};
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Store, StoreKey};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore, MissingExpiry};
use session_testkit::proxy::Proxy;
use session_testkit::server;
use std::collections::HashMap;
use std::slice::from_ref;
use std::time::{Duration, SystemTime};

/// What Flask-Session 0.8 wrote for `{'_permanent': True, 'user_id': 42, 'name': 'Zoë', 'ok': True}`.
const FLASK_ID: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const FLASK_VALUE: &[u8] = b"\x84\xaa_permanent\xc3\xa7user_id\x2a\xa4name\xa4Zo\xc3\xab\xa2ok\xc3";
/// The digits of a float that is a decimal in Python.
const FLASK_FRACTION: &str = ".12345600128173828125";
/// The fork's value for the like, as text.
const FORK_VALUE: &str = r#"{"_permanent":true,"name":"Zo\u00eb","when":{" t":[1]}}"#;

type Item = HashMap<String, AttributeValue>;

fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn b(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn epoch() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

async fn put(client: &Client, table: &str, item: &[(&str, AttributeValue)]) {
    let item: Item = item.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

async fn get(client: &Client, table: &str, attribute: &str, key: &str) -> Option<Item> {
    let request = client.get_item().table_name(table).key(attribute, s(key));
    request.consistent_read(true).send().await.unwrap().item
}

#[tokio::test]
async fn item_is_the_one_of_flask() {
    let table = fresh_name("Layout");
    let store = store(patient(&url()).table(&table)).await;
    let client = client(&url());
    let ttl = Duration::from_secs(2_678_400);
    let lease = Lease { ttl, owner: Some("not written without an index") };
    let key = key(FLASK_ID);
    let name = format!("session:{FLASK_ID}");

    let before = epoch();
    let value = Bytes::from_static(FLASK_VALUE);
    let written = store.write(&key, value.clone(), &lease, Precondition::Absent).await;
    assert_eq!(written.unwrap(), WRITTEN);
    for _ in 0..2 {
        let item = get(&client, &table, "id", &name).await.unwrap();
        assert_eq!(item.len(), 3, "{:?}", item.keys());
        assert_eq!((&item["id"], &item["val"]), (&s(&name), &b(FLASK_VALUE)));
        let end: u64 = item["expiration"].as_n().unwrap().parse().expect("a whole number");
        let left = end - ttl.as_secs();
        assert!((before..=epoch() + 1).contains(&left), "{left} after {before}");

        let loaded = store.load(&key).await.unwrap().unwrap();
        assert_eq!((&loaded.payload, loaded.cas), (&value, 0));
        let same = Precondition::Unchanged(&loaded);
        assert_eq!(store.write(&key, value.clone(), &lease, same).await.unwrap(), WRITTEN);
    }
}

#[tokio::test]
async fn flask_record_is_loaded_while_its_fraction_lasts() {
    make_as_flask("LayoutOfFlask").await;
    let store = DynamoDbStore::connect(patient(&url()).table("LayoutOfFlask")).await.unwrap();
    let client = client(&url());
    for (end, is_live) in [(epoch() + 60, true), (epoch() - 1, false)] {
        let expiry = n(format!("{end}{FLASK_FRACTION}"));
        let item = [("id", s("session:flask")), ("val", b(FLASK_VALUE)), ("expiration", expiry)];
        put(&client, "LayoutOfFlask", &item).await;
        let found = store.load(&key("flask")).await.unwrap();
        assert_eq!(found.is_some(), is_live);
        let Some(record) = found else { continue };
        assert_eq!(record.payload, FLASK_VALUE);
        assert!(record.ttl > Duration::from_secs(30) && record.ttl < Duration::from_secs(61));
        let same = Precondition::Unchanged(&record);
        let written = store.write(&key("flask"), "new".into(), &MINUTE, same).await;
        assert_eq!(written.unwrap(), WRITTEN);
        let item = get(&client, "LayoutOfFlask", "id", "session:flask").await.unwrap();
        assert!(!item["expiration"].as_n().unwrap().contains('.'), "{item:?}");
    }
}

/// The server's own expiry comes up to two days late; until then the item is there.
#[tokio::test]
async fn expired_item_is_gone_for_every_call() {
    let table = fresh_name("Expired");
    make_as_flask(&table).await;
    let store = DynamoDbStore::connect(patient(&url()).table(&table)).await.unwrap();
    let client = client(&url());
    let loaded = create(&store, &key("x"), "old").await;
    let expired = n(epoch() - 1);
    let item = [("id", s("session:x")), ("val", b(b"old")), ("expiration", expired)];
    put(&client, &table, &item).await;
    assert_eq!(store.load(&key("x")).await.unwrap(), None);
    let same = Precondition::Unchanged(&loaded);
    let refused = store.write(&key("x"), "new".into(), &MINUTE, same).await.unwrap();
    assert_eq!(refused, Outcome::Refused);
    assert_eq!(store.touch(&key("x"), &MINUTE, &loaded).await.unwrap(), Outcome::Refused);
    assert!(!store.delete(&key("x"), None, Some(&loaded)).await.unwrap());
    assert!(!store.delete(&key("x"), None, None).await.unwrap());
    assert!(get(&client, &table, "id", "session:x").await.is_some(), "the item was there");
    let created = store.write(&key("x"), "new".into(), &MINUTE, Precondition::Absent).await;
    assert_eq!(created.unwrap(), WRITTEN);
}

#[tokio::test]
async fn item_without_an_expiry_is_as_gone_as_an_expired_one() {
    let table = fresh_name("Endless");
    make_as_flask(&table).await;
    let client = client(&url());
    let endless = [("id", s("session:x")), ("val", b(b"old"))];
    put(&client, &table, &endless).await;

    let live = patient(&url()).table(&table).missing_expiry(MissingExpiry::Live);
    let live = DynamoDbStore::connect(live).await.unwrap();
    let refused = live.write(&key("x"), "new".into(), &MINUTE, Precondition::Absent).await;
    assert_eq!(refused.unwrap(), Outcome::Refused);

    let store = DynamoDbStore::connect(patient(&url()).table(&table)).await.unwrap();
    assert_eq!(store.load(&key("x")).await.unwrap(), None);
    let created = store.write(&key("x"), "new".into(), &MINUTE, Precondition::Absent).await;
    assert_eq!(created.unwrap(), WRITTEN);
    assert_eq!(store.load(&key("x")).await.unwrap().unwrap().payload, "new");
}

#[tokio::test]
async fn table_of_the_fork_is_read_and_upgraded_by_writing() {
    let table = fresh_name("Fork");
    let options = patient(&url())
        .table(&table)
        .key_attribute("SessionId")
        .value_attribute("Session")
        .missing_expiry(MissingExpiry::Live);
    let store = store(options.clone()).await;
    let client = client(&url());
    let fork = [("SessionId", s("session:f")), ("Session", s(FORK_VALUE))];
    put(&client, &table, &fork).await;

    let strict = options.missing_expiry(MissingExpiry::Expired);
    let strict = DynamoDbStore::connect(strict).await.unwrap();
    assert_eq!(strict.load(&key("f")).await.unwrap(), None, "unless it is told");

    let loaded = store.load(&key("f")).await.unwrap().unwrap();
    assert_eq!((&loaded.payload[..], loaded.ttl), (FORK_VALUE.as_bytes(), Duration::MAX));
    let absent = store.write(&key("f"), "new".into(), &MINUTE, Precondition::Absent).await;
    assert_eq!(absent.unwrap(), Outcome::Refused);

    // A touch gives it an expiry, and leaves the text a text.
    let touched = store.touch(&key("f"), &MINUTE, &loaded).await.unwrap();
    assert_eq!(touched, Outcome::Written { cas: loaded.cas });
    let item = get(&client, &table, "SessionId", "session:f").await.unwrap();
    assert_eq!(item["Session"], s(FORK_VALUE));
    let loaded = store.load(&key("f")).await.unwrap().unwrap();
    assert!(loaded.ttl <= Duration::from_secs(61));

    let same = Precondition::Unchanged(&loaded);
    let written = store.write(&key("f"), "new".into(), &MINUTE, same).await.unwrap();
    assert_eq!(written, WRITTEN);
    let item = get(&client, &table, "SessionId", "session:f").await.unwrap();
    assert_eq!(item["Session"], b(b"new"));
    assert!(item["expiration"].is_n());
    let stale = store.write(&key("f"), "newer".into(), &MINUTE, same).await.unwrap();
    assert_eq!(stale, Outcome::Refused);

    put(&client, &table, &fork).await;
    let loaded = store.load(&key("f")).await.unwrap().unwrap();
    assert!(store.delete(&key("f"), None, Some(&loaded)).await.unwrap());
    put(&client, &table, &fork).await;
    assert!(store.delete(&key("f"), None, None).await.unwrap());
    assert!(!store.delete(&key("f"), None, None).await.unwrap());
}

#[tokio::test]
async fn largest_item_is_the_one_that_the_server_takes() {
    let table = fresh_name("Limits");
    let store = store(patient(&url()).table(&table).owner_index(true)).await;
    let proxied = Proxy::start(server::socket_addr(&url(), None).unwrap()).await.unwrap();
    let through = patient(&server::redirect(&url(), proxied.addr())).table(&table);
    let behind = DynamoDbStore::connect(through.owner_index(true)).await.unwrap();
    let limits = store.capabilities();
    let (limit, longest) = (limits.max_payload.unwrap(), "k".repeat(limits.max_key.unwrap()));
    let lease = Lease { ttl: Duration::from_secs(60), owner: Some(&longest) };
    let key = StoreKey::new("", &longest);
    for size in [limit - 1, limit] {
        let payload = Bytes::from(vec![1; size]);
        let written = store.write(&key, payload.clone(), &lease, Precondition::Absent).await;
        assert_eq!(written.unwrap(), WRITTEN, "{size} bytes");
        let loaded = store.load(&key).await.unwrap().unwrap();
        assert_eq!(loaded.payload, payload);
        let same = Precondition::Unchanged(&loaded);
        assert_eq!(store.write(&key, payload, &lease, same).await.unwrap(), WRITTEN);
        assert_eq!(store.list_by_owner(&longest).await.unwrap(), from_ref(&key));
        assert!(store.delete(&key, Some(&longest), Some(&loaded)).await.unwrap());
    }

    let loaded = create(&store, &key, "old").await;
    let before = proxied.round_trips();
    let larger = Bytes::from(vec![1; limit + 1]);
    let longer = StoreKey::new("k", &longest);
    for when in [Precondition::Absent, Precondition::Unchanged(&loaded)] {
        for (key, payload) in [(&key, larger.clone()), (&longer, Bytes::from_static(b"x"))] {
            let refused = behind.write(key, payload, &lease, when).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::TooLarge);
        }
    }
    assert_eq!(proxied.round_trips(), before, "nothing was sent");
    assert_eq!(store.load(&key).await.unwrap().unwrap().payload, "old");
}

/// What is reserved for names, key, owner and number is what the server counts.
#[tokio::test]
async fn item_above_the_limit_is_refused_by_the_server() {
    let table = fresh_name("Counting");
    make_as_flask(&table).await;
    let store = DynamoDbStore::connect(patient(&url()).table(&table)).await.unwrap();
    let client = client(&url());
    let longest = "k".repeat(2_048);
    let limit = store.capabilities().max_payload.unwrap();
    // A ten-digit number takes 6 of the 21 bytes that one may take.
    for (size, is_taken) in [(limit + 15, true), (limit + 22, false)] {
        let item: Item = [
            ("id".to_owned(), s(&longest)),
            ("val".to_owned(), b(&vec![1; size])),
            ("expiration".to_owned(), n(epoch() + 60)),
        ]
        .into();
        let put = client.put_item().table_name(&table).set_item(Some(item)).send().await;
        assert_eq!(put.is_ok(), is_taken, "{size}");
    }
    // What others put into the item counts, too, and only the server knows of it.
    let item = [
        ("id", s("session:full")),
        ("val", b(b"old")),
        ("expiration", n(epoch() + 60)),
        ("note", s(&"n".repeat(3_000))),
    ];
    put(&client, &table, &item).await;
    let loaded = store.load(&key("full")).await.unwrap().unwrap();
    let same = Precondition::Unchanged(&loaded);
    let error = store.write(&key("full"), vec![1; limit].into(), &MINUTE, same).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::TooLarge, false));
    let written = store.write(&key("full"), "new".into(), &MINUTE, same).await.unwrap();
    assert_eq!(written, WRITTEN);
    let item = get(&client, &table, "id", "session:full").await.unwrap();
    assert!(item.contains_key("note"), "what others put there stays");
}

#[tokio::test]
async fn each_call_is_one_request() {
    let table = fresh_name("Requests");
    let proxy = Proxy::start(server::socket_addr(&url(), None).unwrap()).await.unwrap();
    let url = server::redirect(&url(), proxy.addr());
    let store = store(patient(&url).table(&table).owner_index(true)).await;
    let lease = Lease { ttl: Duration::from_secs(60), owner: Some("o") };
    let (key, absent) = (key("x"), Precondition::Absent);
    let mut seen = proxy.round_trips();
    macro_rules! assert_costs {
        ($requests:literal, $call:expr) => {
            $call;
            let now = proxy.round_trips();
            assert_eq!(now - seen, $requests, "requests of {}", stringify!($call));
            seen = now;
        };
    }
    assert_costs!(1, assert_eq!(store.load(&key).await.unwrap(), None));
    assert_costs!(
        1,
        assert_eq!(store.write(&key, "a".into(), &lease, absent).await.unwrap(), WRITTEN)
    );
    assert_costs!(
        1,
        assert_eq!(store.write(&key, "b".into(), &lease, absent).await.unwrap(), Outcome::Refused)
    );
    let loaded = store.load(&key).await.unwrap().unwrap();
    seen += 1;
    let same = Precondition::Unchanged(&loaded);
    assert_costs!(
        1,
        assert_eq!(store.write(&key, "a".into(), &lease, same).await.unwrap(), WRITTEN)
    );
    assert_costs!(1, assert_eq!(store.touch(&key, &lease, &loaded).await.unwrap(), WRITTEN));
    assert_costs!(2, assert_eq!(store.list_by_owner("o").await.unwrap(), from_ref(&key)));
    assert_costs!(1, assert_eq!(store.list_by_owner("nobody").await.unwrap(), []));
    assert_costs!(1, assert!(store.delete(&key, None, Some(&loaded)).await.unwrap()));
    assert_costs!(1, assert!(!store.delete(&key, Some("o"), None).await.unwrap()));
    assert_costs!(0, assert_eq!(store.delete_expired().await.unwrap(), 0));
    assert_eq!(seen, proxy.round_trips());
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn owner_of_many_is_listed_page_by_page() {
    let table = fresh_name("Owners");
    let store = store(patient(&url()).table(&table).owner_index(true)).await;
    let lease = Lease { ttl: Duration::from_secs(600), owner: Some("many") };
    let mut expected = Vec::new();
    for number in 0..250 {
        let key = key(&format!("{number:03}"));
        let written = store.write(&key, "x".into(), &lease, Precondition::Absent).await.unwrap();
        assert_eq!(written, WRITTEN);
        expected.push(key);
    }
    assert_eq!(store.list_by_owner("many").await.unwrap(), expected);
}

#[tokio::test]
async fn owners_follow_updates_and_renewals() {
    let table = fresh_name("OwnersFollow");
    let store = store(patient(&url()).table(&table).owner_index(true)).await;
    let owned = |owner| Lease { ttl: Duration::from_secs(60), owner };
    let loaded = create(&store, &key("x"), "x").await;
    assert_eq!(store.touch(&key("x"), &owned(Some("a")), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(store.list_by_owner("a").await.unwrap(), [key("x")]);
    let same = Precondition::Unchanged(&loaded);
    assert_eq!(store.write(&key("x"), "x".into(), &owned(Some("b")), same).await.unwrap(), WRITTEN);
    assert_eq!(store.list_by_owner("a").await.unwrap(), []);
    assert_eq!(store.list_by_owner("b").await.unwrap(), [key("x")]);
    assert_eq!(store.touch(&key("x"), &owned(None), &loaded).await.unwrap(), WRITTEN);
    assert_eq!(store.list_by_owner("b").await.unwrap(), []);
    let item = get(&client(&url()), &table, "id", "session:x").await.unwrap();
    assert!(!item.contains_key("owner"), "without an owner it is not in the index");
}

#[tokio::test]
async fn malformed_items_are_undecodable() {
    make_as_flask("Malformed").await;
    let store = DynamoDbStore::connect(patient(&url()).table("Malformed")).await.unwrap();
    let client = client(&url());
    let end = n(epoch() + 60);
    for item in [
        vec![("id", s("session:m")), ("val", n(1)), ("expiration", end.clone())],
        vec![("id", s("session:m")), ("expiration", end.clone())],
        vec![("id", s("session:m")), ("val", b(b"hunter2")), ("expiration", s("hunter2"))],
    ] {
        put(&client, "Malformed", &item).await;
        let error = store.load(&key("m")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Decode, false));
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn debug_and_errors_show_no_key_and_no_payload() {
    let store = store(patient(&url()).table("LayoutDebug")).await;
    let missing = DynamoDbOptions::new(url()).table(fresh_name("None"));
    let missing = DynamoDbStore::connect(missing).await.unwrap();
    let key = key("hunter2");
    let error = missing.write(&key, "hunter2".into(), &MINUTE, Precondition::Absent).await;
    let shown = format!("{store:?} {:?} {key:?}", error.unwrap_err());
    assert!(!shown.contains("hunter2") && !shown.contains("local\""), "{shown}");
}
