//! Handlers that want somebody signed in, and what everybody else gets.

mod layers;

use crate::support::Answer;
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use http::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use session_core::{
    Config, MemoryStore, NotSignedIn, Result, ReturnTo, Session, SessionManager, SignedIn, Store,
    Transport,
};
use session_testkit::{Calls, CountingStore};
use session_tower::SessionLayer;
use std::sync::Arc;
use tower::ServiceExt as _;

const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

fn routes() -> Router {
    Router::new()
        .route("/account", get(account).post(account))
        .route("/maybe", get(maybe))
        .route("/own", get(own_answer))
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/sign-out", get(|session: Session| async move { session.flush() }))
        .route("/visit", get(|session: Session| async move { session.insert("n", 1) }))
        .nest("/shop", Router::new().route("/orders", get(account)))
}

async fn account(SignedIn { owner, session }: SignedIn) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("{owner}, visit {visits}"))
}

async fn maybe(signed_in: Option<SignedIn>) -> String {
    signed_in.map_or_else(|| "a stranger".to_owned(), |signed_in| signed_in.owner)
}

async fn own_answer(signed_in: Result<SignedIn, NotSignedIn>) -> Response {
    match signed_in {
        Ok(signed_in) => signed_in.owner.into_response(),
        Err(NotSignedIn::Nobody { .. }) => (StatusCode::NOT_FOUND, "no such page").into_response(),
        Err(failed) => failed.into_response(),
    }
}

async fn sign_in_page(next: ReturnTo) -> String {
    format!("form; no account? {}", next.on("/sign-up"))
}

async fn sign_in(session: Session, next: ReturnTo) -> Result<Redirect> {
    session.set_owner("ann")?;
    Ok(Redirect::to(next.or("/account")))
}

fn manager(store: Arc<dyn Store>, name: &str) -> SessionManager {
    let config = Config::builder().cookie_name(name).key_prefix(format!("{name}:")).build();
    SessionManager::new(store, config.unwrap(), None).unwrap()
}

fn app(store: Arc<dyn Store>) -> Router {
    let layer = SessionLayer::new(manager(store, "session")).with_sign_in_page("/sign-in");
    routes().layer(layer.unwrap())
}

fn in_memory() -> Router {
    app(Arc::new(MemoryStore::new()))
}

/// A request as a browser sends it that loads a page.
async fn load(app: &Router, method: Method, path: &str, cookie: Option<&str>) -> Answer {
    send(app, method, path, &[(ACCEPT.as_str(), BROWSER)], cookie).await
}

