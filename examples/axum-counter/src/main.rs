//! Counts the visits of each browser.
//!
//! ```text
//! cargo run -p axum-counter                            in memory
//! SESSION_TYPE=filesystem cargo run -p axum-counter    in ./flask_session, across restarts
//! curl --cookie jar --cookie-jar jar http://127.0.0.1:3000/
//! ```

use axum::{Router, routing::get};
use std::sync::Arc;
use web_session::{Config, MemoryStore, SessionManager};
use web_session::{Result, Session, SessionLayer};

async fn visits(session: Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}\n"))
}

fn app(manager: SessionManager) -> Router {
    Router::new().route("/", get(visits)).layer(SessionLayer::new(manager))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let manager = match std::env::var_os("SESSION_TYPE") {
        Some(_) => web_session::manager_from_env().await?,
        None => SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("http://{}/ counts visits", listener.local_addr()?);
    Ok(axum::serve(listener, app(manager)).await?)
}

#[cfg(test)]
mod tests {
    use super::app;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::http::header::{COOKIE, SET_COOKIE};
    use tower::ServiceExt as _;
    use web_session::config::Settings;

    /// Visits with this cookie; returns the page and the cookie from then on.
    async fn visit(app: &Router, cookie: &str) -> (String, String) {
        let request = Request::get("/").header(COOKIE, cookie).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let set_cookie = response.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap());
        let pair = set_cookie.and_then(|value| value.split(';').next()).unwrap_or(cookie);
        let cookie = pair.to_owned();
        let page = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (String::from_utf8(page.to_vec()).unwrap(), cookie)
    }

    async fn app_over<const N: usize>(settings: [(&str, &str); N]) -> Router {
        let settings: Settings = settings.into_iter().collect();
        app(web_session::manager(&settings).await.unwrap())
    }

    #[tokio::test]
    async fn each_browser_has_a_count_of_its_own() {
        let app = app_over([("SESSION_TYPE", "memory")]).await;
        let (page, ann) = visit(&app, "").await;
        assert_eq!(page, "visit 1\n");
        assert_eq!(visit(&app, &ann).await, ("visit 2\n".to_owned(), ann.clone()));

        let (page, bob) = visit(&app, "").await;
        assert_eq!(page, "visit 1\n");
        assert_ne!(bob, ann);
        assert_eq!(visit(&app, &ann).await.0, "visit 3\n");
    }

    #[tokio::test]
    async fn counts_in_files_outlive_the_application() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().to_str().unwrap();
        let settings = [("SESSION_TYPE", "filesystem"), ("SESSION_FILE_DIR", dir)];
        let (_, cookie) = visit(&app_over(settings).await, "").await;
        assert_eq!(visit(&app_over(settings).await, &cookie).await.0, "visit 2\n");
    }
}
