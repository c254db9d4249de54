//! Errors that a server answers with, and keys that it could take for more than text.

use crate::common::{Place, WRITES, Write, create, eventually, fail, key, payload};
use mongodb::bson::doc;
use session_core::{ErrorKind, Store, StoreKey};
use session_testkit::MongoServer;

#[tokio::test]
async fn errors_of_the_server_mean_what_is_known() {
    let server = MongoServer::start().await.unwrap();
    // The driver takes the server for lost, and looks again this often.
    let url = format!("{}&heartbeatFrequencyMS=500", server.url());
    let place = Place { url, ..Place::on(&server) };
    let client = place.client().await;
    let store = place.store().await;
    use ErrorKind::{Config, Unavailable, Unknown};
    for (code, read, written) in [
        (10_107, (Unavailable, true), (Unavailable, true)),
        (13_435, (Unavailable, true), (Unavailable, true)),
        (112, (Unavailable, true), (Unavailable, true)),
        (13, (Unavailable, false), (Unavailable, false)),
        (73, (Config, false), (Config, false)),
        (11_602, (Unavailable, true), (Unknown, false)),
        (91, (Unavailable, true), (Unknown, false)),
        (50, (Unavailable, true), (Unknown, false)),
    ] {
        let loaded = Write::Update.prepare(&store, &key("code")).await;
        fail(&client, &["find"], 1, doc! { "errorCode": code }).await;
        let error = store.load(&key("code")).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), read, "{code}: {error}");
        eventually("it goes on", async || store.load(&key("code")).await.is_ok()).await;
        fail(&client, &["update"], 1, doc! { "errorCode": code }).await;
        let error = Write::Update.make(&store, &key("code"), &loaded).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), written, "{code}: {error}");
        eventually("it goes on", async || store.load(&key("code")).await.is_ok()).await;
        assert_eq!(payload(&store, &key("code")).await.as_deref(), Some(&b"old"[..]));
    }
}

#[tokio::test]
async fn write_that_the_others_did_not_confirm_is_unknown() {
    let server = MongoServer::start().await.unwrap();
    let place = Place::on(&server);
    let client = place.client().await;
    let store = place.store().await;
    for write in WRITES {
        let loaded = write.prepare(&store, &key("concern")).await;
        let concern = doc! { "writeConcernError": { "code": 64, "errmsg": "waiting" } };
        fail(&client, &[write.command()], 1, concern).await;
        let error = write.make(&store, &key("concern"), &loaded).await.unwrap_err();
        let seen = (error.kind(), error.is_retryable());
        assert_eq!(seen, (ErrorKind::Unknown, false), "{write:?}: {error}");
        let left = payload(&store, &key("concern")).await;
        assert_eq!(left.as_deref(), write.after().map(str::as_bytes), "{write:?}");
    }
}

/// Keys that are more than text elsewhere; here they are values, and nothing else.
#[tokio::test]
async fn hostile_keys_are_only_keys() {
    let place = Place::new();
    let store = place.store().await;
    let bystander = create(&store, &key("bystander"), "mine").await;
    let words = [
        "$where",
        "$gt",
        "$ne",
        "$regex",
        "{\"$gt\":\"\"}",
        "{$ne:null}",
        "$expr",
        "$$NOW",
        "$id",
        "$$ROOT",
        "_id",
        "id",
        "val",
        "expiration",
        "owner",
        "",
        " ",
        "\0",
        "a\0b",
        "\u{0}$cmd",
        "'; db.dropDatabase(); '",
        "'||'1'=='1",
        "true, $where: '1 == 1'",
        "[$ne]=1",
        ".*",
        "^",
        "(?i)a",
        "a.b",
        "a.$",
        "..",
        "session:bystander\0",
        "session:bystander ",
        "SESSION:BYSTANDER",
        "session:bystande",
        "\u{feff}",
        "\u{202e}",
        "ß",
        "SS",
        "\n",
        "%00",
    ];
    assert_eq!(words.len(), 40);
    for word in words {
        let key = StoreKey::new("", word);
        assert_eq!(store.load(&key).await.unwrap(), None, "{word:?} matches nothing yet");
        assert!(!store.delete(&key, None, None).await.unwrap(), "{word:?}");
        assert!(!store.delete(&key, None, Some(&bystander)).await.unwrap(), "{word:?}");
        let loaded = create(&store, &key, "word").await;
        assert!(Write::Update.make(&store, &key, &loaded).await.unwrap(), "{word:?}");
        assert_eq!(payload(&store, &key).await.as_deref(), Some(&b"new"[..]), "{word:?}");
    }
    let kept = store.load(&key("bystander")).await.unwrap().unwrap();
    assert_eq!(kept.payload, bystander.payload);
    assert_eq!(place.documents().await.count_documents(doc! {}).await.unwrap(), 41);
}
