//! Outages, and layers that are named or missing.

use super::{
    app, assert_kept_by_no_cache, assert_redirects, load, location, manager, routes, signed_in,
};
use crate::support::Browser;
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::{Method, StatusCode};
use session_core::{Error, ErrorKind, MemoryStore, Named, Session, SignedIn};
use session_testkit::{Fault, FaultyStore, Method as Call};
use session_tower::SessionLayer;
use std::sync::Arc;

enum Admin {}

#[tokio::test]
async fn outage_is_never_a_401() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let app = app(store.clone());
    let cookie = signed_in(&app).await;
    for path in ["/account", "/maybe", "/own"] {
        for kind in [ErrorKind::Unavailable, ErrorKind::Timeout] {
            store.push(Call::Load, Fault::Fail(kind));
            let answer = load(&app, Method::GET, path, Some(&cookie)).await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert_eq!((location(&answer), answer.field("www-authenticate")), (None, None));
            assert_eq!(answer.field("retry-after").as_deref(), Some("1"));
            assert_kept_by_no_cache(&answer);
        }
    }
}

#[tokio::test]
async fn layer_makes_the_response_of_an_outage_here_too() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let explain = |error: &Error| error.kind().as_str().into_response();
    let layer = SessionLayer::new(manager(store.clone(), "session")).with_sign_in_page("/sign-in");
    let app = routes().layer(layer.unwrap().with_error_response(explain));
    let cookie = signed_in(&app).await;
    store.push(Call::Load, Fault::Fail(ErrorKind::Timeout));
    let answer = load(&app, Method::GET, "/account", Some(&cookie)).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (503, "timeout"));
    let answer = load(&app, Method::GET, "/account", None).await;
    assert_redirects(&answer, "/sign-in?next=/account");
}

#[tokio::test]
async fn named_layer_has_people_and_a_page_of_its_own() {
    let users = SessionLayer::new(manager(Arc::new(MemoryStore::new()), "session"));
    let admins = SessionLayer::named::<Admin>(manager(Arc::new(MemoryStore::new()), "admin"));
    let app = routes()
        .route(
            "/users",
            get(async |admin: Named<Admin, SignedIn>, user: Option<SignedIn>| {
                let user = user.map(|user| user.owner).unwrap_or_default();
                format!("{} sees {user}", admin.owner)
            }),
        )
        .route(
            "/is-admin",
            get(async |admin: Option<Named<Admin, SignedIn>>| admin.is_some().to_string()),
        )
        .route("/admin/sign-in", get(async |admin: Named<Admin, Session>| admin.set_owner("root")))
        .layer(admins.with_sign_in_page("/admin/sign-in").unwrap())
        .layer(users.with_sign_in_page("/sign-in").unwrap());
    let user = signed_in(&app).await;
    let answer = load(&app, Method::GET, "/users", Some(&user)).await;
    assert_redirects(&answer, "/admin/sign-in?next=/users");
    assert_eq!(load(&app, Method::GET, "/is-admin", Some(&user)).await.body, "false");
    let mut admin = Browser::default();
    admin.ok(&app, "/admin/sign-in").await;
    let both = format!("{user}; {}", admin.cookie.unwrap());
    assert_eq!(load(&app, Method::GET, "/users", Some(&both)).await.body, "root sees ann");
    assert_eq!(load(&app, Method::GET, "/is-admin", Some(&both)).await.body, "true");
}

#[tokio::test]
async fn missing_layer_is_no_sign_in() {
    for path in ["/account", "/maybe", "/own"] {
        let answer = load(&routes(), Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
}

#[test]
fn page_elsewhere_is_refused_at_the_start() {
    let layer = SessionLayer::new(manager(Arc::new(MemoryStore::new()), "session"));
    let error = layer.with_sign_in_page("https://login.example/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("/sign-in"), "{error}");
}
