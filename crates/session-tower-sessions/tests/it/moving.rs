//! The application of `app`, moved from axum-login's layer to ours while people are signed in.

use crate::app::{AUTH_HASH, app};
use crate::browser::Browser;
use crate::stores::{Place, memory, redis};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use axum_login::tower_sessions::Expiry;
use serde::Deserialize;
use session_core::{Key, Result, Session, SessionManager, Store};
use session_tower::SessionLayer;
use session_tower_sessions::TowerSessionsStore;
use std::sync::Arc;
use time::Duration;

const TWO_WEEKS: Expiry = Expiry::OnInactivity(Duration::weeks(2));

/// What axum-login 0.18 keeps of a login.
#[derive(Deserialize)]
struct AxumLogin {
    user_id: Option<String>,
    auth_hash: Option<Vec<u8>>,
}

/// What axum-messages 0.8 keeps of messages that were not shown.
#[derive(Deserialize)]
struct AxumMessages {
    pending_messages: Vec<AxumMessage>,
}

#[derive(Deserialize)]
struct AxumMessage {
    l: String,
    m: String,
}

const LOGIN: Key<AxumLogin> = Key::new("axum-login.data");
const MESSAGES: Key<AxumMessages> = Key::new("axum-messages.data");

/// Signs in whoever axum-login had signed in, once; takes over the messages.
async fn adopt(session: Session, request: Request, next: Next) -> Result<Response> {
    if let Some(login) = session.get(LOGIN)? {
        if let Some(user) = login.user_id
            && login.auth_hash.as_deref() == Some(AUTH_HASH)
        {
            session.set_owner(&user)?;
        }
        session.forget(LOGIN)?;
    }
    if let Some(messages) = session.get(MESSAGES)? {
        for message in messages.pending_messages {
            session.flash(message.l.to_lowercase(), &message.m)?;
        }
        session.forget(MESSAGES)?;
    }
    Ok(next.run(request).await)
}

async fn page(session: Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    let name = session.owner()?.unwrap_or_else(|| "nobody".to_owned());
    let flashes = session.take_flashes()?;
    let messages: Vec<_> = flashes.into_iter().map(|flash| flash.message).collect();
    Ok(format!("{name}, visit {visits} [{}]", messages.join(", ")))
}

/// The application after the move.
fn moved(manager: SessionManager) -> Router {
    let logout = async |session: Session| session.flush().map(|()| "bye");
    Router::new()
        .route("/", get(page))
        .route("/logout", get(logout))
        .layer(from_fn(adopt))
        .layer(SessionLayer::new(manager))
}

/// Ids of 16 bytes are those of tower-sessions: 22 characters.
async fn users_stay_signed_in(store: Arc<dyn Store>) {
    let place = Place::new(store);
    let manager = place.manager(|c| c.id_length(16));
    let before = app(TowerSessionsStore::new(manager.clone()), TWO_WEEKS);
    let after = moved(manager);

    let mut browser = Browser::new(&before);
    assert_eq!(browser.get("/").await, "nobody, visit 1 []");
    assert_eq!(browser.get("/login?name=ann&password=open%20sesame").await, "yes");
    let old = browser.cookie.clone();

    let mut browser = browser.moved_to(&after);
    assert_eq!(browser.get("/").await, "ann, visit 2 [Welcome, ann]");
    assert_ne!(browser.cookie, old, "taking over the login is a login, with a new id");
    assert_eq!(browser.get("/").await, "ann, visit 3 []");
    let mut late = browser.moved_to(&before);
    late.cookie = old;
    assert_eq!(late.get("/who").await, "nobody", "what a session has left where it was is none");

    // While both releases run, the one before reads the session of the one after.
    assert_eq!(browser.moved_to(&before).get("/").await, "nobody, visit 4 []");
    assert_eq!(browser.get("/").await, "ann, visit 5 []");
    assert_eq!(browser.get("/logout").await, "bye");
    assert_eq!(browser.moved_to(&before).get("/").await, "nobody, visit 1 []");
}

#[tokio::test]
async fn users_stay_signed_in_in_memory() {
    users_stay_signed_in(memory()).await;
}

#[tokio::test]
async fn users_stay_signed_in_in_redis() {
    users_stay_signed_in(redis().await).await;
}

/// What the page shows a visitor of before under the settings of after.
async fn seen_after(
    hash_before: bool,
    change: impl FnOnce(session_core::ConfigBuilder) -> session_core::ConfigBuilder,
) -> String {
    let place = Place::new(memory());
    let cookie = {
        let before = TowerSessionsStore::new(place.manager(|c| c.hash_ids(hash_before)));
        let mut browser = Browser::new(&app(before, TWO_WEEKS));
        browser.get("/login?name=ann&password=open%20sesame").await;
        browser.cookie
    };
    // Of one store and prefix a process has managers of one cookie name alone.
    let mut browser = Browser::new(&moved(place.manager(change)));
    browser.cookie = cookie;
    browser.get("/").await
}

#[tokio::test]
async fn users_stay_signed_in_exactly_where_their_ids_are_read() {
    let signed_in = "ann, visit 1 [Welcome, ann]";
    let signed_out = "nobody, visit 1 []";
    assert_eq!(seen_after(false, |c| c.id_length(16)).await, signed_in);
    assert_eq!(seen_after(false, |c| c).await, signed_out, "ids of 32 bytes alone are read");
    assert_eq!(seen_after(true, |c| c.hash_ids(true)).await, signed_in, "of any length if hashed");
    assert_eq!(seen_after(false, |c| c.hash_ids(true)).await, signed_out, "hashed since then");
    let named = |c: session_core::ConfigBuilder| c.id_length(16).cookie_name("session");
    assert_eq!(seen_after(false, named).await, signed_out, "another cookie");
}
