//! Counts the visits of each browser, and shows how its sessions fare.
//!
//! ```text
//! cargo run -p watching
//! curl --cookie jar --cookie-jar jar http://127.0.0.1:3000/
//! curl http://127.0.0.1:9464/metrics
//! ```

mod prometheus;
mod traces;

use axum::{Router, routing::get};
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tracing::Level;
use web_session::{Config, MemoryStore, Result, Session, SessionLayer, SessionManager};

async fn visits(session: Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}\n"))
}

async fn look(session: Session) -> Result<String> {
    let visits: u64 = session.get("visits")?.unwrap_or(0);
    Ok(format!("{visits} visits\n"))
}

/// The layer of traces is the outer one: what a session does belongs to the request that asked.
fn app(manager: SessionManager) -> Router {
    let requests = DefaultMakeSpan::new().level(Level::INFO);
    Router::new()
        .route("/", get(visits))
        .route("/look", get(look))
        .layer(SessionLayer::new(manager))
        .layer(TraceLayer::new_for_http().make_span_with(requests))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let traces = traces::init()?;
    let metrics = prometheus::router()?;
    let manager = match std::env::var_os("SESSION_TYPE") {
        Some(_) => web_session::manager_from_env().await?,
        None => SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?,
    };
    let site = listen("PORT", 3000).await?;
    // A port of its own, which the proxy before the site does not know.
    let scraped = listen("METRICS_PORT", 9464).await?;
    eprintln!("http://{}/ counts visits", site.local_addr()?);
    eprintln!("http://{}/metrics says how sessions fare", scraped.local_addr()?);

    tokio::select! {
        ended = axum::serve(scraped, metrics).into_future() => ended?,
        ended = axum::serve(site, app(manager)).into_future() => ended?,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    if let Some(traces) = traces {
        // It waits for what is still to be sent.
        tokio::task::spawn_blocking(move || traces.shutdown()).await??;
    }
    Ok(())
}

/// Listens at the port that the environment names.
async fn listen(variable: &str, default: u16) -> Result<TcpListener, Box<dyn Error>> {
    let port = std::env::var(variable).map_or(Ok(default), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    Ok(listener.map_err(|error| format!("listen at {variable} {port}: {error}"))?)
}
