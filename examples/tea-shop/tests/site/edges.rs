//! What the site says when its sessions fail, and what it says to browsers.

use crate::support::{Backend, Site};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use std::sync::Arc;
use web_session::testing::{self, Fault, FaultyStore, Method};
use web_session::{ErrorKind, MemoryStore};

#[tokio::test]
async fn failures_of_sessions_are_pages() {
    let table = [
        (Method::Load, Fault::Fail(ErrorKind::Unavailable), 503, "One moment, please"),
        (Method::Load, Fault::Fail(ErrorKind::Timeout), 503, "One moment, please"),
        (Method::Delete, Fault::FailAfterApplying(ErrorKind::Unknown), 503, "We did not hear back"),
        (Method::Delete, Fault::Fail(ErrorKind::Conflict), 409, "That page was out of date"),
        (Method::Delete, Fault::Fail(ErrorKind::Gone), 409, "You signed out elsewhere"),
        (Method::Load, Fault::Fail(ErrorKind::Decode), 500, "Something broke"),
    ];
    for (method, fault, status, title) in table {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let site = Site::over(store.clone()).await;
        let (mut browser, _) = site.customer().await;
        store.push(method, fault);
        let answer = browser.post("/sign-out", &[]).await;
        assert_eq!(store.pending(), 0, "{title}");
        answer.assert_says(title);
        assert_eq!((answer.status.as_u16(), answer.set_cookie()), (status, None), "{title}");
        assert_eq!(answer.headers.contains_key(RETRY_AFTER), status == 503, "{title}");
        assert_eq!(answer.headers[CONTENT_TYPE], "text/html; charset=utf-8", "{title}");
    }
}

/// No form leads there: the account was there when somebody signed in.
#[tokio::test]
async fn a_session_of_an_account_that_is_gone_is_signed_out() {
    let site = Site::start(Backend::Memory).await;
    let mut stored = testing::Browser::signed_in(&site.manager, "an account").await.unwrap();
    stored.change(|session| session.insert("device", "Laptop")).await.unwrap();
    let mut browser = site.browser();
    browser.cookie = Some(stored.cookie().to_owned());
    let answer = browser.get("/account").await;
    assert_eq!(answer.location(), Some("/"));
    browser.get("/").await.assert_says("You are signed out.");
    assert!(stored.session().await.unwrap().is_new());
}

#[tokio::test]
async fn a_page_without_a_session_needs_no_store() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let site = Site::over(store.clone()).await;
    let (mut browser, _) = site.customer().await;
    store.push(Method::Load, Fault::Fail(ErrorKind::Unavailable));
    for (path, status) in [("/style.css", StatusCode::OK), ("/nothing", StatusCode::NOT_FOUND)] {
        assert_eq!(browser.get(path).await.status, status, "{path}");
    }
    assert_eq!(store.pending(), 1);
}

#[tokio::test]
async fn every_answer_carries_the_security_fields() {
    let mut browser = Site::start(Backend::Filesystem).await.browser();
    for path in ["/", "/style.css", "/favicon.svg", "/nothing", "/account"] {
        let headers = browser.get(path).await.headers;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "same-origin", "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
}

#[tokio::test]
async fn cookie_is_hardened_over_https_and_on_this_machine() {
    let https =
        [("ORIGIN", "https://shop.example"), ("SECRET_KEY", "a key of at least thirty-two bytes")];
    for (extra, is_https) in [(&https[..], true), (&[], false)] {
        let site = Site::start_with(Backend::Filesystem, extra).await;
        let mut browser = site.browser();
        if is_https {
            browser.origin = "https://shop.example".into();
        }
        let answer = browser.post("/cart/add", &[("sku", "assam")]).await;
        let cookie = answer.set_cookie().unwrap();
        assert!(cookie.starts_with("__Host-session="), "{cookie}");
        for attribute in ["; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let is_for_https_only = answer.headers.contains_key("strict-transport-security");
        assert_eq!(is_for_https_only, is_https);
    }
}

#[tokio::test]
async fn a_browser_that_drops_secure_cookies_can_be_served() {
    let extra = [("SESSION_COOKIE_NAME", "session"), ("SESSION_COOKIE_SECURE", "false")];
    let mut browser = Site::start_with(Backend::Filesystem, &extra).await.browser();
    let answer = browser.post("/cart/add", &[("sku", "assam")]).await;
    let cookie = answer.set_cookie().unwrap();
    assert!(cookie.starts_with("session=") && !cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("; SameSite=Lax"), "{cookie}");
}

#[tokio::test]
async fn the_address_of_a_form_opened_as_a_page_leads_home() {
    let mut browser = Site::start(Backend::Filesystem).await.browser();
    for path in ["/cart/add", "/sign-out", "/account/end-all"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, Some("/")), "{path}");
    }
    let answer = browser.post("/cart", &[]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}
