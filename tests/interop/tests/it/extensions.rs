//! Flask-Login and Flask-WTF on a session that Rust shares.

use interop::{Backend, Browser, Era, SIGNED, Site, run};
use serde_json::json;

async fn start() -> Site {
    start_protected("basic", "true").await
}

/// `session_protection` is Flask-Login's; `basic` is its default.
async fn start_protected(session_protection: &str, permanent: &str) -> Site {
    let own = [
        ("FLASK_EXTENSIONS", "true"),
        ("SESSION_PROTECTION", session_protection),
        ("SESSION_PERMANENT", permanent),
    ];
    let settings: Vec<_> = SIGNED.iter().copied().chain(own).collect();
    Site::start(&Backend::redis(), &settings).await
}

#[test]
fn user_of_flask_login_is_the_owner_in_rust() {
    run(async {
        let site = start().await;
        let mut browser = Browser::new();
        assert_eq!(browser.ask(&site.rust, "/owner").await, json!([null]));
        browser.post(&site.flask, "/users/in", json!("ann")).await;
        assert_eq!(browser.ask(&site.rust, "/owner").await, json!(["ann"]));
        browser.set(&site.rust, "cart", 1).await;
        assert_eq!(browser.ask(&site.flask, "/users/me").await, json!(["ann"]));

        browser.post(&site.flask, "/users/out", json!(null)).await;
        assert_eq!(browser.ask(&site.rust, "/owner").await, json!([null]));
        assert_eq!(browser.get(&site.rust, "cart").await, json!(1), "what is not the user's stays");
    });
}

#[test]
fn owner_of_rust_is_the_user_of_flask_login() {
    run(async {
        let site = start().await;
        let mut browser = Browser::new();
        browser.set(&site.flask, "cart", 1).await;
        let anonymous = browser.cookies();
        browser.post(&site.rust, "/login", json!("ann")).await;
        assert_ne!(browser.cookies(), anonymous, "signing in gives a new id");
        assert_eq!(browser.ask(&site.flask, "/users/me").await, json!(["ann"]));
        assert_eq!(browser.get(&site.flask, "cart").await, json!(1));

        browser.post(&site.rust, "/logout", json!(null)).await;
        assert_eq!(browser.ask(&site.flask, "/users/me").await, json!([null]));
    });
}

/// A session of Flask's counts once Rust has written to it, and is the first to end.
#[test]
fn limit_of_an_owner_ends_a_session_of_flask_and_leaves_flask_the_new_one() {
    run(async {
        let of_flask: Vec<_> =
            SIGNED.iter().copied().chain([("FLASK_EXTENSIONS", "true")]).collect();
        let limit = [("SESSION_OWNER_INDEX", "true"), ("SESSION_MAX_PER_OWNER", "2")];
        let of_rust: Vec<_> = SIGNED.iter().copied().chain(limit).collect();
        let site = Site::start_with(&Backend::redis(), Era::V08, &of_flask, &of_rust).await;
        // The name is not used by a test beside this one.
        let ann = format!("ann-{}", std::process::id());

        let [mut flasks, mut first, mut second] = [(); 3].map(|()| Browser::new());
        flasks.post(&site.flask, "/users/in", json!(ann)).await;
        flasks.set(&site.rust, "cart", 1).await;
        first.post(&site.rust, "/login", json!(ann)).await;
        assert_eq!(flasks.ask(&site.flask, "/users/me").await, json!([ann]));
        second.post(&site.rust, "/login", json!(ann)).await;
        assert_eq!(flasks.ask(&site.flask, "/users/me").await, json!([null]));
        for browser in [&mut first, &mut second] {
            assert_eq!(browser.ask(&site.flask, "/users/me").await, json!([ann]));
        }
    });
}

/// Flask-Login keeps a digest of address and browser in `_id`, and Rust writes none.
#[test]
fn user_signed_in_by_rust_is_not_fresh_and_none_under_strong_protection() {
    run(async {
        // Flask-Login takes `strong` for `basic` where sessions are permanent.
        for (protection, permanent, user) in
            [("basic", "true", json!(["ann"])), ("strong", "false", json!([null]))]
        {
            let site = start_protected(protection, permanent).await;
            let mut browser = Browser::new();
            browser.post(&site.rust, "/login", json!("ann")).await;
            assert_eq!(browser.ask(&site.flask, "/users/me").await, user, "{protection}");
            assert_eq!(browser.ask(&site.flask, "/users/fresh").await, json!([false]));

            let mut browser = Browser::new();
            browser.post(&site.flask, "/users/in", json!("ann")).await;
            browser.set(&site.rust, "n", 1).await;
            assert_eq!(browser.ask(&site.flask, "/users/fresh").await, json!([true]));
        }
    });
}

/// Flask-Login changes the user in place, so an id that was planted before the login is signed in.
#[test]
fn login_at_flask_keeps_the_id_and_rust_can_give_a_new_one() {
    run(async {
        let site = start().await;
        let mut browser = Browser::new();
        browser.set(&site.flask, "cart", 1).await;
        let planted = browser.clone();
        browser.post(&site.flask, "/users/in", json!("ann")).await;
        assert_eq!(planted.clone().ask(&site.flask, "/users/me").await, json!(["ann"]));

        browser.post(&site.rust, "/regenerate", json!(null)).await;
        assert_eq!(planted.clone().ask(&site.flask, "/users/me").await, json!([null]));
        assert_eq!(browser.ask(&site.flask, "/users/me").await, json!(["ann"]));
    });
}

#[test]
fn token_of_flask_wtf_outlives_what_rust_does() {
    run(async {
        let site = start().await;
        let mut browser = Browser::new();
        let token = browser.ask(&site.flask, "/csrf").await[0].as_str().unwrap().to_owned();
        browser.set(&site.rust, "n", 1).await;
        browser.post(&site.rust, "/login", json!("ann")).await;
        browser.post(&site.rust, "/regenerate", json!(null)).await;
        browser.post(&site.flask, "/csrf/check", json!(token)).await;

        browser.post(&site.rust, "/logout", json!(null)).await;
        let answer = browser.send(&site.flask, "/csrf/check", json!(token)).await;
        assert_eq!(answer.status, 400, "another session has another token");
    });
}
