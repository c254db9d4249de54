//! The site of the kit on axum.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, Uri};
use session_core::{Error, Named, Session, SignedIn, async_trait};
use session_testkit::adapter::{Adapter, Admin, Reply, Serving, Site};
use session_tower::SessionLayer;
use std::io;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

session_testkit::adapter_conformance!(Axum);

struct Axum;

#[async_trait]
impl Adapter for Axum {
    async fn serve(&self, site: Site) -> io::Result<Serving> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        // Aborted when it is dropped.
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app(site)).await });
        Ok(Serving::new(addr, server))
    }
}

fn app(site: Site) -> Router {
    let sessions = SessionLayer::new(site.manager.clone());
    let admin = SessionLayer::named::<Admin>(site.admin.clone());
    Router::new()
        .route("/plain", get(async || "plain"))
        .route("/run/{*steps}", get(run))
        .route("/teapot/{*steps}", get(teapot))
        .route("/stream/{*steps}", get(stream))
        .route("/member", get(async |member: SignedIn| member.owner))
        .route("/admin/{*steps}", get(administer).layer(admin.clone()))
        .route("/both/{*steps}", get(both).layer(admin))
        .layer(sessions.with_sign_in_page(Site::SIGN_IN).unwrap())
        .route("/bare", get(async |_: Session| {}))
        .with_state(site)
}

async fn run(State(site): State<Site>, session: Session, uri: Uri) -> Result<Response, Error> {
    Ok(response(site.run(&session, uri.path()).await?))
}

async fn administer(
    State(site): State<Site>,
    session: Named<Admin, Session>,
    uri: Uri,
) -> Result<Response, Error> {
    Ok(response(site.run(&session, uri.path()).await?))
}

async fn both(
    State(site): State<Site>,
    outer: Session,
    inner: Named<Admin, Session>,
    uri: Uri,
) -> Result<Response, Error> {
    site.run(&outer, uri.path()).await?;
    Ok(response(site.run(&inner, uri.path()).await?))
}

async fn teapot(State(site): State<Site>, session: Session, uri: Uri) -> Response {
    match site.run(&session, uri.path()).await {
        Ok(reply) => response(reply),
        Err(error) => {
            let mut response = error.into_response();
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            response
        }
    }
}

async fn stream(State(site): State<Site>, session: Session, uri: Uri) -> Result<Response, Error> {
    site.run(&session, uri.path()).await?;
    Ok(Body::from_stream(site.body()).into_response())
}

fn response(reply: Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.fields {
        response = response.header(name, value);
    }
    response.body(reply.body.into()).unwrap()
}
