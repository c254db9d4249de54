//! On axum_session 0.22.

use axum::{Router, routing::get};
use axum_session::{SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use time::Duration;

type Session = axum_session::Session<SessionNullPool>;

async fn home(session: Session) -> String {
    let visits = session.get::<u64>("visits").unwrap_or(0) + 1;
    session.set("visits", visits);
    let name = session.get::<String>("user").unwrap_or("nobody".into());
    format!("{name}, visit {visits}")
}

async fn login(session: Session) -> String {
    session.renew();
    session.set("user", "ann");
    session.set_longterm(true);
    session.set("note", "tea");
    session.set("other", 1);
    session.get_session_id()
}

async fn note(session: Session) -> String {
    session.remove("other");
    session.get_remove::<String>("note").unwrap_or("no note".into())
}

async fn empty(session: Session) -> String {
    let note = session.get_remove::<String>("note").unwrap_or("no note".into());
    session.clear();
    note
}

async fn logout(session: Session) {
    session.destroy();
}

/// Where visitors opt in.
async fn accept_cookies(session: Session) {
    session.set_store(true);
}

pub(super) async fn app() -> Router {
    let _until_the_browser_is_closed = SessionConfig::default().with_max_age(None);
    let config = SessionConfig::default()
        .with_session_name("id")
        .with_secure(false)
        .with_lifetime(Duration::hours(6))
        .with_max_lifetime(Duration::days(60));
    let store = SessionStore::<SessionNullPool>::new(None, config).await.unwrap();
    Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/note", get(note))
        .route("/empty", get(empty))
        .route("/logout", get(logout))
        .route("/accept", get(accept_cookies))
        .layer(SessionLayer::new(store))
}
