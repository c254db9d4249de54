//! Older releases of Flask-Session, which read and write nothing but pickles.

use interop::{Backend, Browser, Era, SIGNED, Site, on_each_backend_with_formats, run};
use serde_json::json;

/// DynamoDB came to Flask-Session with 0.8.
macro_rules! on_each_backend_of_then {
    ($($backend:ident)*) => {
        $(on_each_backend_with_formats!(
            @$backend session_of_0_4_goes_back_and_forth session_of_0_6_goes_back_and_forth
        );)*
    };
}

on_each_backend_of_then!(redis memcached filesystem mongodb sqlite postgres);

async fn session_of_0_4_goes_back_and_forth(backend: Backend) {
    goes_back_and_forth(backend, Era::V04).await;
}

async fn session_of_0_6_goes_back_and_forth(backend: Backend) {
    goes_back_and_forth(backend, Era::V06).await;
}

async fn goes_back_and_forth(backend: Backend, era: Era) {
    let site = Site::start_with(&backend, era, SIGNED, &of_rust(era)).await;
    let mut browser = Browser::new();
    let values = json!([["when", "datetime(2024, 1, 2, 3, 4, 5)"], ["pair", "(1, b'a')"]]);
    browser.post(&site.flask, "/set/python", values).await;
    browser.post(&site.flask, "/flash", json!(["error", "naïve 🐍"])).await;
    let cookie = browser.cookies();

    browser.set(&site.rust, "from rust", json!({ "a": [1, null] })).await;
    browser.post(&site.rust, "/flash", json!(["message", "from rust"])).await;
    assert_eq!(browser.cookies(), cookie, "the id stays, whatever its form");
    let shown = browser.shown(&site.flask).await;
    assert_eq!(shown["when"], "datetime.datetime(2024, 1, 2, 3, 4, 5)");
    assert_eq!(shown["pair"], "(1, b'a')");
    assert_eq!(shown["from rust"], "{'a': [1, None]}");
    let flashes = json!([["error", "naïve 🐍"], ["message", "from rust"]]);
    assert_eq!(browser.ask(&site.flask, "/flashes").await, flashes);
    assert_eq!(browser.ask(&site.rust, "/flashes").await, json!([]));

    browser.post(&site.rust, "/login", json!("ann")).await;
    assert_ne!(browser.cookies(), cookie, "signing in gives a new id");
    assert_eq!(browser.get(&site.flask, "_user_id").await, json!("ann"));
    let stolen = browser.clone();
    browser.post(&site.rust, "/logout", json!(null)).await;
    for (here, _) in site.both_ways() {
        assert!(!stolen.clone().is_known(here).await);
    }

    for (here, there) in site.both_ways() {
        let mut browser = Browser::new();
        browser.set(here, "n", 1).await;
        assert_eq!(browser.get(there, "n").await, json!(1));
        browser.post(there, "/clear", json!(null)).await;
        assert!(!browser.is_known(here).await);
    }
}

/// What signs as Flask does, and what the era needs.
fn of_rust(era: Era) -> Vec<(&'static str, &'static str)> {
    SIGNED.iter().chain(era.settings_of_rust()).copied().collect()
}

/// 0.4 takes what it cannot read for an empty session; 0.6 fails at every request with that cookie.
#[test]
fn old_release_does_not_read_messagepack() {
    run(async {
        for era in [Era::V04, Era::V06] {
            let of_rust = [("SESSION_ACCEPT_UUID_IDS", "true")];
            let site = Site::start_with(&Backend::redis(), era, &[], &of_rust).await;
            let mut browser = Browser::new();
            browser.set(&site.flask, "begun", 1).await;
            assert_eq!(browser.get(&site.rust, "begun").await, json!(1), "Rust reads pickles");
            browser.set(&site.rust, "n", 1).await;
            let answer = browser.send(&site.flask, "/get", json!("begun")).await;
            match era {
                Era::V04 => assert_eq!(answer.body, "[null]\n"),
                _ => assert_eq!(answer.status, 500),
            }
        }
    });
}

/// 0.4 and 0.5 made UUIDs, and without the setting they are no ids.
#[test]
fn uuid_is_an_id_only_when_told() {
    run(async {
        let backend = Backend::redis();
        let pickle = [("SESSION_SERIALIZATION_FORMAT", "pickle")];
        let site = Site::start_with(&backend, Era::V04, &[], &pickle).await;
        let mut browser = Browser::new();
        browser.set(&site.flask, "n", 1).await;
        assert_eq!(browser.cookies().unwrap().len(), "session=".len() + 36);
        assert!(!browser.clone().is_known(&site.rust).await);

        let told = interop::site::start_rust(&backend, Era::V04.settings_of_rust());
        assert_eq!(browser.get(&told, "n").await, json!(1));
    });
}

/// The order of a migration: Flask goes from 0.6 to 0.8 while Rust keeps writing pickles, which 0.8
/// reads; then Rust writes MessagePack.
#[test]
fn one_session_outlives_every_step_of_an_upgrade() {
    run(async {
        let backend = Backend::redis();
        let mut browser = Browser::new();
        let before = Site::start_with(&backend, Era::V06, &[], Era::V06.settings_of_rust()).await;
        browser.set(&before.flask, "from 0.6", 1).await;
        browser.set(&before.rust, "from rust", 2).await;

        let during = Site::start_with(&backend, Era::V08, &[], Era::V06.settings_of_rust()).await;
        assert_eq!(browser.get(&during.flask, "from rust").await, json!(2));
        browser.set(&during.rust, "again", 3).await;

        let after = Site::start(&backend, &[]).await;
        browser.set(&after.rust, "in the end", 4).await;
        let keys: Vec<String> = browser.shown(&after.flask).await.into_keys().collect();
        assert_eq!(keys, ["again", "from 0.6", "from rust", "in the end"]);
    });
}
