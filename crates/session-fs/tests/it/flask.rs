//! Sessions shared with Flask: read through a manager, and written for Python to read.

use crate::common::{KEY, MD5, SHA256, open, tail};
use serde::Serialize;
use session_core::{Config, Format, Session, SessionManager, Timestamp, Value};
use session_fs::FileOptions;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

async fn manager(dir: &Path, format: Format) -> SessionManager {
    let store = open(FileOptions::new(dir)).await;
    let config = Config::builder().format(format).build().unwrap();
    SessionManager::new(Arc::new(store), config, None).unwrap()
}

/// Runs `change` in a request of the client whose id is [`KEY`], and stores what it did.
async fn request(manager: &SessionManager, change: impl FnOnce(&Session)) {
    let exchange = manager.open();
    let session = exchange.session([format!("session={KEY}").as_bytes()]).await.unwrap();
    change(&session);
    exchange.commit().await.unwrap();
}

/// A file of some release of cachelib: its name, the header for an end in an hour, the body.
fn files() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let ends = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3600);
    let ends = (ends.as_secs() as u32).to_le_bytes();
    let old = 1_702_678_400_u32.to_le_bytes();
    let unhex = |digits: &str| -> Vec<u8> {
        let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
        digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    };
    let lines = include_str!("../data/cachelib.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let [_, name, expiry, header, body] =
                line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let mut header = unhex(header);
            let at = header.windows(4).position(|bytes| bytes == old)?;
            assert_ne!(expiry, "0");
            header[at..at + 4].copy_from_slice(&ends);
            Some((name.to_owned(), header, unhex(body)))
        })
        .collect()
}

#[tokio::test]
async fn session_of_every_cachelib_is_read_and_rewritten_where_it_lies() {
    let files = files();
    assert!(files.iter().any(|(name, ..)| name == MD5));
    assert!(files.iter().any(|(name, ..)| name == SHA256));
    assert_eq!(files.iter().map(|(_, header, _)| header.len()).collect::<Vec<_>>(), [6, 17, 4, 4]);
    for (name, header, body) in files {
        for (format, magic) in [(Format::MessagePack, &b"\x8b"[..]), (Format::Pickle, b"\x80\x04}")]
        {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(&name);
            fs::write(&path, [&header[..], &body].concat()).unwrap();
            let manager = manager(dir.path(), format).await;
            request(&manager, |session| {
                assert!(session.is_permanent());
                assert_eq!(session.get("user_id").unwrap(), Some(42));
                assert_eq!(session.get("name").unwrap(), Some("Zoë ☃".to_owned()));
                let cart = BTreeMap::from([("sku-1".to_owned(), 2), ("sku-2".to_owned(), 1)]);
                assert_eq!(session.get("cart").unwrap(), Some(cart));
            })
            .await;
            let read = fs::read(&path).unwrap();
            let is_there = read.windows(body.len()).any(|part| part == body);
            assert!(is_there, "reading changes no value");

            request(&manager, |session| session.insert("from_rust", 1).unwrap()).await;
            let written = fs::read(&path).unwrap();
            assert!(written[4..].starts_with(magic), "{:x?}", &written[..8]);
            request(&manager, |session| {
                assert_eq!(session.get("user_id").unwrap(), Some(42));
                assert_eq!(session.get("from_rust").unwrap(), Some(1));
            })
            .await;
        }
    }
}

/// Collections with nothing in them.
#[derive(Default, Serialize)]
struct Nested {
    list: Vec<u8>,
    map: BTreeMap<String, u8>,
    tuple: [u8; 0],
}

/// Runs `tests/data/shares_session.py` with the Python of Flask-Session 0.8, cachelib and msgspec.
fn python(dir: &Path, action: &str) {
    let python = std::env::var_os("SESSION_TEST_PYTHON").expect("SESSION_TEST_PYTHON is set");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shares_session.py");
    let status = Command::new(python).arg(script).arg(dir).arg(action).status().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn flask_and_rust_read_and_write_one_session() {
    let dir = tempfile::tempdir().unwrap();
    python(dir.path(), "write");
    let manager = manager(dir.path(), Format::Pickle).await;
    request(&manager, |session| {
        assert_eq!(session.get("decimal").unwrap(), Some("19.90".to_owned()));
        assert_eq!(session.get("set").unwrap(), Some(vec![1, 2]));
        session.insert("none", ()).unwrap();
        let ints: [i128; 9] =
            [0, -1, 255, 256, 65536, -(1 << 31) - 1, 1 << 63, (1 << 64) - 1, i128::MAX];
        session.insert("ints", ints.to_vec()).unwrap();
        session.insert("float", 1.5).unwrap();
        session.insert("text", "Zoë ☃ 😀").unwrap();
        session.insert("long", "x".repeat(70_000)).unwrap();
        session.insert("bytes", Value::Bytes(vec![0, 255])).unwrap();
        session.insert("pair", (1, "a")).unwrap();
        session.insert("map", BTreeMap::from([(1, "one"), (2, "two")])).unwrap();
        session.insert("nested", Nested::default()).unwrap();
        let at: Timestamp = "2024-01-02T03:04:05.678901Z".parse().unwrap();
        session.insert("at", at).unwrap();
        session.flash("message", "Saved").unwrap();
    })
    .await;
    let written = fs::read(dir.path().join(SHA256)).unwrap();
    assert!(written.ends_with(&tail()), "Flask reads what has a tail");
    python(dir.path(), "read");
    request(&manager, |session| {
        let written: BTreeMap<String, Vec<u8>> = session.get("from_flask").unwrap().unwrap();
        assert_eq!(written["tuple"], [1, 2]);
        assert_eq!(written["set"], [3]);
    })
    .await;
}
