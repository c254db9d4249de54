//! Each setting of the page does what it stands for.

use crate::browser::Browser;
use crate::settings::{ours, told_by};
use axum::{Router, routing::get};
use std::sync::Arc;
use tower_sessions::cookie::{SameSite, time::Duration};
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer};
use web_session::config::Settings;
use web_session::{Config, SessionManager};

type Layer = SessionManagerLayer<MemoryStore>;
type Pairs = &'static [(&'static str, &'static str)];
/// One setting of theirs.
type Change = fn(Layer) -> Layer;

/// What the layer says without being told.
const DEFAULTS: Pairs = &[
    ("SESSION_COOKIE_NAME", "id"),
    ("SESSION_ID_LENGTH", "16"),
    ("SESSION_COOKIE_SECURE", "true"),
    ("SESSION_COOKIE_SAMESITE", "Strict"),
    ("SESSION_PERMANENT", "false"),
];

fn theirs(layer: impl FnOnce(Layer) -> Layer) -> Router {
    async fn write(session: Session) {
        session.insert("n", 1).await.unwrap();
    }

    async fn read(session: Session) {
        session.get::<u64>("n").await.unwrap();
    }

    let layer = layer(SessionManagerLayer::new(MemoryStore::default()));
    Router::new().route("/write", get(write)).route("/read", get(read)).layer(layer)
}

async fn ours_with(settings: Pairs) -> Router {
    ours(&[DEFAULTS, settings].concat()).await
}

#[tokio::test(start_paused = true)]
async fn cookies_are_the_same() {
    let table: [(Change, Pairs); 9] = [
        (|layer| layer, &[]),
        (|layer| layer.with_name("shop"), &[("SESSION_COOKIE_NAME", "shop")]),
        (|layer| layer.with_secure(false), &[("SESSION_COOKIE_SECURE", "false")]),
        (|layer| layer.with_same_site(SameSite::Lax), &[("SESSION_COOKIE_SAMESITE", "Lax")]),
        (|layer| layer.with_http_only(false), &[("SESSION_COOKIE_HTTPONLY", "false")]),
        (|layer| layer.with_path("/shop"), &[("SESSION_COOKIE_PATH", "/shop")]),
        (|layer| layer.with_domain("a.example"), &[("SESSION_COOKIE_DOMAIN", "a.example")]),
        (
            |layer| layer.with_expiry(Expiry::OnInactivity(Duration::weeks(2))),
            &[("PERMANENT_SESSION_LIFETIME", "1209600"), ("SESSION_PERMANENT", "true")],
        ),
        (|layer| layer.with_expiry(Expiry::OnSessionEnd), &[("SESSION_PERMANENT", "false")]),
    ];
    for (layer, settings) in table {
        let [told, _] = told_by(theirs(layer)).await;
        assert_eq!(told_by(ours_with(settings).await).await[0], told, "{settings:?}");
    }
}

#[tokio::test]
async fn ids_are_as_long_as_theirs() {
    let mut browsers = [Browser::default(), Browser::default()];
    browsers[0].get(&theirs(|layer| layer), "/write").await;
    browsers[1].get(&ours_with(&[]).await, "/write").await;
    let [theirs, ours] = browsers.map(|browser| browser.cookies().len());
    assert_eq!(ours, theirs);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_only_reads_renews_where_it_did() {
    let table: [(Change, Pairs, bool); 2] = [
        (|layer| layer.with_always_save(true), &[("SESSION_REFRESH_EACH_REQUEST", "true")], true),
        (
            |layer| layer.with_always_save(false),
            &[("SESSION_REFRESH_EACH_REQUEST", "false")],
            false,
        ),
    ];
    const LASTING: Pairs = &[("SESSION_PERMANENT", "true")];
    for (always_save, refresh, is_renewed) in table {
        let expiry = Expiry::OnInactivity(Duration::days(31));
        let theirs = theirs(|layer| always_save(layer).with_expiry(expiry));
        let ours = ours(&[DEFAULTS, LASTING, refresh].concat()).await;
        let ([_, theirs], [_, ours]) = (told_by(theirs).await, told_by(ours).await);
        assert_eq!(!theirs.is_empty(), is_renewed, "{theirs:?}");
        assert_eq!(ours, theirs, "{refresh:?}");
    }
}

/// As `continuously_delete_expired`.
#[tokio::test(start_paused = true)]
async fn expired_records_are_removed_at_an_interval() {
    let settings = [("PERMANENT_SESSION_LIFETIME", "60"), ("SESSION_CLEANUP_INTERVAL", "60")];
    let config = Config::from_settings(&Settings::from_iter(settings)).unwrap();
    let store = Arc::new(web_session::MemoryStore::new());
    let manager = SessionManager::new(store.clone(), config, None).unwrap();
    let session = manager.create();
    session.insert("n", 1).unwrap();
    session.commit().await.unwrap();
    assert_eq!(store.len(), 1);
    drop(manager.open()); // the first request
    tokio::time::sleep(std::time::Duration::from_secs(200)).await;
    assert_eq!(store.len(), 0);
}
