//! What a visitor meets, over HTTP, with sessions in files and in Redis.

use crate::support::{Backend, PASSWORD, Site};
use reqwest::StatusCode;

/// One test per fact and store.
macro_rules! on_every_store {
    ($($fact:ident)*) => {
        mod filesystem {
            $(#[tokio::test] async fn $fact() { super::$fact(super::Backend::Filesystem).await })*
        }
        mod redis {
            $(#[tokio::test] async fn $fact() { super::$fact(super::Backend::Redis).await })*
        }
    };
}

on_every_store! {
    a_visitor_who_only_looks_gets_no_cookie
    a_cart_survives_signing_in_under_a_new_id
    a_remembered_sign_in_outlives_the_browser
    an_account_page_names_the_device
    a_message_is_shown_once
    a_cookie_is_dead_after_signing_out
    a_wrong_password_says_so_and_keeps_the_session
    a_form_from_another_origin_changes_nothing
    quantities_are_changed_and_removed
    simultaneous_additions_all_count
    one_cart_is_ordered_once
    another_person_does_not_inherit_the_cart
}

async fn a_visitor_who_only_looks_gets_no_cookie(backend: Backend) {
    let mut browser = Site::start(backend).await.browser();
    for path in ["/", "/cart", "/sign-in", "/sign-up"] {
        let page = browser.get(path).await;
        assert_eq!((page.status, page.set_cookie()), (StatusCode::OK, None), "{path}");
    }
}

async fn a_cart_survives_signing_in_under_a_new_id(backend: Backend) {
    let site = Site::start(backend).await;
    let (_, email) = site.customer().await;
    let mut browser = site.browser();
    browser.submit("/cart/add", &[("sku", "assam")]).await.assert_says("is in your cart");
    let as_a_stranger = browser.clone();

    let to_checkout = browser.get("/checkout").await;
    let form = to_checkout.location().unwrap();
    assert_eq!(form, "/sign-in?next=/checkout");
    let page = browser.get(form).await;
    page.assert_says("Please sign in first.");
    page.assert_says("/sign-up?next=/checkout");
    let refused = browser.post(form, &[("email", &email), ("password", "a wrong one")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let signed_in = browser.post(form, &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(signed_in.location(), Some("/checkout"));
    browser.get("/checkout").await.assert_says("Assam Golden Tip");

    assert_ne!(browser.cookie, as_a_stranger.cookie);
    let mut planted = as_a_stranger;
    let page = planted.get("/cart").await;
    page.assert_says("There is nothing in it yet");
    page.assert_keeps_quiet_of("Sign out");
}

async fn a_remembered_sign_in_outlives_the_browser(backend: Backend) {
    let site = Site::start(backend).await;
    let (_, email) = site.customer().await;
    for (more, is_remembered) in [(&[("remember", "yes")][..], true), (&[], false)] {
        let mut browser = site.browser();
        browser.post("/cart/add", &[("sku", "assam")]).await;
        let answer = browser.sign_in(&email, more).await;
        let cookie = answer.set_cookie().unwrap();
        assert_eq!(cookie.contains("Max-Age=2592000"), is_remembered, "{cookie}");
        assert_eq!(cookie.contains("Max-Age"), is_remembered, "{cookie}");
        let page = browser.get("/account").await;
        page.assert_says(if is_remembered { "It survives closing" } else { "It ends when" });
        // Some stores count whole seconds, rounded up.
        let expires = if is_remembered { ["29 days", "30 days"] } else { ["11 hours", "12 hours"] };
        assert!(expires.iter().any(|time| page.body.contains(time)), "{}", page.body);
    }
}

async fn an_account_page_names_the_device(backend: Backend) {
    let site = Site::start(backend).await;
    let (_, email) = site.customer().await;
    let mut browser = site.browser();
    let answer = browser.sign_in(&email, &[("device", "<Ann's> laptop")]).await;
    let page = browser.get(answer.location().unwrap()).await;
    page.assert_says("&#60;Ann&#39;s&#62; laptop");
    page.assert_says(&email);
}

async fn a_message_is_shown_once(backend: Backend) {
    let mut browser = Site::start(backend).await.browser();
    browser.submit("/cart/add", &[("sku", "sencha")]).await.assert_says("Sencha is in your cart.");
    browser.get("/").await.assert_keeps_quiet_of("Sencha is in your cart.");
}

async fn a_cookie_is_dead_after_signing_out(backend: Backend) {
    let (mut browser, _) = Site::start(backend).await.customer().await;
    let mut stolen = browser.clone();
    stolen.get("/").await.assert_says("Sign out");
    browser.submit("/sign-out", &[]).await.assert_says("You are signed out.");
    for browser in [&mut browser, &mut stolen] {
        assert!(browser.get("/account").await.leads_to_sign_in());
    }
}

async fn a_wrong_password_says_so_and_keeps_the_session(backend: Backend) {
    let site = Site::start(backend).await;
    let (_, email) = site.customer().await;
    let mut browser = site.browser();
    browser.submit("/cart/add", &[("sku", "assam")]).await;
    let before = browser.cookie.clone();
    for email in [email.as_str(), "nobody@example.org"] {
        let form = [("email", email), ("password", "a wrong password")];
        let answer = browser.post("/sign-in", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.assert_says("do not go together");
        answer.assert_says(email);
        answer.assert_keeps_quiet_of("a wrong password");
    }
    assert_eq!(browser.cookie, before);
    browser.get("/cart").await.assert_says("Assam Golden Tip");
}

async fn a_form_from_another_origin_changes_nothing(backend: Backend) {
    let (mut browser, _) = Site::start(backend).await.customer().await;
    let mut lured = browser.clone();
    lured.origin = "https://evil.example".into();
    let answer = lured.post("/sign-out", &[]).await;
    assert_eq!((answer.status, answer.set_cookie()), (StatusCode::FORBIDDEN, None));
    answer.assert_says("That did not come from us");
    browser.get("/").await.assert_says("Sign out");
}

async fn quantities_are_changed_and_removed(backend: Backend) {
    let mut browser = Site::start(backend).await.browser();
    browser.submit("/cart/add", &[("sku", "assam")]).await;
    browser.submit("/cart/add", &[("sku", "sencha")]).await;
    browser.submit("/cart/set", &[("sku", "assam"), ("quantity", "3")]).await.assert_says("€40.00");
    let page = browser.submit("/cart/remove", &[("sku", "sencha"), ("quantity", "1")]).await;
    page.assert_says("€28.50");
    page.assert_keeps_quiet_of("€11.50");
    let page = browser.submit("/cart/add", &[("sku", "coffee")]).await;
    page.assert_says("We do not sell that.");
}

async fn simultaneous_additions_all_count(backend: Backend) {
    let mut browser = Site::start(backend).await.browser();
    browser.submit("/cart/add", &[("sku", "assam")]).await;
    let clicks: Vec<_> = (0..8)
        .map(|_| {
            let mut tab = browser.clone();
            tokio::spawn(async move { tab.post("/cart/add", &[("sku", "assam")]).await.status })
        })
        .collect();
    for click in clicks {
        assert_eq!(click.await.unwrap(), StatusCode::SEE_OTHER);
    }
    browser.get("/cart").await.assert_says(r#"value="9""#);
}

async fn one_cart_is_ordered_once(backend: Backend) {
    let (mut browser, _) = Site::start(backend).await.customer().await;
    browser.submit("/cart/add", &[("sku", "assam")]).await;
    browser.submit("/checkout", &[]).await.assert_says("Thank you, Ann. €9.50 of tea");
    browser.submit("/checkout", &[]).await.assert_says("There is nothing in your cart.");
}

async fn another_person_does_not_inherit_the_cart(backend: Backend) {
    let site = Site::start(backend).await;
    let (_, other) = site.customer().await;
    let (mut browser, _) = site.customer().await;
    browser.submit("/cart/add", &[("sku", "assam")]).await;
    browser.sign_in(&other, &[]).await;
    let page = browser.get("/cart").await;
    page.assert_says("Sign out");
    page.assert_says("There is nothing in it yet");
}
