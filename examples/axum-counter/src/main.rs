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
    use web_session::SessionManager;
    use web_session::config::Settings;
    use web_session::testing::Browser;

    /// The page that `browser` gets.
    async fn visit(app: &Router, browser: &mut Browser) -> String {
        let request = Request::get("/").header(COOKIE, browser.cookie());
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        browser.heed(response.headers().get_all(SET_COOKIE));
        let page = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(page.to_vec()).unwrap()
    }

    async fn manager<const N: usize>(settings: [(&str, &str); N]) -> SessionManager {
        let settings: Settings = settings.into_iter().collect();
        web_session::manager(&settings).await.unwrap()
    }

    #[tokio::test]
    async fn each_browser_has_a_count_of_its_own() {
        let manager = manager([("SESSION_TYPE", "memory")]).await;
        let app = app(manager.clone());
        let [mut ann, mut bob] = [(); 2].map(|()| Browser::new(&manager));
        assert_eq!(visit(&app, &mut ann).await, "visit 1\n");
        assert_eq!(visit(&app, &mut ann).await, "visit 2\n");
        assert_eq!(visit(&app, &mut bob).await, "visit 1\n");
        assert_eq!(visit(&app, &mut ann).await, "visit 3\n");
    }

    #[tokio::test]
    async fn count_goes_on_from_what_is_stored() {
        let manager = manager([("SESSION_TYPE", "memory")]).await;
        let mut ann = Browser::new(&manager);
        ann.change(|session| session.insert("visits", 41)).await.unwrap();
        assert_eq!(visit(&app(manager), &mut ann).await, "visit 42\n");
        assert_eq!(ann.session().await.unwrap().get("visits").unwrap(), Some(42));
    }

    #[tokio::test]
    async fn counts_in_files_outlive_the_application() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().to_str().unwrap();
        let settings = [("SESSION_TYPE", "filesystem"), ("SESSION_FILE_DIR", dir)];
        let first = manager(settings).await;
        let mut ann = Browser::new(&first);
        visit(&app(first), &mut ann).await;
        assert_eq!(visit(&app(manager(settings).await), &mut ann).await, "visit 2\n");
    }
}
