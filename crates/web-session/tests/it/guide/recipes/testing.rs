use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::{Router, routing::get};
use std::sync::Arc;
use tower::ServiceExt;
use web_session::testing::{Browser, Calls, CountingStore, Fault, FaultyStore};
use web_session::{Config, ErrorKind, MemoryStore, Result, SessionLayer, SessionManager, SignedIn};

async fn account(SignedIn { owner, session }: SignedIn) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("{owner}, visit {visits}"))
}

fn app(manager: SessionManager) -> Router {
    Router::new().route("/account", get(account)).layer(SessionLayer::new(manager))
}

/// Asks for the page as the browser does, and keeps the cookie that comes back.
async fn visit(app: &Router, browser: &mut Browser) -> Response {
    let request = Request::get("/account").header("cookie", browser.cookie());
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    browser.heed(response.headers().get_all("set-cookie"));
    response
}

#[tokio::test]
async fn account_counts_the_visits_of_its_owner() -> Result<()> {
    let store = Arc::new(MemoryStore::new());
    let manager = SessionManager::new(store, Config::default(), None)?;
    let app = app(manager.clone());

    let mut stranger = Browser::new(&manager);
    assert_eq!(visit(&app, &mut stranger).await.status(), StatusCode::UNAUTHORIZED);

    let mut ann = Browser::signed_in(&manager, "ann").await?; // no login form
    ann.change(|session| session.insert("visits", 41)).await?; // as it shall be before
    assert_eq!(visit(&app, &mut ann).await.status(), StatusCode::OK);
    assert_eq!(ann.session().await?.get("visits")?, Some(42)); // as it is afterwards
    Ok(())
}

#[tokio::test]
async fn an_outage_is_a_503_and_a_visit_costs_two_calls() -> Result<()> {
    let faulty = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let counting = Arc::new(CountingStore::new(faulty.clone()));
    let manager = SessionManager::new(counting.clone(), Config::default(), None)?;
    let app = app(manager.clone());
    let mut ann = Browser::signed_in(&manager, "ann").await?;

    counting.take_calls();
    visit(&app, &mut ann).await;
    assert_eq!(counting.take_calls(), Calls { load: 1, write: 1, ..Calls::default() });

    faulty.always(Fault::Fail(ErrorKind::Unavailable));
    assert_eq!(visit(&app, &mut ann).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    Ok(())
}
