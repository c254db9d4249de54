use axum::body::Body;
use axum::http::{Request, StatusCode, header::COOKIE};
use axum::{Router, routing::get};
use std::sync::Arc;
use tower::ServiceExt;
use web_session::{Config, MemoryStore, Result, Session, SessionLayer, SessionManager, SignedIn};

async fn account(SignedIn { owner, .. }: SignedIn) -> String {
    format!("the account of {owner}")
}

fn app(manager: SessionManager) -> Router {
    Router::new().route("/account", get(account)).layer(SessionLayer::new(manager))
}

/// Stores a session and returns its cookie, as a browser sends it.
async fn cookie(manager: &SessionManager, fill: fn(&Session) -> Result<()>) -> Result<String> {
    let exchange = manager.create();
    if let Some(session) = exchange.opened() {
        fill(&session)?;
    }
    let set_cookie = exchange.commit().await?.set_cookie.unwrap_or_default();
    Ok(set_cookie.split(';').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn account_is_for_its_owner() -> Result<(), Box<dyn std::error::Error>> {
    let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
    let app = app(manager.clone());
    let ann = cookie(&manager, |session| session.set_owner("ann")).await?;

    let request = Request::get("/account").header(COOKIE, ann).body(Body::empty())?;
    assert_eq!(app.clone().oneshot(request).await?.status(), StatusCode::OK);

    let request = Request::get("/account").body(Body::empty())?;
    assert_eq!(app.oneshot(request).await?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}
