//! The application under test.

use crate::address::settings;
use crate::program;
use crate::signals::Signals;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::StatusCode;
use session_core::config::Settings;
use session_core::{Config, Error, Session, SessionManager, Store};
use session_tower::SessionLayer;
use std::sync::Arc;

/// How long calls and requests may wait for the store.
pub(crate) const PATIENCE: [&str; 2] = ["SESSION_TIMEOUT", "SESSION_OPERATION_TIMEOUT"];
/// The settings that a server takes from its environment.
const TOLD: [&str; 8] = [
    PATIENCE[0],
    PATIENCE[1],
    "SESSION_OWNER_INDEX",
    "SESSION_MAX_PER_OWNER",
    "SESSION_USE_SIGNER",
    "SESSION_HASH_IDS",
    "SESSION_REDIS_NEAR_CACHE",
    "SECRET_KEY",
];

/// Opens the store that `address` names.
///
/// # Errors
///
/// Those of [`web_session::connect`].
pub async fn open_store(address: &str) -> session_core::Result<Arc<dyn Store>> {
    web_session::connect(&settings(address).into_iter().chain(told()).collect()).await
}

/// What the environment says besides of sessions.
fn told() -> impl Iterator<Item = (&'static str, String)> {
    TOLD.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)))
}

/// Makes the application.
///
/// | route | what it does |
/// |---|---|
/// | `/run` | the program in the body, with the session |
/// | `/member` | the same, but 401 where there is no live session |
/// | `/unasked` | nothing, below the session layer |
/// | `/plain` | nothing, beside the session layer |
/// | `/signals/NAME/set`, `/signals/NAME/wait` | what they say |
///
/// A request whose URI has a query sets the signal of that name when all of it is over, the commit
/// included, however it ends.
///
/// # Errors
///
/// Those of [`SessionManager::new`].
pub fn router(store: Arc<dyn Store>) -> session_core::Result<Router> {
    let signals = Signals::new();
    let settings: Settings = told().collect();
    let config = Config::from_settings(&settings)?;
    let secrets = settings.secrets()?.filter(|_| config.use_signer().reads_new());
    let signer = secrets.map(|secrets| secrets.signer()).transpose()?;
    let manager = SessionManager::new(store, config, signer)?;
    Ok(Router::new()
        .route("/run", post(run))
        .route("/member", post(member))
        .route("/unasked", post(async || "unasked"))
        .layer(SessionLayer::new(manager))
        .layer(from_fn_with_state(signals.clone(), tell_the_end))
        .route("/plain", post(async || "plain"))
        .route("/signals/{name}/set", post(set))
        .route("/signals/{name}/wait", post(wait))
        .with_state(signals))
}

async fn run(
    State(signals): State<Signals>,
    session: Session,
    program: String,
) -> Result<Response, Error> {
    program::run(&program, &session, &signals).await
}

async fn member(
    State(signals): State<Signals>,
    session: Option<Session>,
    program: String,
) -> Result<Response, Error> {
    match session {
        Some(session) => program::run(&program, &session, &signals).await,
        None => Ok(StatusCode::UNAUTHORIZED.into_response()),
    }
}

async fn tell_the_end(State(signals): State<Signals>, request: Request, next: Next) -> Response {
    let _end = request.uri().query().map(|name| signals.set_on_drop(name));
    next.run(request).await
}

async fn set(State(signals): State<Signals>, Path(name): Path<String>) {
    signals.set(name);
}

async fn wait(State(signals): State<Signals>, Path(name): Path<String>) {
    signals.wait(&name).await;
}
