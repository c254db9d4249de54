//! An application in which a path is a program: `/get:n/set:n=2/pause/login:ann`.

use super::gate::Gate;
use super::{Answer, Browser, request};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{StatusCode, Uri};
use session_core::{Config, Error, MemoryStore, Session, SessionManager, Signer, Store, Value};
use session_testkit::CountingStore;
use session_tower::SessionLayer;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// The application and where its handlers wait.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) gate: Arc<Gate>,
    pub(crate) manager: SessionManager,
}

impl App {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self::with(store, Config::default(), None)
    }

    pub(crate) fn with(
        store: Arc<dyn Store>,
        config: Config,
        signer: impl Into<Option<Signer>>,
    ) -> Self {
        let manager = SessionManager::new(store, config, signer).unwrap();
        let gate = Arc::new(Gate::default());
        let layer = SessionLayer::new(manager.clone());
        let router =
            Router::new()
                .route("/plain", get(|| async { "plain" }))
                .route("/optional", get(optional))
                .route("/extract", get(|_: Session| async {}))
                .route(
                    "/shrug",
                    get(|s: Result<Session, Error>| async move {
                        if s.is_ok() { "fine" } else { "down" }
                    }),
                )
                .fallback(get(run))
                .with_state(Arc::clone(&gate))
                .layer(layer);
        Self { router, gate, manager }
    }

    /// Starts a request of `browser` that runs until it ends or meets the gate.
    pub(crate) fn start(&self, browser: &Browser, path: &str) -> tokio::task::JoinHandle<Answer> {
        let (router, path) = (self.router.clone(), path.to_owned());
        let mut browser = browser.clone();
        tokio::spawn(async move { browser.get(&router, &path).await })
    }

    /// Starts a request and waits until its handler stands at the gate.
    pub(crate) async fn pause(
        &self,
        browser: &Browser,
        path: &str,
    ) -> tokio::task::JoinHandle<Answer> {
        let request = self.start(browser, path);
        self.gate.arrived(1).await;
        request
    }

    pub(crate) async fn request(&self, path: &str, cookies: &[&[u8]]) -> Answer {
        request(&self.router, path, cookies).await
    }

    /// A browser that has requested `path`.
    pub(crate) async fn visit(&self, path: &str) -> Browser {
        let mut browser = Browser::default();
        browser.ok(&self.router, path).await;
        browser
    }

    /// Everything the session of `browser` holds, as `key=value` in order.
    pub(crate) async fn dump(&self, browser: &Browser) -> String {
        browser.clone().ok(&self.router, "/dump").await
    }
}

/// An application over a store in memory that counts its calls.
pub(crate) fn counted(
    config: Config,
    signer: impl Into<Option<Signer>>,
) -> (App, Arc<CountingStore>) {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    (App::with(store.clone(), config, signer), store)
}

async fn optional(session: Option<Session>) -> &'static str {
    if session.is_some() { "some" } else { "none" }
}

async fn run(State(gate): State<Arc<Gate>>, session: Session, uri: Uri) -> Response {
    let mut out = String::new();
    for step in uri.path().split('/').filter(|step| !step.is_empty()) {
        match take(step, &session, &gate, &mut out).await {
            Ok(None) => {}
            Ok(Some(status)) => return (status, out).into_response(),
            Err(rejection) => return rejection.into_response(),
        }
    }
    out.into_response()
}

async fn take(
    step: &str,
    session: &Session,
    gate: &Gate,
    out: &mut String,
) -> Result<Option<StatusCode>, Error> {
    let (verb, rest) = step.split_once(':').unwrap_or((step, ""));
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    match verb {
        "get" => write!(out, "{}", show(session.get::<Value>(key)?)).unwrap(),
        "set" => session.insert(key, value)?,
        "put" => session.insert(key, value.parse::<u64>().unwrap())?,
        "overwrite" => session.overwrite(key, value)?,
        "remove" => write!(out, "{}", show(session.remove::<Value>(key)?)).unwrap(),
        // Reads a number and sets the next one: the way that loses updates elsewhere.
        "increment" => {
            let next = session.get::<u64>(key)?.unwrap_or(0) + 1;
            session.insert(key, next)?;
            write!(out, "{next}").unwrap();
        }
        "modify" => {
            let next: u64 = session.modify(key, |n| n.unwrap_or(0) + 1)?;
            write!(out, "{next}").unwrap();
        }
        "update" => {
            let next: u64 = session.update(key, |n| n.unwrap_or(0) + 1).await?;
            write!(out, "{next}").unwrap();
        }
        "clear" => session.clear()?,
        "flush" => session.flush()?,
        "regenerate" => session.regenerate()?,
        "login" => session.set_owner(key)?,
        "flash" => session.flash("info", key)?,
        "take" => {
            let flashes = session.take_flashes()?;
            let messages: Vec<_> = flashes.into_iter().map(|flash| flash.message).collect();
            write!(out, "{}", messages.join(",")).unwrap();
        }
        "permanent" => session.set_permanent(key == "yes")?,
        "lifetime" => session.set_lifetime(Duration::from_secs(key.parse().unwrap()))?,
        "ttl" => write!(out, "{}", session.ttl()?.map_or(0, |ttl| ttl.as_secs())).unwrap(),
        "new" => write!(out, "{}", session.is_new()).unwrap(),
        "big" => session.insert(key, "x".repeat(value.parse().unwrap()))?,
        "dump" => {
            let entries = session.entries()?;
            let entries =
                entries.into_iter().map(|(key, value)| format!("{key}={}", show(Some(value))));
            write!(out, "{}", entries.collect::<Vec<_>>().join(" ")).unwrap();
        }
        "pause" => gate.pass().await,
        "panic" => panic!("the handler panics"),
        "status" => return Ok(Some(StatusCode::from_bytes(key.as_bytes()).unwrap())),
        _ => panic!("no such step: {step}"),
    }
    Ok(None)
}

fn show(value: Option<Value>) -> String {
    match value {
        None => "none".to_owned(),
        Some(Value::Text(text)) => text,
        Some(Value::Integer(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
    }
}
