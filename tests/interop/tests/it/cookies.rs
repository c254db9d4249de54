//! One cookie: either side reads, replaces and removes what the other set.

use http::header::SET_COOKIE;
use interop::{Answer, Backend, Browser, Era, SIGNED, Server, Site, run};
use serde_json::json;
use std::collections::BTreeSet;

/// Every attribute that both sides have a setting for.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("SESSION_COOKIE_NAME", "shop"),
    ("SESSION_COOKIE_DOMAIN", "shop.example"),
    ("SESSION_COOKIE_PATH", "/app"),
    ("SESSION_COOKIE_SECURE", "true"),
    ("SESSION_COOKIE_HTTPONLY", "true"),
    ("SESSION_COOKIE_SAMESITE", "Strict"),
];
const SITE: &str = "https://www.shop.example/app/";

fn attributes(answer: &Answer) -> BTreeSet<String> {
    let field = answer.headers[SET_COOKIE].to_str().unwrap();
    let attributes = field.split("; ").skip(1).map(str::to_owned);
    attributes
        .filter(|text| !text.starts_with("Expires=") && !text.starts_with("Max-Age="))
        .collect()
}

#[test]
fn both_sides_set_the_same_attributes() {
    run(async {
        let site = Site::start(&Backend::redis(), ATTRIBUTES).await;
        let mut seen = Vec::new();
        for (here, there) in site.both_ways() {
            let mut browser = Browser::at(SITE);
            let answer = browser.set(here, "n", 1).await;
            seen.push(attributes(&answer));
            browser.post(there, "/regenerate", json!(null)).await;
            assert_eq!(browser.cookies().unwrap().matches("shop=").count(), 1);
        }
        assert_eq!(seen[0], seen[1]);
        let expected =
            ["Domain=shop.example", "HttpOnly", "Path=/app", "SameSite=Strict", "Secure"];
        assert_eq!(seen[0], expected.map(str::to_owned).into());
    });
}

#[test]
fn either_side_removes_the_cookie_of_the_other() {
    run(async {
        let site = Site::start(&Backend::redis(), ATTRIBUTES).await;
        for (here, there) in site.both_ways() {
            let mut browser = Browser::at(SITE);
            browser.set(here, "n", 1).await;
            browser.post(there, "/logout", json!(null)).await;
            assert_eq!(browser.cookies(), None);
        }
    });
}

#[test]
fn session_ends_with_the_browser_or_not_whoever_says_so() {
    run(async {
        let site = Site::start(&Backend::redis(), &[("SESSION_PERMANENT", "false")]).await;
        for (here, there) in site.both_ways() {
            let mut browser = Browser::new();
            let answer = browser.set(here, "n", 1).await;
            assert!(!is_kept(&answer), "{answer:?}");
            assert_eq!(browser.ask(there, "/permanent").await, json!([false]));

            let answer = browser.post(there, "/permanent/set", json!(true)).await;
            assert!(is_kept(&answer), "{answer:?}");
            assert_eq!(browser.ask(here, "/permanent").await, json!([true]));

            let answer = browser.post(here, "/permanent/set", json!(false)).await;
            assert!(!is_kept(&answer), "{answer:?}");
            assert_eq!(browser.ask(there, "/permanent").await, json!([false]));
        }
    });
}

/// Whether the browser keeps the cookie when it is closed.
fn is_kept(answer: &Answer) -> bool {
    let field = answer.headers[SET_COOKIE].to_str().unwrap();
    field.contains("Max-Age=") || field.contains("Expires=")
}

#[test]
fn unsigned_and_forged_cookies_open_nothing() {
    run(async {
        let site = Site::start(&Backend::redis(), SIGNED).await;
        let mut browser = Browser::new();
        browser.set(&site.flask, "n", 1).await;
        let cookie = browser.cookies().unwrap();
        let (id, signature) = cookie.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{id}.{other}{}", &signature[1..]);
        for cookie in [id, &forged] {
            for (here, _) in site.both_ways() {
                let answer = here.send("/show", Some(cookie), "null").await;
                assert_eq!(answer.body.trim(), "[]", "{answer:?}");
            }
        }
    });
}

