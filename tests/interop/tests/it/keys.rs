//! Keys that are no text, which Python's dictionaries have and sessions in Rust have not; and the
//! last key that goes.

use interop::site::start_flask;
use interop::{Backend, Browser, Era, Server, Site, on_each_backend, run};
use serde_json::{Value as Json, json};

on_each_backend!(
    keys_that_are_no_text_outlive_what_rust_does,
    keys_that_are_no_text_go_with_the_session,
    session_is_empty_on_both_once_its_last_key_has_gone,
);

const MESSAGEPACK: &[(&str, &str)] = &[("SESSION_SERIALIZATION_FORMAT", "msgpack")];
const JSON: &[(&str, &str)] = &[("SESSION_SERIALIZATION_FORMAT", "json")];

/// Keys and values as Python writes them.
fn odd_keys() -> Json {
    json!([["'a'", "0"], ["1", "'one'"], ["(1, 'x')", "[2]"], ["None", "True"], ["'z'", "3"]])
}

/// Rust writes, removes, and gives the session a new id; it sees the keys that are text alone.
async fn keys_that_are_no_text_outlive_what_rust_does(backend: Backend) {
    let site = Site::start(&backend, &[]).await;
    let mut browser = Browser::new();
    browser.post(&site.flask, "/set/python/keys", odd_keys()).await;
    assert_eq!(names(&mut browser, &site.rust).await, ["a", "z"]);

    browser.set(&site.rust, "zz", 4).await;
    browser.post(&site.rust, "/remove", json!("a")).await;
    browser.post(&site.rust, "/flash", json!(["message", "shown once"])).await;
    browser.ask(&site.rust, "/flashes").await;
    browser.post(&site.rust, "/regenerate", json!(null)).await;
    let expected = "{1: 'one', (1, 'x'): [2], None: True, 'z': 3, 'zz': 4}";
    assert_eq!(browser.whole(&site.flask).await, expected);

    browser.post(&site.flask, "/set/python/keys", json!([["1", "'two'"]])).await;
    browser.set(&site.rust, "z", 5).await;
    let expected = "{1: 'two', (1, 'x'): [2], None: True, 'z': 5, 'zz': 4}";
    assert_eq!(browser.whole(&site.flask).await, expected);
}

async fn keys_that_are_no_text_go_with_the_session(backend: Backend) {
    let site = Site::start(&backend, &[]).await;
    for ends in ["/clear", "/logout"] {
        let mut browser = Browser::new();
        browser.post(&site.flask, "/set/python/keys", odd_keys()).await;
        let stolen = browser.clone();
        browser.post(&site.rust, ends, json!(null)).await;
        assert_eq!(stolen.clone().whole(&site.flask).await, "{}", "{ends}");
        browser.set(&site.rust, "new", 1).await;
        assert_eq!(browser.whole(&site.flask).await, "{'new': 1}", "{ends}");
    }
}

/// Flask ends such a session, Rust keeps its id: neither shows anything, and both go on with it.
async fn session_is_empty_on_both_once_its_last_key_has_gone(backend: Backend) {
    let site = Site::start(&backend, &[]).await;
    for (here, there) in site.both_ways() {
        let mut browser = Browser::new();
        browser.set(here, "only", 1).await;
        let before = browser.cookies();
        browser.post(there, "/remove", json!("only")).await;
        let is_ended = std::ptr::eq(there, &site.flask);
        let after = if is_ended { None } else { before.clone() };
        assert_eq!(browser.cookies(), after, "Flask removes the cookie, Rust does not");
        for side in [here, there] {
            assert!(!browser.is_known(side).await);
        }
        assert_eq!(browser.cookies(), after, "to look at it changes nothing");

        browser.set(here, "next", 2).await;
        assert_eq!(browser.get(there, "next").await, json!(2));
        assert_eq!(browser.cookies() == before, !is_ended, "the id is another one after an end");
    }
}

/// `msgspec` makes text of the keys of JSON, and so does Rust of a record that it writes again.
#[test]
fn key_that_is_no_text_becomes_text_in_json() {
    run(async {
        let backend = Backend::redis();
        let site = Site::start_with(&backend, Era::V08, MESSAGEPACK, JSON).await;
        let mut browser = Browser::new();
        let keys = json!([["1", "'one'"], ["2.5", "b'x'"], ["b'x'", "None"]]);
        browser.post(&site.flask, "/set/python/keys", keys).await;
        assert_eq!(names(&mut browser, &site.rust).await.len(), 0);
        browser.set(&site.rust, "zz", 4).await;
        assert_eq!(names(&mut browser, &site.rust).await, ["1", "2.5", "eA==", "zz"]);
        let flask = start_flask(&backend, Era::V08, JSON);
        let expected = "{'1': 'one', '2.5': 'eA==', 'eA==': None, 'zz': 4}";
        assert_eq!(browser.whole(&flask).await, expected);

        // What JSON cannot say keeps the record as it is, and the session can be used.
        let mut browser = Browser::new();
        browser.post(&site.flask, "/set/python/keys", odd_keys()).await;
        browser.set(&site.rust, "zz", 4).await;
        let expected = "{'a': 0, 1: 'one', (1, 'x'): [2], None: True, 'z': 3, 'zz': 4}";
        assert_eq!(browser.whole(&site.flask).await, expected);
    });
}

/// From the pickles of Flask-Session 0.6 to the MessagePack of 0.8.
#[test]
fn key_that_is_no_text_of_a_pickle_stays_in_messagepack() {
    run(async {
        let backend = Backend::redis();
        let site = Site::start_with(&backend, Era::V06, &[], MESSAGEPACK).await;
        let mut browser = Browser::new();
        browser.post(&site.flask, "/set/python/keys", odd_keys()).await;
        assert_eq!(names(&mut browser, &site.rust).await, ["a", "z"]);
        browser.set(&site.rust, "zz", 4).await;
        let flask = start_flask(&backend, Era::V08, MESSAGEPACK);
        let expected = "{'a': 0, 1: 'one', (1, 'x'): [2], None: True, 'z': 3, 'zz': 4}";
        assert_eq!(browser.whole(&flask).await, expected);
    });
}

async fn names(browser: &mut Browser, rust: &Server) -> Vec<String> {
    browser.shown(rust).await.into_keys().collect()
}
