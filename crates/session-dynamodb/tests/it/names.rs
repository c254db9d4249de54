//! Names of attributes and keys are data, whatever they hold.

use crate::common::{MINUTE, WRITTEN, fresh_name, key, patient, store, url};
use session_core::{Lease, Precondition, Store, StoreKey};
use std::time::Duration;

#[tokio::test]
async fn names_of_attributes_may_be_reserved_or_hostile() {
    let longest = "a".repeat(255);
    let names = [
        "key",
        "data",
        "ttl",
        "value",
        "name",
        "status",
        "timestamp",
        "user",
        "session",
        "size",
        "NULL",
        "and",
        "#k",
        "#v",
        ":now",
        ":old",
        "a.b",
        "a[0]",
        "$.x",
        "*",
        "?",
        "(",
        ")",
        ",",
        "=",
        "<>",
        "\"",
        "'",
        "\\",
        "\"},\"x\":{\"S\":\"",
        "' OR '1'='1",
        "a b",
        " ",
        "\t",
        "\n",
        "%00",
        "../",
        "é",
        "e\u{301}",
        "\u{202e}",
        "😀",
        &longest,
    ];
    assert!(names.len() >= 40);
    for at in 0..names.len() {
        let [key_name, value, expiry, owner] = [0, 1, 2, 3].map(|n| names[(at + n) % names.len()]);
        let options = patient(&url())
            .table(fresh_name("Names"))
            .key_attribute(key_name)
            .value_attribute(value)
            .expiry_attribute(expiry)
            .owner_attribute(owner)
            .owner_index(true);
        let store = store(options).await;
        let lease = Lease { ttl: Duration::from_secs(60), owner: Some("o") };
        let written = store.write(&key("x"), "x".into(), &lease, Precondition::Absent).await;
        assert_eq!(written.unwrap(), WRITTEN, "{key_name:?}");
        let loaded = store.load(&key("x")).await.unwrap().unwrap();
        assert_eq!(store.touch(&key("x"), &lease, &loaded).await.unwrap(), WRITTEN);
        assert_eq!(store.list_by_owner("o").await.unwrap(), [key("x")]);
        assert!(store.delete(&key("x"), None, Some(&loaded)).await.unwrap());
    }
}

#[tokio::test]
async fn hostile_prefixes_are_parts_of_keys_and_no_more() {
    let table = fresh_name("Prefixes");
    let store = store(patient(&url()).table(&table)).await;
    let prefixes = [
        "\"",
        "'",
        "\\",
        "\0",
        "\n",
        "\r\n",
        "{",
        "}",
        "\"}}",
        "#k",
        ":now",
        "$",
        "%00",
        "*",
        "?",
        "../",
        "/",
        ";",
        "--",
        "' OR '1'='1",
        "\"},\"x\":{\"S\":\"",
        "é",
        "e\u{301}",
        "\u{feff}",
        "\u{202e}",
        "😀",
        " ",
        "\t",
        "\u{7f}",
        "&",
        "<",
        ">",
        "|",
        "`",
        "^",
        "~",
        "(",
        ")",
        "[",
        "]",
    ];
    assert!(prefixes.len() >= 40);
    for prefix in prefixes {
        let written = store
            .write(&StoreKey::new(prefix, "id"), prefix.into(), &MINUTE, Precondition::Absent)
            .await;
        assert_eq!(written.unwrap(), WRITTEN, "{prefix:?}");
    }
    for prefix in prefixes {
        let key = StoreKey::new(prefix, "id");
        let loaded = store.load(&key).await.unwrap().expect(prefix);
        assert_eq!(loaded.payload, prefix.as_bytes(), "{prefix:?}");
        assert!(store.delete(&key, None, Some(&loaded)).await.unwrap(), "{prefix:?}");
    }
}
