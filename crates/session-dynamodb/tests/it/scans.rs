//! All sessions of a prefix, page by page.

use crate::common::{
    b, client, create, epoch, fresh_name, key, make_as_flask, n, patient, put, s, store, url,
};
use crate::stand_in::StandIn;
use session_core::store::{Cursor, Page};
use session_core::{ErrorKind, Store};
use session_dynamodb::{DynamoDbOptions, DynamoDbStore, MissingExpiry};
use std::num::NonZeroUsize;

const MANY: NonZeroUsize = NonZeroUsize::new(100).unwrap();

fn names(page: &Page) -> Vec<&str> {
    let mut names: Vec<_> = page.records.iter().map(|(key, _)| key.as_str()).collect();
    names.sort_unstable();
    names
}

/// A store of a table as Flask makes it, in which others have items, too.
async fn flasks(options: impl Fn(DynamoDbOptions) -> DynamoDbOptions) -> (DynamoDbStore, String) {
    let table = fresh_name("Scanned");
    make_as_flask(&table).await;
    let store = DynamoDbStore::connect(options(patient(&url()).table(&table))).await.unwrap();
    (store, table)
}

/// A page is what is looked at: the live ones are not searched for among the others.
#[tokio::test]
async fn expired_items_and_those_of_others_count_for_a_page() {
    let (store, table) = flasks(|options| options).await;
    let client = client(&url());
    for number in 0..20 {
        let (id, end) = (s(&format!("session:{number}")), n(epoch() - 1));
        put(&client, &table, &[("id", id), ("val", b(b"x")), ("expiration", end)]).await;
        let (id, end) = (s(&format!("other:{number}")), n(epoch() + 60));
        put(&client, &table, &[("id", id), ("val", b(b"x")), ("expiration", end)]).await;
    }
    create(&store, &key("live"), "x").await;
    let most = NonZeroUsize::new(4).unwrap();
    let (mut listed, mut pages, mut after) = (Vec::new(), 0, None::<Cursor>);
    loop {
        let page = store.scan("session:", after.as_ref(), most).await.unwrap();
        listed.extend(page.records.iter().map(|(key, _)| key.clone()));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, [key("live")]);
    assert_eq!(pages, 41 / 4 + 1);
}

#[tokio::test]
async fn items_are_listed_as_they_are_loaded() {
    let soon = || n(epoch() + 60);
    for missing in [MissingExpiry::Expired, MissingExpiry::Live] {
        let (store, table) = flasks(|options| options.missing_expiry(missing)).await;
        let client = client(&url());
        for (name, item) in [
            ("bytes", vec![("val", b(b"x")), ("expiration", soon())]),
            ("text", vec![("val", s("{}")), ("expiration", soon())]),
            ("endless", vec![("val", b(b"x"))]),
            ("number", vec![("val", n(1)), ("expiration", soon())]),
            ("no value", vec![("expiration", soon())]),
            ("an end in text", vec![("val", b(b"x")), ("expiration", s("9999999999"))]),
        ] {
            let id = [("id", s(&format!("session:{name}")))];
            put(&client, &table, &[&id[..], &item].concat()).await;
        }
        for prefix in ["session:", ""] {
            let page = store.scan(prefix, None, MANY).await.unwrap();
            let expected = match missing {
                MissingExpiry::Expired => &["session:bytes", "session:text"][..],
                MissingExpiry::Live => &["session:bytes", "session:endless", "session:text"],
            };
            assert_eq!(names(&page), expected);
            for (key, record) in &page.records {
                let loaded = store.load(key).await.unwrap().unwrap();
                assert_eq!((&record.payload, record.cas), (&loaded.payload, loaded.cas));
            }
        }
    }
}

/// The server reads no more than a megabyte for one request.
#[tokio::test]
async fn page_of_large_items_ends_early_and_the_next_goes_on() {
    let (store, table) = flasks(|options| options).await;
    let client = client(&url());
    for number in 0..5 {
        let id = ("id", s(&format!("session:{number}")));
        put(&client, &table, &[id, ("val", b(&[7; 390_000])), ("expiration", n(epoch() + 60))])
            .await;
    }
    let first = store.scan("session:", None, MANY).await.unwrap();
    assert!((1..5).contains(&first.records.len()), "{}", first.records.len());
    let second = store.scan("session:", first.next.as_ref(), MANY).await.unwrap();
    assert_eq!(first.records.len() + second.records.len(), 5);
}

#[tokio::test]
async fn page_is_one_consistent_request_and_made_again_when_throttled() {
    let stand_in = StandIn::start().await;
    let store = store(patient(&stand_in.url).table(fresh_name("ScanThrottled"))).await;
    create(&store, &key("a"), "x").await;
    stand_in.take();
    assert_eq!(names(&store.scan("session:", None, MANY).await.unwrap()), ["session:a"]);
    let requests = stand_in.take();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].contains(r#""ConsistentRead":true"#), "{}", requests[0]);
    stand_in.refuse(400, "ProvisionedThroughputExceededException", 2);
    assert_eq!(names(&store.scan("session:", None, MANY).await.unwrap()), ["session:a"]);
    assert_eq!(stand_in.take().len(), 3);
}

/// Operating needs it, and no request does.
#[tokio::test]
async fn right_to_scan_is_asked_for_by_a_scan_alone() {
    let stand_in = StandIn::start().await;
    let table = fresh_name("ScanRights");
    let options = patient(&stand_in.url).table(&table);
    stand_in.deny(&["Scan"]);
    let store = store(options).await;
    create(&store, &key("a"), "x").await;
    let error = store.scan("session:", None, MANY).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false), "{error}");
    let named = format!("grant them dynamodb:Scan on the table `{table}`");
    assert!(error.to_string().ends_with(&named), "{error}");
}

#[tokio::test]
async fn cursor_is_a_key_and_nothing_else() {
    let (store, _) = flasks(|options| options).await;
    for text in ["{\"S\":\"x\"}", "#k", ":now", "\0", "\u{10ffff}"] {
        let after = Cursor::after_key(text);
        assert!(store.scan("session:", Some(&after), MANY).await.unwrap().records.is_empty());
    }
    for text in [String::new(), "k".repeat(2_049)] {
        let error = store.scan("", Some(&Cursor::after_key(&text)), MANY).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Decode, false));
    }
}
