//! What a layer adds to other people's responses, so that caches keep no session.

use crate::support::{Answer, request};
use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::StatusCode;
use session_core::{Config, Error, MemoryStore, Session, SessionManager};
use session_tower::SessionLayer;
use std::sync::Arc;

fn layer() -> SessionLayer {
    let store = Arc::new(MemoryStore::new());
    SessionLayer::new(SessionManager::new(store, Config::default(), None).unwrap())
}

fn cookie_of(answer: &Answer) -> String {
    let set = answer.set_cookies().remove(0);
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn response_with_a_session_cookie_stays_out_of_shared_caches() {
    /// What the handler says, and what leaves the layer with a new session, then with a known one.
    type Row =
        (&'static [(&'static str, &'static str)], &'static str, Option<&'static str>, &'static str);
    let table: [Row; 9] = [
        (&[], "no-store", None, "Cookie"),
        (&[("cache-control", "max-age=60")], "private, max-age=60", Some("max-age=60"), "Cookie"),
        (
            &[("cache-control", "public, s-maxage=9")],
            "private",
            Some("public, s-maxage=9"),
            "Cookie",
        ),
        (
            &[("cache-control", "public"), ("cache-control", "max-age=5")],
            "private, max-age=5",
            Some("public, max-age=5"),
            "Cookie",
        ),
        (&[("cache-control", "no-cache")], "private, no-cache", Some("no-cache"), "Cookie"),
        (
            &[("cache-control", "must-understand, no-store")],
            "private, must-understand, no-store",
            Some("must-understand, no-store"),
            "Cookie",
        ),
        (&[("vary", "Accept")], "no-store", None, "Accept, Cookie"),
        (&[("vary", "accept, COOKIE")], "no-store", None, "accept, COOKIE"),
        (&[("vary", "*")], "no-store", None, "*"),
    ];
    for (fields, first, later, vary) in table {
        let handler = move |s: Session| async move {
            s.insert("n", 1)?;
            Ok::<_, Error>(axum::response::AppendHeaders(fields.to_vec()))
        };
        let app = Router::new().route("/", get(handler)).layer(layer());
        let answer = request(&app, "/", &[]).await;
        assert_eq!(answer.field("cache-control").as_deref(), Some(first), "{fields:?}");
        assert_eq!(answer.field("vary").as_deref(), Some(vary));
        let cookie = cookie_of(&answer);
        let answer = request(&app, "/", &[cookie.as_bytes()]).await;
        assert_eq!(answer.field("cache-control").as_deref(), later, "{fields:?}");
        assert_eq!(answer.field("vary").as_deref(), Some(vary));
    }
}

#[tokio::test]
async fn fields_for_some_caches_alone_go_when_a_session_cookie_is_set() {
    let fields = [
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "surrogate-control",
        "edge-control",
        "x-accel-expires",
    ];
    let stores = get(move |s: Session| async move {
        s.insert("n", 1)?;
        Ok::<_, Error>(axum::response::AppendHeaders(fields.map(|name| (name, "max-age=600"))))
    });
    let fails = get(|s: Session| async move { s.get::<String>("n").map(drop) });
    let words = move |_: &Error| {
        axum::response::AppendHeaders(fields.map(|name| (name, "max-age=600"))).into_response()
    };
    let app = Router::new()
        .route("/", stores)
        .route("/fails", fails)
        .layer(layer().with_error_response(words));
    let answer = request(&app, "/", &[]).await;
    for name in fields {
        assert_eq!(answer.field(name), None, "{name} beside a session cookie");
    }
    let cookie = cookie_of(&answer);
    let answer = request(&app, "/", &[cookie.as_bytes()]).await;
    for name in fields {
        assert_eq!(answer.field(name).as_deref(), Some("max-age=600"), "no cookie, no change");
    }
    let answer = request(&app, "/fails", &[cookie.as_bytes()]).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    for name in fields {
        assert_eq!(answer.field(name), None, "{name} on a failure");
    }
}