/// How a service takes over: it reads what Flask signed, and signs in its own form.
#[test]
fn accepted_signature_is_replaced_by_one_that_flask_does_not_read() {
    run(async {
        let flask = [("SESSION_USE_SIGNER", "true"), ("SECRET_KEY", "a short key")];
        let rust = [
            ("SESSION_USE_SIGNER", "true"),
            ("SECRET_KEY", "a secret of at least thirty-two bytes"),
            ("SECRET_KEY_FALLBACKS", "[\"a short key\"]"),
            ("SESSION_SIGNATURE", "accept-flask"),
        ];
        let site = Site::start_with(&Backend::redis(), Era::V08, &flask, &rust).await;
        let mut browser = Browser::new();
        browser.set(&site.flask, "n", 1).await;
        let before = browser.cookies();
        assert_eq!(browser.get(&site.rust, "n").await, json!(1));
        assert_ne!(browser.cookies(), before, "signed anew");
        assert_eq!(browser.get(&site.rust, "n").await, json!(1));
        assert!(!browser.is_known(&site.flask).await);
    });
}

/// Flask-Session hands its signer `SECRET_KEY` alone.
#[test]
fn older_keys_are_read_by_rust_and_not_by_flask() {
    run(async {
        let backend = Backend::redis();
        let older = [("SESSION_USE_SIGNER", "true"), ("SECRET_KEY", "the older key")];
        let newer = [
            ("SESSION_USE_SIGNER", "true"),
            ("SECRET_KEY", "the newer key"),
            ("SECRET_KEY_FALLBACKS", "[\"the older key\"]"),
            ("SESSION_SIGNATURE", "flask"),
        ];
        let before = interop::site::start_flask(&backend, Era::V08, &older);
        let after = Site::start(&backend, &newer).await;

        let mut browser = begun_at(&before).await;
        assert!(!browser.is_known(&after.flask).await);

        let mut browser = begun_at(&before).await;
        assert_eq!(browser.get(&after.rust, "n").await, json!(1));
        assert_eq!(browser.get(&after.flask, "n").await, json!(1), "Rust signed it anew");
    });
}

/// Signing, turned on on both sides at once: whoever comes to Rust first stays.
#[test]
fn cookie_from_before_signing_is_signed_by_rust_for_both() {
    run(async {
        let backend = Backend::redis();
        let before = interop::site::start_flask(&backend, Era::V08, &[]);
        let rust = [SIGNED[1], SIGNED[2], ("SESSION_USE_SIGNER", "migrate")];
        let after = Site::start_with(&backend, Era::V08, SIGNED, &rust).await;

        let mut browser = begun_at(&before).await;
        let unsigned = browser.cookies().unwrap();
        assert_eq!(browser.get(&after.rust, "n").await, json!(1));
        assert!(browser.cookies().unwrap().starts_with(&format!("{unsigned}.")));
        assert_eq!(browser.get(&after.flask, "n").await, json!(1), "in Flask's form");
        browser.set(&after.flask, "n", 2).await;
        assert_eq!(browser.get(&after.rust, "n").await, json!(2));

        let mut browser = begun_at(&before).await;
        assert!(!browser.is_known(&after.flask).await);
    });
}

/// Hashing is for afterwards: what Rust has moved is lost to a Flask app.
#[test]
fn session_that_moved_to_its_hash_is_none_of_flask() {
    run(async {
        let hashing = [("SESSION_HASH_IDS", "migrate")];
        let site = Site::start_with(&Backend::redis(), Era::V08, &[], &hashing).await;
        let mut browser = begun_at(&site.flask).await;
        assert_eq!(browser.get(&site.rust, "n").await, json!(1));
        browser.set(&site.rust, "n", 2).await;
        // What is left under the id is no session, and nothing that Flask writes over.
        let answer = site.flask.send("/show", browser.cookies().as_deref(), "null").await;
        assert_eq!(answer.status, 500, "{answer:?}");
        assert_eq!(browser.get(&site.rust, "n").await, json!(2));
    });
}

async fn begun_at(side: &Server) -> Browser {
    let mut browser = Browser::new();
    browser.set(side, "n", 1).await;
    browser
}

#[test]
fn answers_that_depend_on_the_cookie_say_so() {
    run(async {
        let site = Site::start(&Backend::redis(), &[]).await;
        for (here, _) in site.both_ways() {
            let mut browser = begun_at(here).await;
            let answer = browser.post(here, "/show", json!(null)).await;
            assert_eq!(answer.headers["vary"], "Cookie");
        }
    });
}
