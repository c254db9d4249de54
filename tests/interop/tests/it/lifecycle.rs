//! What either side does to a session, the other sees: changes, messages, a new id, the end.

use interop::{Backend, Browser, SIGNED, Server, Site, on_each_backend};
use serde_json::json;

on_each_backend!(
    changes_on_either_side_reach_the_other,
    messages_of_either_side_are_shown_once_by_the_other,
    logout_on_either_side_ends_the_session_on_both,
    clear_on_either_side_leaves_nothing_on_both,
    new_id_of_either_side_is_the_only_one_on_both,
);

const UNSIGNED: &[(&str, &str)] = &[];

async fn changes_on_either_side_reach_the_other(backend: Backend) {
    for settings in [UNSIGNED, SIGNED] {
        let site = Site::start(&backend, settings).await;
        for (here, there) in site.both_ways() {
            let mut browser = Browser::new();
            browser.set(here, "begun", "by one").await;
            let cookie = browser.cookies();
            for round in 0..3 {
                browser.set(there, "changed", round).await;
                browser.set(there, "scratch", true).await;
                assert_eq!(browser.get(here, "changed").await, json!(round));
                browser.post(here, "/remove", json!("scratch")).await;
                assert_eq!(browser.get(there, "scratch").await, json!(null));
                assert_eq!(browser.get(there, "begun").await, json!("by one"));
            }
            assert_eq!(browser.cookies(), cookie, "the id and its signature stay");
        }
    }
}

async fn messages_of_either_side_are_shown_once_by_the_other(backend: Backend) {
    for settings in [UNSIGNED, SIGNED] {
        let site = Site::start(&backend, settings).await;
        for (here, there) in site.both_ways() {
            let mut browser = Browser::new();
            browser.post(here, "/flash", json!(["error", "naïve 🐍"])).await;
            browser.post(there, "/flash", json!(["message", ""])).await;
            browser.post(here, "/flash", json!(["error", "naïve 🐍"])).await;
            let expected = json!([["error", "naïve 🐍"], ["message", ""], ["error", "naïve 🐍"]]);
            assert_eq!(browser.ask(there, "/flashes").await, expected);
            assert_eq!(browser.ask(there, "/flashes").await, json!([]));
            assert_eq!(browser.ask(here, "/flashes").await, json!([]));
        }
    }
}

async fn logout_on_either_side_ends_the_session_on_both(backend: Backend) {
    for settings in [UNSIGNED, SIGNED] {
        let site = Site::start(&backend, settings).await;
        for (here, there) in site.both_ways() {
            for ends in [here, there] {
                let mut browser = Browser::new();
                browser.post(here, "/login", json!("ann")).await;
                assert_eq!(browser.get(there, "_user_id").await, json!("ann"));
                let stolen = browser.clone();

                browser.post(ends, "/logout", json!(null)).await;
                assert_eq!(browser.cookies(), None, "the browser forgets its cookie");
                for side in [here, there] {
                    assert!(!stolen.clone().is_known(side).await, "a copy opens nothing");
                }
            }
        }
    }
}

async fn clear_on_either_side_leaves_nothing_on_both(backend: Backend) {
    let site = Site::start(&backend, UNSIGNED).await;
    for (here, there) in site.both_ways() {
        let mut browser = Browser::new();
        browser.set(here, "kept", 1).await;
        assert!(browser.is_known(there).await);
        browser.post(there, "/clear", json!(null)).await;
        assert!(!browser.is_known(here).await);
        assert!(!browser.is_known(there).await);
        // What comes next begins from nothing, on either side.
        browser.set(here, "new", 2).await;
        assert_eq!(browser.shown(there).await.into_keys().collect::<Vec<_>>(), ["new"]);
    }
}

async fn new_id_of_either_side_is_the_only_one_on_both(backend: Backend) {
    for settings in [UNSIGNED, SIGNED] {
        let site = Site::start(&backend, settings).await;
        for (here, there) in site.both_ways() {
            let mut browser = Browser::new();
            browser.set(here, "kept", 1).await;
            moves(&mut browser, here, there).await;
            moves(&mut browser, there, here).await;
        }
    }
}

/// Gives the session a new id at `here`: its data are there on both sides, and the old id is not.
async fn moves(browser: &mut Browser, here: &Server, there: &Server) {
    let before = browser.clone();
    browser.post(here, "/regenerate", json!(null)).await;
    assert_ne!(browser.cookies(), before.cookies());
    for side in [here, there] {
        assert_eq!(browser.get(side, "kept").await, json!(1));
        assert!(!before.clone().is_known(side).await, "the old id opens nothing");
    }
}
