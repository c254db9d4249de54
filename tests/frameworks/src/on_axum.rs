//! The shop on axum.

use crate::forms::{Article, Visitor};
use crate::shop;
use axum::Router;
use axum::extract::Form;
use axum::response::Redirect;
use axum::routing::{get, post};
use session_testkit::adapter::Serving;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use web_session::{NotSignedIn, Result, ReturnTo, Session, SessionLayer, SessionManager, SignedIn};

/// Serves it until what is returned is dropped.
pub async fn serve(manager: SessionManager) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, app(manager)).await });
    Serving::new(addr, server)
}

fn app(manager: SessionManager) -> Router {
    Router::new()
        .route("/", get(visits))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/account", get(account))
        .route("/cart", get(cart).post(add))
        .route("/broken", get(broken))
        .layer(SessionLayer::new(manager).with_sign_in_page("/sign-in").unwrap())
}

async fn visits(session: Session) -> Result<String> {
    shop::visits(&session).await
}

async fn sign_in(session: Session, next: ReturnTo, form: Form<Visitor>) -> Result<Redirect> {
    shop::sign_in(&session, &form.name).await?;
    Ok(Redirect::to(next.or("/account")))
}

async fn sign_out(session: Session) -> Result<Redirect> {
    shop::sign_out(&session).await?;
    Ok(Redirect::to("/"))
}

async fn account(member: Result<SignedIn, NotSignedIn>) -> Result<String, NotSignedIn> {
    Ok(shop::account(&member?).await?)
}

async fn add(session: Session, form: Form<Article>) -> Result<Redirect> {
    shop::add(&session, &form.item).await?;
    Ok(Redirect::to("/cart"))
}

async fn cart(session: Session) -> Result<String> {
    shop::cart(&session).await
}

async fn broken(session: Session) -> Result<String> {
    shop::broken(&session).await
}
