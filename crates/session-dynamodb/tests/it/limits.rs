//! How large an item may be, by the store and by the server.

use crate::common::{
    Item, MINUTE, WRITTEN, b, client, create, epoch, fresh_name, get, key, make_as_flask, n,
    patient, put, s, store, url,
};
use session_core::{Bytes, ErrorKind, Lease, Precondition, Store, StoreKey};
use session_dynamodb::DynamoDbStore;
use session_testkit::proxy::Proxy;
use session_testkit::server;
use std::slice::from_ref;
use std::time::Duration;

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
