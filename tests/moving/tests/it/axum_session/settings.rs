//! Each setting of the page does what it stands for.

use crate::settings::{ours, told_by};
use axum::{Router, routing::get};
use axum_session::{SameSite, SessionConfig, SessionLayer, SessionNullPool, SessionStore};

type Session = axum_session::Session<SessionNullPool>;
type Pairs = &'static [(&'static str, &'static str)];
/// One setting of theirs.
type Change = fn(SessionConfig) -> SessionConfig;

/// What the layer says without being told: its cookie lives for 100 days.
const DEFAULTS: Pairs =
    &[("SESSION_COOKIE_SAMESITE", "Lax"), ("PERMANENT_SESSION_LIFETIME", "8640000")];

async fn theirs(config: fn(SessionConfig) -> SessionConfig) -> Router {
    async fn write(session: Session) {
        session.set("n", 1);
    }

    async fn read(session: Session) {
        session.get::<u64>("n");
    }

    let config = config(SessionConfig::default());
    let store = SessionStore::<SessionNullPool>::new(None, config).await.unwrap();
    let sessions = SessionLayer::new(store);
    Router::new().route("/write", get(write)).route("/read", get(read)).layer(sessions)
}

#[tokio::test(start_paused = true)]
async fn cookies_are_the_same() {
    let table: [(Change, Pairs); 8] = [
        (|config| config, &[]),
        (|config| config.with_session_name("shop"), &[("SESSION_COOKIE_NAME", "shop")]),
        (|config| config.with_secure(true), &[("SESSION_COOKIE_SECURE", "true")]),
        (
            |config| config.with_cookie_same_site(SameSite::Strict),
            &[("SESSION_COOKIE_SAMESITE", "Strict")],
        ),
        (|config| config.with_http_only(false), &[("SESSION_COOKIE_HTTPONLY", "false")]),
        (|config| config.with_cookie_path("/shop"), &[("SESSION_COOKIE_PATH", "/shop")]),
        (
            |config| config.with_cookie_domain("a.example"),
            &[("SESSION_COOKIE_DOMAIN", "a.example")],
        ),
        (|config| config.with_max_age(None), &[("SESSION_PERMANENT", "false")]),
    ];
    for (config, settings) in table {
        let [ours, _] = told_by(ours(&[DEFAULTS, settings].concat()).await).await;
        let [theirs, _] = told_by(theirs(config).await).await;
        // Beside it they set one that says whether the visitor opted in.
        let theirs: Vec<_> = theirs.into_iter().filter(|told| told.name == ours[0].name).collect();
        assert_eq!(ours, theirs, "{settings:?}");
    }
}
