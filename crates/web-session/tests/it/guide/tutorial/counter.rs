use axum::{Router, routing::get};
use web_session::{Result, Session, SessionLayer, SessionManager};

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
    let manager = web_session::manager_from_env().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(manager)).await?)
}

#[cfg(test)]
mod tests {
    use super::app;
    use crate::guide::browser::{Browser, manager};

    #[tokio::test]
    async fn each_browser_has_a_count_of_its_own() {
        let app = app(manager([]).await);
        let (mut ann, mut bob) = (Browser::new(&app), Browser::new(&app));
        assert_eq!(ann.get("/").await.body, "visit 1\n");
        assert_eq!(ann.get("/").await.body, "visit 2\n");
        assert_eq!(bob.get("/").await.body, "visit 1\n");
        assert_eq!(ann.get("/").await.body, "visit 3\n");
    }

    #[cfg(feature = "filesystem")]
    #[tokio::test]
    async fn counts_in_files_outlive_the_application() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().to_str().unwrap();
        let settings = [("SESSION_TYPE", "filesystem"), ("SESSION_FILE_DIR", dir)];
        let mut browser = Browser::new(&app(manager(settings).await));
        browser.get("/").await;
        let mut later = Browser::new(&app(manager(settings).await));
        later.cookie = browser.cookie;
        assert_eq!(later.get("/").await.body, "visit 2\n");
    }
}
