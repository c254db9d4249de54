//! Counts the visits of each browser, on actix-web.
//!
//! ```text
//! cargo run -p actix-counter                            in memory
//! SESSION_TYPE=filesystem cargo run -p actix-counter    in ./flask_session, across restarts
//! curl --cookie jar --cookie-jar jar http://127.0.0.1:3000/
//! ```

use actix_web::{App, HttpServer, web};
use std::sync::Arc;
use web_session::{Config, MemoryStore, SessionManager};
use web_session::{Result, Session, SessionMiddleware};

async fn visits(session: Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}\n"))
}

/// What each worker serves. The manager is one for all.
fn routes(app: &mut web::ServiceConfig, manager: SessionManager) {
    let sessions = SessionMiddleware::new(manager);
    app.service(web::scope("").wrap(sessions).route("/", web::get().to(visits)));
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let manager = match std::env::var_os("SESSION_TYPE") {
        Some(_) => web_session::manager_from_env().await?,
        None => SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?,
    };
    let server = HttpServer::new(move || App::new().configure(|app| routes(app, manager.clone())))
        .bind("127.0.0.1:3000")?;
    eprintln!("http://127.0.0.1:3000/ counts visits");
    Ok(server.run().await?)
}

#[cfg(test)]
mod tests {
    use super::routes;
    use actix_web::App;
    use actix_web::http::header::{COOKIE, SET_COOKIE};
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use web_session::config::Settings;

    #[actix_web::test]
    async fn each_browser_has_a_count_of_its_own() {
        let settings: Settings = [("SESSION_TYPE", "memory")].into_iter().collect();
        let manager = web_session::manager(&settings).await.unwrap();
        let app = init_service(App::new().configure(|app| routes(app, manager))).await;
        let mut cookies = [String::new(), String::new()];
        for (browser, page) in [(0, "visit 1\n"), (0, "visit 2\n"), (1, "visit 1\n")] {
            let cookie = &mut cookies[browser];
            let request = TestRequest::get().uri("/").insert_header((COOKIE, cookie.as_str()));
            let response = call_service(&app, request.to_request()).await;
            if let Some(set) = response.headers().get(SET_COOKIE) {
                *cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            }
            assert_eq!(read_body(response).await, page);
        }
        assert_ne!(cookies[0], cookies[1]);
    }
}
