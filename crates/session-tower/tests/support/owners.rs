//! Signing in without a server.

use session_core::{Config, MemoryStore, Session, SessionHandle, SessionManager, Store, StoreKey};
use std::sync::Arc;

/// A configuration with an owner index.
pub(crate) fn indexed() -> Config {
    Config::builder().owner_index(true).build().unwrap()
}

pub(crate) fn manager(store: Arc<dyn Store>) -> SessionManager {
    SessionManager::new(store, indexed(), None).unwrap()
}

pub(crate) fn in_memory() -> (SessionManager, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (manager(store.clone()), store)
}

/// The handle of the session behind `cookie`.
pub(crate) async fn handle_of(
    manager: &SessionManager,
    owner: &str,
    cookie: &str,
) -> SessionHandle {
    let (_, session) = open(manager, cookie).await;
    let sessions = manager.owners().sessions(owner).await.unwrap();
    sessions.iter().find(|info| info.is_current(&session)).unwrap().handle()
}

/// Signs `owner` in on a new browser, with values, and returns its cookie.
pub(crate) async fn sign_in(
    manager: &SessionManager,
    owner: &str,
    values: &[(&str, &str)],
) -> String {
    let session = manager.create();
    session.set_owner(owner).unwrap();
    for (key, value) in values {
        session.insert(*key, *value).unwrap();
    }
    let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
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
