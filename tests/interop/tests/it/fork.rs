//! Flask-Sessionstore, the fork of Flask-Session that had DynamoDB first: tagged JSON, its own salt,
//! and in DynamoDB attributes of its own and no expiry.

use interop::{Backend, Browser, Era, SIGNED, Site, on_each_backend_with_formats, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SALT: (&str, &str) = ("SESSION_SIGNATURE_SALT", "flask-sessions");
const JSON: (&str, &str) = ("SESSION_SERIALIZATION_FORMAT", "json");

/// Every type that has a tag, and what JSON alone says of others; the fork answers 500 to the rest.
const VALUES: &[(&str, &str)] = &[
    ("1", "Integer(1)"),
    ("'naïve 🐍'", "Text(\"naïve 🐍\")"),
    ("[1, None]", "Array([Integer(1), Null])"),
    ("float('inf')", "Float(inf)"),
    ("(1, 'a')", "Array([Integer(1), Text(\"a\")])"),
    ("{'a': (1, [b'b'])}", "Map([(Text(\"a\"), Array([Integer(1), Array([Bytes([98])])]))])"),
    ("b'\\x00\\xff'", "Bytes([0, 255])"),
    ("Markup('<b>')", "Text(\"<b>\")"),
    ("UUID(int=1)", "Text(\"00000000-0000-0000-0000-000000000001\")"),
    ("datetime(2024, 1, 2, 3, 4, 5)", "Text(\"2024-01-02T03:04:05Z\")"),
    ("{' t': 1}", "Map([(Text(\" t\"), Integer(1))])"),
    ("{1: 'a'}", "Map([(Text(\"1\"), Text(\"a\"))])"),
    ("Decimal('19.90')", "Text(\"19.90\")"),
    ("date(2024, 1, 2)", "Text(\"Tue, 02 Jan 2024 00:00:00 GMT\")"),
];

/// Its files are pickles, and want `werkzeug.contrib`. On PostgreSQL its column is text, which is
/// refused: see the layout tests of session-sql.
macro_rules! on_each_backend_of_the_fork {
    ($($backend:ident: $($name:ident)*;)*) => {
        $(on_each_backend_with_formats!(@$backend $($name)*);)*
    };
}

on_each_backend_of_the_fork! {
    redis: session_is_read_and_upgraded_by_writing json_goes_back_and_forth;
    memcached: session_is_read_and_upgraded_by_writing json_goes_back_and_forth;
    mongodb: session_is_read_and_upgraded_by_writing json_goes_back_and_forth;
    sqlite: session_is_read_and_upgraded_by_writing json_goes_back_and_forth;
    dynamodb: session_is_read_and_upgraded_by_writing;
}

async fn session_is_read_and_upgraded_by_writing(backend: Backend) {
    let site = start(&backend, SIGNED, &[SALT]).await;
    let mut browser = begin(&site).await;
    browser.post(&site.flask, "/flash", json!(["error", "naïve 🐍"])).await;
    let cookie = browser.cookies();
    assert_eq!(values(&mut browser, &site).await, expected());
    let shown = browser.shown(&site.flask).await.len();
    assert_eq!(shown, VALUES.len() + 1, "reading has changed nothing");

    browser.set(&site.rust, "from rust", 1).await;
    assert_eq!(browser.cookies(), cookie, "the id stays, and so does its signature");
    let mut upgraded = expected();
    // MessagePack has a type for it.
    let when = "Extension(-1, [101, 147, 125, 37])".to_owned();
    upgraded.insert("datetime(2024, 1, 2, 3, 4, 5)".to_owned(), when);
    assert_eq!(values(&mut browser, &site).await, upgraded);
    assert_eq!(browser.get(&site.rust, "from rust").await, json!(1));
    let flashes = json!([["error", "naïve 🐍"]]);
    assert_eq!(browser.ask(&site.rust, "/flashes").await, flashes);
    assert_eq!(browser.ask(&site.rust, "/permanent").await, json!([true]));

    // The fork takes what it cannot read for an empty session, and writes that.
    assert_eq!(browser.shown(&site.flask).await, BTreeMap::new());
    assert_eq!(browser.get(&site.rust, "from rust").await, json!(null));
}

/// The way to run both sides for a while: the fork reads JSON, and Rust leaves its tags alone.
async fn json_goes_back_and_forth(backend: Backend) {
    let site = start(&backend, SIGNED, &[SALT, JSON]).await;
    let mut browser = Browser::new();
    let pair = json!([["n", "1"], ["pair", "(1, b'a')"]]);
    browser.post(&site.flask, "/set/python", pair).await;
    browser.set(&site.rust, "from rust", json!({ "a": [1, null] })).await;
    let shown = browser.shown(&site.flask).await;
    assert_eq!(shown["pair"], "(1, b'a')");
    assert_eq!(shown["from rust"], "{'a': [1, None]}");
    // A tag is an object like any other.
    assert_eq!(browser.get(&site.rust, "pair").await, json!({ " t": [1, { " b": "YQ==" }] }));

    browser.post(&site.rust, "/flash", json!(["message", "from rust"])).await;
    let flashes = json!([["message", "from rust"]]);
    assert_eq!(browser.ask(&site.flask, "/flashes").await, flashes);
    browser.post(&site.flask, "/flash", json!(["message", "a tuple"])).await;
    // The fork's are tuples, so no messages here: they wait for the fork.
    browser.post(&site.rust, "/flash", json!(["message", "a list"])).await;
    let flashes = json!([["message", "a list"]]);
    assert_eq!(browser.ask(&site.rust, "/flashes").await, flashes);
    let flashes = json!([["message", "a tuple"]]);
    assert_eq!(browser.ask(&site.flask, "/flashes").await, flashes);

    for (here, there) in site.both_ways() {
        let mut browser = Browser::new();
        browser.set(here, "n", 1).await;
        browser.set(there, "m", 2).await;
        assert_eq!(browser.get(here, "m").await, json!(2));
        browser.post(there, "/clear", json!(null)).await;
        assert!(!browser.is_known(here).await);
    }
}

#[test]
fn unsigned_id_is_read_as_it_is() {
    run(async {
        let site = start(&Backend::redis(), &[], &[]).await;
        let mut browser = begin(&site).await;
        assert_eq!(values(&mut browser, &site).await, expected());
    });
}

#[test]
fn signature_is_read_with_the_salt_of_the_fork_alone() {
    run(async {
        let backend = Backend::redis();
        let site = start(&backend, SIGNED, &[]).await;
        let mut browser = begin(&site).await;
        assert!(!browser.clone().is_known(&site.rust).await, "that of Flask-Session is another");

        let mut settings = Era::Fork.settings_of_rust().to_vec();
        let key = [("SECRET_KEY", "a key of our own, 32 bytes at least")];
        let older = [("SECRET_KEY_FALLBACKS", "[\"a short key\"]")];
        let accept = [("SESSION_USE_SIGNER", "true"), ("SESSION_SIGNATURE", "accept-flask"), SALT];
        settings.extend(key.into_iter().chain(older).chain(accept));
        let behind = interop::site::start_rust(&backend, &settings);
        let cookie = browser.cookies();
        browser.set(&behind, "n", 1).await;
        assert_ne!(browser.cookies(), cookie, "signed anew");
        assert_eq!(browser.get(&behind, "n").await, json!(1));
        assert!(!browser.is_known(&site.flask).await);
    });
}

#[test]
fn record_in_dynamodb_ends_once_rust_wrote_it() {
    run(async {
        let backend = Backend::dynamodb();
        let site = start(&backend, &[], &[]).await;
        let mut browser = begin(&site).await;
        let mut settings = Era::Fork.settings_of_rust().to_vec();
        settings.retain(|(name, _)| *name != "SESSION_DYNAMODB_MISSING_EXPIRY");
        let strict = interop::site::start_rust(&backend, &settings);
        assert!(!browser.clone().is_known(&strict).await, "it has no expiry");
        browser.set(&site.rust, "n", 1).await;
        assert!(browser.is_known(&strict).await);
    });
}

async fn start(
    backend: &Backend,
    both: &[(&'static str, &'static str)],
    of_rust: &[(&'static str, &'static str)],
) -> Site {
    let of_rust: Vec<_> =
        both.iter().chain(of_rust).chain(Era::Fork.settings_of_rust()).copied().collect();
    Site::start_with(backend, Era::Fork, both, &of_rust).await
}

/// A session with [`VALUES`].
async fn begin(site: &Site) -> Browser {
    let mut browser = Browser::new();
    let all: Vec<Value> = VALUES.iter().map(|(python, _)| json!([python, python])).collect();
    browser.post(&site.flask, "/set/python", json!(all)).await;
    assert_eq!(browser.shown(&site.flask).await.len(), VALUES.len());
    browser
}

fn expected() -> BTreeMap<String, String> {
    VALUES.iter().map(|(python, rust)| ((*python).to_owned(), (*rust).to_owned())).collect()
}

/// [`VALUES`] as Rust has them.
async fn values(browser: &mut Browser, site: &Site) -> BTreeMap<String, String> {
    let is_ours = |key: &String| VALUES.iter().any(|(python, _)| python == key);
    browser.shown(&site.rust).await.into_iter().filter(|(key, _)| is_ours(key)).collect()
}
