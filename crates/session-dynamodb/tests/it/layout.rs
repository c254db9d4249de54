//! What stands in the table, read and written by the application's own client.

use crate::common::{
    MINUTE, WRITTEN, b, client, create, epoch, fresh_name, get, key, make_as_flask, n, patient,
    put, s, store, url,
};
use session_core::{Bytes, ErrorKind, Lease, Outcome, Precondition, Store};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore, MissingExpiry};
use session_testkit::proxy::Proxy;
use session_testkit::server;
use std::slice::from_ref;
use std::time::Duration;

/// What Flask-Session 0.8 wrote for `{'_permanent': True, 'user_id': 42, 'name': 'Zoë', 'ok': True}`.
const FLASK_ID: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const FLASK_VALUE: &[u8] = b"\x84\xaa_permanent\xc3\xa7user_id\x2a\xa4name\xa4Zo\xc3\xab\xa2ok\xc3";
/// The digits of a float that is a decimal in Python.
const FLASK_FRACTION: &str = ".12345600128173828125";
/// The fork's value for the like, as text.
const FORK_VALUE: &str = r#"{"_permanent":true,"name":"Zo\u00eb","when":{" t":[1]}}"#;

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
