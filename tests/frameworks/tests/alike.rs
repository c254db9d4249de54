//! The shop answers alike on every framework.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]

use frameworks::{on_actix, on_axum, on_rocket};
use session_testkit::adapter::{Answer, Browser, Serving};
use std::sync::Arc;
use web_session::{Config, MemoryStore, SessionManager};

/// A visitor comes, fills a cart, signs in where a page asks for it, and leaves. After the request:
/// the status, what becomes of the cookie, what caches are told, where to go, and the page.
const VISIT: &str = "\
GET / -> 200, cookie set, no-store, Cookie: visit 1
GET / -> 200, Cookie: visit 2
POST /cart item=tea -> 303, Cookie, to /cart
POST /cart item=pot -> 303, Cookie, to /cart
POST /cart item=tea -> 303, Cookie, to /cart
GET /cart -> 200, Cookie: [1 pot, 2 tea] (tea added) (pot added) (tea added)
GET /cart -> 200, Cookie: [1 pot, 2 tea]
GET /broken -> 500, no-store, Cookie: Something went wrong on our side. Please try again later.
GET /cart -> 200, Cookie: [1 pot, 2 tea]
GET /account -> 401, no-store, Cookie: Please sign in.
GO /account?tab=orders -> 303, no-store, Cookie, to /sign-in?next=/account%3Ftab%3Dorders
POST /sign-in?next=/account%3Ftab%3Dorders name=ann -> 303, cookie set, no-store, Cookie, to /account?tab=orders
GET /account?tab=orders -> 200, Cookie: ann: 2 visits (hello ann)
GET /cart -> 200, Cookie: [1 pot, 2 tea]
POST /sign-out -> 303, cookie removed, no-store, Cookie, to /
GET /cart -> 200, Cookie: []
GET /account -> 401, no-store, Cookie: Please sign in.
";

#[tokio::test]
async fn on_axum_it_is_the_same() {
    assert_eq!(visit(&on_axum::serve(manager()).await).await, VISIT);
}

#[tokio::test]
async fn on_actix_it_is_the_same() {
    assert_eq!(visit(&on_actix::serve(manager()).await).await, VISIT);
}

#[tokio::test]
async fn on_rocket_it_is_the_same() {
    assert_eq!(visit(&on_rocket::serve(manager()).await).await, VISIT);
}

fn manager() -> SessionManager {
    SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None).unwrap()
}

/// Makes the requests of [`VISIT`], and writes beside them what they got.
async fn visit(site: &Serving) -> String {
    let mut browser = site.browser();
    let mut told = String::new();
    for line in VISIT.lines() {
        let (request, _) = line.split_once(" -> ").unwrap();
        let answer = ask(&mut browser, request).await;
        told += &format!("{request} -> {}\n", spelt(&answer));
    }
    told
}

async fn ask(browser: &mut Browser, request: &'static str) -> Answer {
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let asked = match method {
        "POST" => browser.post(path, words.next().unwrap_or("")).await,
        // By a link: what browsers say then.
        "GO" => browser.get_with(path, &[("sec-fetch-mode", "navigate")]).await,
        _ => browser.get(path).await,
    };
    asked.unwrap()
}

fn spelt(answer: &Answer) -> String {
    let mut told = answer.status.to_string();
    for cookie in answer.set_cookies() {
        let is_removed = cookie.contains("Max-Age=0");
        told += if is_removed { ", cookie removed" } else { ", cookie set" };
    }
    for (label, name) in [("", "cache-control"), ("", "vary"), ("to ", "location")] {
        for value in answer.fields.get_all(name) {
            told += &format!(", {label}{}", value.to_str().unwrap());
        }
    }
    if !answer.body.is_empty() {
        told += &format!(": {}", answer.body);
    }
    told
}
