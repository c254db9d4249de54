//! Counts the visits of each browser.
//!
//! ```text
//! SESSION_TYPE=memory cargo run -p axum-counter
//! ```

use axum::{Router, routing::get};
use session::SessionManager;
use session::axum::{Session, SessionLayer, SessionRejection};

async fn visits(session: Session) -> Result<String, SessionRejection> {
    let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?;
    Ok(format!("visit {visits}\n"))
}

fn app(manager: SessionManager) -> Router {
    Router::new().route("/", get(visits)).layer(SessionLayer::new(manager))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manager = session::manager_from_env().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app(manager)).await?;
    Ok(())
}