async fn send(
    app: &Router,
    method: Method,
    path: &str,
    fields: &[(&str, &str)],
    cookie: Option<&str>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// The cookie of a browser that has signed in.
async fn signed_in(app: &Router) -> String {
    pair(&load(app, Method::POST, "/sign-in", None).await.headers)
}

fn pair(headers: &HeaderMap) -> String {
    headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

fn location(answer: &Answer) -> Option<&str> {
    answer.headers.get(LOCATION).map(|value| value.to_str().unwrap())
}

#[track_caller]
fn assert_redirects(answer: &Answer, page: &str) {
    assert_eq!((answer.status, location(answer)), (StatusCode::SEE_OTHER, Some(page)));
    assert_eq!(answer.field("www-authenticate"), None);
    assert_kept_by_no_cache(answer);
}

#[track_caller]
fn assert_unauthorized(answer: &Answer) {
    assert_eq!((answer.status, location(answer)), (StatusCode::UNAUTHORIZED, None));
    assert_eq!(answer.field("www-authenticate").as_deref(), Some("Cookie"));
    assert_eq!(answer.body, "Please sign in.");
    assert_eq!(answer.field("content-type").as_deref(), Some("text/plain; charset=utf-8"));
    assert_kept_by_no_cache(answer);
}

#[track_caller]
fn assert_kept_by_no_cache(answer: &Answer) {
    assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
    assert_eq!(answer.field("vary").as_deref(), Some("Cookie"));
    assert_eq!(answer.set_cookies(), [""; 0]);
}

#[tokio::test]
async fn owner_and_session_are_the_handlers_where_somebody_is_signed_in() {
    let app = in_memory();
    let cookie = signed_in(&app).await;
    for visit in ["ann, visit 1", "ann, visit 2"] {
        assert_eq!(load(&app, Method::GET, "/account", Some(&cookie)).await.body, visit);
    }
    assert_eq!(load(&app, Method::GET, "/maybe", Some(&cookie)).await.body, "ann");
    assert_eq!(load(&app, Method::GET, "/own", Some(&cookie)).await.body, "ann");
}

#[tokio::test]
async fn visitor_is_sent_to_sign_in_and_comes_back() {
    let app = in_memory();
    let asked = "/account?tab=orders&page=2";
    let answer = load(&app, Method::GET, asked, None).await;
    assert_redirects(&answer, "/sign-in?next=/account%3Ftab%3Dorders%26page%3D2");
    let page = location(&answer).unwrap();
    let form = load(&app, Method::GET, page, None).await;
    assert_eq!(form.body, "form; no account? /sign-up?next=/account%3Ftab%3Dorders%26page%3D2");
    // A form without an action is sent to the URL of its page.
    let sent = load(&app, Method::POST, page, None).await;
    assert_eq!(location(&sent), Some(asked));
    let back = load(&app, Method::GET, asked, Some(&pair(&sent.headers))).await;
    assert_eq!(back.body, "ann, visit 1");
}

#[tokio::test]
async fn stranger_is_nobody_with_or_without_a_session() {
    let app = in_memory();
    let visitor = pair(&load(&app, Method::GET, "/visit", None).await.headers);
    let ended = signed_in(&app).await;
    load(&app, Method::GET, "/sign-out", Some(&ended)).await;
    for cookie in [None, Some(&*visitor), Some(&*ended), Some("session=forged")] {
        let answer = load(&app, Method::GET, "/account", cookie).await;
        assert_redirects(&answer, "/sign-in?next=/account");
        assert_eq!(load(&app, Method::GET, "/maybe", cookie).await.body, "a stranger");
        let answer = load(&app, Method::GET, "/own", cookie).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (404, "no such page"));
    }
}

#[tokio::test]
async fn way_back_is_the_whole_path_and_nothing_that_cannot_be_asked_for_again() {
    let app = in_memory();
    let answer = load(&app, Method::GET, "/shop/orders?page=2", None).await;
    assert_redirects(&answer, "/sign-in?next=/shop/orders%3Fpage%3D2");
    let answer = load(&app, Method::HEAD, "/account", None).await;
    assert_redirects(&answer, "/sign-in?next=/account");
    let answer = load(&app, Method::POST, "/account", None).await;
    assert_redirects(&answer, "/sign-in");
}

#[tokio::test]
async fn link_that_somebody_else_made_leads_nowhere_else() {
    let app = in_memory();
    for next in ["//evil.example", "https://evil.example", "/%5Cevil.example", "%09//evil.example"]
    {
        let sent = load(&app, Method::POST, &format!("/sign-in?next={next}"), None).await;
        assert_eq!(location(&sent), Some("/account"), "{next}");
    }
}

#[tokio::test]
async fn script_gets_401_and_no_page() {
    let app = in_memory();
    let fetches: [&[(&str, &str)]; 4] = [
        &[],
        &[("accept", "*/*")],
        &[("accept", "application/json")],
        &[("accept", BROWSER), ("sec-fetch-mode", "cors")],
    ];
    for fields in fetches {
        assert_unauthorized(&send(&app, Method::GET, "/account", fields, None).await);
    }
    let navigation = [("sec-fetch-mode", "navigate")];
    let answer = send(&app, Method::GET, "/account", &navigation, None).await;
    assert_redirects(&answer, "/sign-in?next=/account");
}

#[tokio::test]
async fn everybody_gets_401_where_the_layer_knows_no_page() {
    let store = Arc::new(MemoryStore::new());
    let app = routes().layer(SessionLayer::new(manager(store, "session")));
    assert_unauthorized(&load(&app, Method::GET, "/account", None).await);
}

#[tokio::test]
async fn sign_in_page_that_wants_somebody_signed_in_is_no_endless_redirect() {
    let layer = SessionLayer::new(manager(Arc::new(MemoryStore::new()), "session"));
    let app = routes().layer(layer.with_sign_in_page("/account?lang=de").unwrap());
    assert_unauthorized(&load(&app, Method::GET, "/account?lang=de&next=/account", None).await);
    let answer = load(&app, Method::GET, "/shop/orders", None).await;
    assert_redirects(&answer, "/account?lang=de&next=/shop/orders");
}

#[tokio::test]
async fn page_of_the_applications_that_is_no_url_is_a_401() {
    for page in ["/sign-in\r\nx: y", "/anmeldung/\u{fc}", "/sign in"] {
        let (sign_in, transport) = (Some(page.to_owned()), Transport::Cookie);
        let nobody = NotSignedIn::Nobody { sign_in, transport };
        let response = nobody.into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{page}");
        assert_eq!(response.headers()["www-authenticate"], "Cookie");
        assert_eq!(response.headers().get(LOCATION), None);
    }
}

#[tokio::test]
async fn asking_who_is_signed_in_costs_what_asking_for_the_session_costs() {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let app = app(store.clone());
    let cookie = signed_in(&app).await;
    store.take_calls();
    for (path, cookie, load_calls) in
        [("/maybe", Some(&*cookie), 1), ("/own", Some(&*cookie), 1), ("/account", None, 0)]
    {
        load(&app, Method::GET, path, cookie).await;
        assert_eq!(store.take_calls(), Calls { load: load_calls, ..Calls::default() }, "{path}");
    }
}

#[tokio::test]
async fn name_of_who_is_signed_in_is_not_shown() {
    let session = manager(Arc::new(MemoryStore::new()), "session").create().clone();
    let shown = format!("{:?}", SignedIn { owner: "ann".to_owned(), session });
    assert!(!shown.contains("ann"), "{shown}");
}
