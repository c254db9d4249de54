//! What two requests of one session do to each other, one at each side.
//!
//! Rust keeps its promises whatever Flask does; what Flask writes last, it writes whole.

use interop::{Backend, Browser, Site, on_each_backend, run};
use serde_json::json;

on_each_backend!(
    late_write_of_rust_keeps_what_flask_changed,
    late_write_of_rust_is_refused_after_a_logout_at_flask,
);

async fn late_write_of_rust_keeps_what_flask_changed(backend: Backend) {
    let site = Site::start(&backend, &[]).await;
    let mut browser = Browser::new();
    browser.set(&site.flask, "begun", 1).await;
    let late = browser.hold(&site.rust, "gate", Some("rust")).await;
    browser.set(&site.flask, "flask", 2).await;
    site.rust.set("gate").await;
    assert_eq!(late.answer().await.status, 200);
    let shown = browser.shown(&site.flask).await;
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["begun", "flask", "rust"]);
}

async fn late_write_of_rust_is_refused_after_a_logout_at_flask(backend: Backend) {
    let site = Site::start(&backend, &[]).await;
    let mut browser = Browser::new();
    browser.set(&site.flask, "begun", 1).await;
    let stolen = browser.clone();
    let late = browser.hold(&site.rust, "gate", Some("rust")).await;
    browser.post(&site.flask, "/logout", json!(null)).await;
    site.rust.set("gate").await;
    let answer = late.answer().await;
    answer.refuses(409);
    for (here, _) in site.both_ways() {
        assert!(!stolen.clone().is_known(here).await, "it stays ended");
    }
}

const LAZY: &[(&str, &str)] = &[("SESSION_REFRESH_EACH_REQUEST", "false")];

/// With Flask's default even a request that only reads writes the session back when it ends.
#[test]
fn late_reader_at_flask_undoes_what_rust_did_unless_refresh_is_off() {
    run(async {
        for (settings, is_undone) in [(&[][..], true), (LAZY, false)] {
            let site = Site::start(&Backend::redis(), settings).await;
            let mut browser = Browser::new();
            browser.set(&site.flask, "begun", 1).await;
            let stolen = browser.clone();
            let late = browser.hold(&site.flask, "changed", None).await;
            browser.set(&site.rust, "rust", 2).await;
            site.flask.set("changed").await;
            assert_eq!(late.answer().await.status, 200);
            assert_eq!(browser.get(&site.rust, "rust").await.is_null(), is_undone);

            let late = browser.hold(&site.flask, "ended", None).await;
            browser.post(&site.rust, "/logout", json!(null)).await;
            site.flask.set("ended").await;
            assert_eq!(late.answer().await.status, 200);
            assert_eq!(stolen.clone().is_known(&site.rust).await, is_undone);
        }
    });
}

/// No setting of Flask's helps against this one.
#[test]
fn late_writer_at_flask_undoes_what_rust_did() {
    run(async {
        let site = Site::start(&Backend::redis(), LAZY).await;
        let mut browser = Browser::new();
        browser.set(&site.flask, "begun", 1).await;
        let stolen = browser.clone();
        let late = browser.hold(&site.flask, "changed", Some("flask")).await;
        browser.set(&site.rust, "rust", 2).await;
        site.flask.set("changed").await;
        assert_eq!(late.answer().await.status, 200);
        let shown = browser.shown(&site.rust).await;
        assert_eq!(shown.keys().collect::<Vec<_>>(), ["begun", "flask"]);

        let late = browser.hold(&site.flask, "ended", Some("flask")).await;
        browser.post(&site.rust, "/logout", json!(null)).await;
        site.flask.set("ended").await;
        assert_eq!(late.answer().await.status, 200);
        assert!(stolen.clone().is_known(&site.rust).await, "the session is back");
    });
}
