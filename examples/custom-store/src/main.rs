//! Counts visits: `cargo run -p custom-store`.

use axum::{Router, routing::get};
use custom_store::manager_from_env;
use std::time::Duration;
use web_session::{Result, Session, SessionLayer};

async fn visits(session: Session) -> Result<String> {
    let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1).await?;
    Ok(format!("visit {visits}\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let manager = manager_from_env().await?;
    // The file keeps what has ended until it is swept.
    let _sweeper = manager.spawn_sweeper(Duration::from_secs(600));
    let app = Router::new().route("/", get(visits)).layer(SessionLayer::new(manager));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("http://{}/ counts visits", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
