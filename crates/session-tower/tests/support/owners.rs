//! Signing in without a server.

use session_core::{Config, Session, SessionManager, StoreKey};

/// A configuration with an owner index.
pub(crate) fn indexed() -> Config {
    Config::builder().owner_index(true).build().unwrap()
}

/// Signs `owner` in on a new browser, with values, and returns its cookie.
pub(crate) async fn sign_in(
    manager: &SessionManager,
    owner: &str,
    values: &[(&str, &str)],
) -> String {
    let exchange = manager.create();
    let session = exchange.opened().unwrap();
    session.set_owner(owner).unwrap();
    for (key, value) in values {
        session.insert(*key, *value).unwrap();
    }
    let cookie = exchange.commit().await.unwrap().set_cookie.unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The session that a request with `cookie` gets, and what commits it.
pub(crate) async fn open(
    manager: &SessionManager,
    cookie: &str,
) -> (session_core::Exchange, Session) {
    let exchange = manager.open();
    let session = exchange.session([cookie.as_bytes()]).await.unwrap();
    (exchange, session)
}

/// Whether `cookie` opens a live session.
pub(crate) async fn is_live(manager: &SessionManager, cookie: &str) -> bool {
    !open(manager, cookie).await.1.is_new()
}

/// Where the session of `cookie` is stored.
pub(crate) fn key(cookie: &str) -> StoreKey {
    StoreKey::new("session:", cookie.strip_prefix("session=").unwrap())
}
