//! This library under some settings, and what the page says of them whatever one comes from.

use crate::browser::Browser;
use crate::told::Told;
use axum::{Router, routing::get};
use std::time::Duration;
use web_session::{Result, Session, SessionLayer, SessionManager};

/// Longer than the least time between two renewals.
pub(crate) const A_WHILE: Duration = Duration::from_secs(120);

pub(crate) async fn manager(settings: &[(&str, &str)]) -> SessionManager {
    let settings = settings.iter().copied().chain([("SESSION_TYPE", "memory")]).collect();
    web_session::manager(&settings).await.unwrap()
}

pub(crate) async fn ours(settings: &[(&str, &str)]) -> Router {
    async fn write(session: Session) -> Result<()> {
        session.insert("n", 1)
    }

    async fn read(session: Session) -> Result<String> {
        Ok(session.get::<u64>("n")?.map_or("none".into(), |n| n.to_string()))
    }

    let sessions = SessionLayer::new(manager(settings).await);
    Router::new().route("/write", get(write)).route("/read", get(read)).layer(sessions)
}

/// What a visitor is told who writes, and a while later reads.
pub(crate) async fn told_by(app: Router) -> [Vec<Told>; 2] {
    let mut ann = Browser::default();
    ann.get(&app, "/write").await;
    let at_once = ann.take_told();
    tokio::time::advance(A_WHILE).await;
    ann.get(&app, "/read").await;
    [at_once, ann.take_told()]
}

#[tokio::test(start_paused = true)]
async fn the_cookie_is_flasks_until_a_setting_says_otherwise() {
    let [told, _] = told_by(ours(&[]).await).await;
    assert_eq!(told, [Told::read("session=; HttpOnly; Path=/; Max-Age=2678400")]);
    for settings in [
        &[("SESSION_COOKIE_SECURE", "true"), ("SESSION_COOKIE_SAMESITE", "Lax")][..],
        &[("SESSION_PROFILE", "hardened"), ("SECRET_KEY", "thirty-two bytes nobody can guess")],
    ] {
        let [told, _] = told_by(ours(settings).await).await;
        assert!(told[0].says("Secure") && told[0].says("SameSite=Lax"), "{told:?}");
    }
}

/// In the store as in the browser, which keeps a cookie without an end until it is closed.
#[tokio::test(start_paused = true)]
async fn a_session_ends_its_lifetime_after_it_was_used() {
    for permanent in ["true", "false"] {
        let lifetime = [("SESSION_PERMANENT", permanent), ("PERMANENT_SESSION_LIFETIME", "600")];
        let app = ours(&lifetime).await;
        let mut ann = Browser::default();
        ann.get(&app, "/write").await;
        assert_eq!(ann.take_told()[0].says("Max-Age=600"), permanent == "true");
        for _ in 0..2 {
            tokio::time::advance(Duration::from_secs(599)).await;
            assert_eq!(ann.get(&app, "/read").await, "1");
        }
        tokio::time::advance(Duration::from_secs(601)).await;
        assert_eq!(ann.get(&app, "/read").await, "none");
    }
}
