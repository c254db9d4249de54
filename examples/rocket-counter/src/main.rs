//! Counts the visits of each browser, on Rocket.
//!
//! ```text
//! cargo run -p rocket-counter                            in memory
//! SESSION_TYPE=filesystem cargo run -p rocket-counter    in ./flask_session, across restarts
//! curl --cookie jar --cookie-jar jar http://localhost:8000/
//! ```

#![expect(clippy::large_futures, reason = "those of Rocket are")]

use rocket::http::Status;
use rocket::{Build, Request, Rocket, catch, catchers, get, routes};
use std::sync::Arc;
use web_session::{Config, MemoryStore, SessionManager, Signer};
use web_session::{Result, Session, SessionFairing};

#[get("/")]
fn visits(session: Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}\n"))
}

/// The page of every failure, those of sessions among them: the store is down, another request won.
#[catch(default)]
fn sorry(status: Status, _: &Request<'_>) -> String {
    format!("Sorry: {status}\n")
}

fn app(manager: SessionManager) -> Rocket<Build> {
    let app = rocket::build().mount("/", routes![visits]).register("/", catchers![sorry]);
    app.attach(SessionFairing::new(manager))
}

/// As the environment says, or hardened and in memory, signed with a key of this run.
async fn sessions() -> Result<SessionManager> {
    if std::env::var_os("SESSION_TYPE").is_some() {
        return web_session::manager_from_env().await;
    }
    let key: [u8; 32] = rand::random();
    let config = Config::hardened().build()?;
    SessionManager::new(Arc::new(MemoryStore::new()), config, Some(Signer::new(key)?))
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    app(sessions().await?).launch().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::app;
    use rocket::http::Status;
    use rocket::local::asynchronous::Client;
    use std::sync::Arc;
    use web_session::testing::{Fault, FaultyStore};
    use web_session::{Config, ErrorKind, MemoryStore, SessionManager, Signer};

    /// The page that the browser of `client` gets.
    async fn visit(client: &Client) -> (Status, String) {
        let response = client.get("/").dispatch().await;
        (response.status(), response.into_string().await.unwrap())
    }

    fn page(status: Status, text: &str) -> (Status, String) {
        (status, text.to_owned())
    }

    #[rocket::async_test]
    async fn each_browser_has_a_count_of_its_own_also_after_an_outage() {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let signer = Signer::new([7; 32]).unwrap();
        let config = Config::hardened().build().unwrap();
        let manager = SessionManager::new(store.clone(), config, Some(signer)).unwrap();
        let ann = Client::tracked(app(manager.clone())).await.unwrap();
        let bob = Client::tracked(app(manager)).await.unwrap();
        assert_eq!(visit(&ann).await, page(Status::Ok, "visit 1\n"));
        assert_eq!(visit(&ann).await, page(Status::Ok, "visit 2\n"));
        assert_eq!(visit(&bob).await, page(Status::Ok, "visit 1\n"));
        store.always(Fault::Fail(ErrorKind::Unavailable));
        let sorry = page(Status::ServiceUnavailable, "Sorry: 503 Service Unavailable\n");
        assert_eq!(visit(&ann).await, sorry);
        store.always(Fault::Pass);
        assert_eq!(visit(&ann).await, page(Status::Ok, "visit 3\n"));
    }
}
