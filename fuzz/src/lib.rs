//! What the targets share: bytes of strangers go in through the public API, as in production.

use session_core::{
    Bytes, Config, Format, Lease, MemoryStore, Precondition, Session, SessionManager, Signer,
    Store, StoreKey, Undecodable,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The id of the client whose record is fuzzed.
pub const ID: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";

/// A runtime for one thread.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime starts")
}

/// A manager on `store` that tells of records that it cannot decode.
pub fn manager(store: Arc<dyn Store>, format: Format, signer: Option<Signer>) -> SessionManager {
    let config = Config::builder()
        .format(format)
        .undecodable(Undecodable::Error)
        .use_signer(signer.is_some())
        .build()
        .expect("the configuration holds");
    SessionManager::new(store, config, signer).expect("store and configuration agree")
}

/// The store key of [`ID`].
pub fn key() -> StoreKey {
    StoreKey::new("session:", ID)
}

/// Reads `payload` as a record, with each format configured.
///
/// What can be read can be looked at; and if a request changes it, what is stored then is read
/// again and says the same.
pub fn payload(runtime: &Runtime, payload: &[u8]) {
    for format in [Format::MessagePack, Format::Json, Format::Pickle] {
        runtime.block_on(one_payload(payload, format));
    }
}

async fn one_payload(payload: &[u8], format: Format) {
    let store = Arc::new(MemoryStore::new());
    let lease = Lease { ttl: Duration::from_secs(3600), owner: None };
    let bytes = Bytes::copy_from_slice(payload);
    if store.write(&key(), bytes, &lease, Precondition::Absent).await.is_err() {
        return;
    }
    let manager = manager(store, format, None);
    let look = |session: &Session| {
        let _ = (session.entries(), session.owner(), session.is_permanent(), session.ttl());
        session.keys().ok()
    };
    // A session of a record that cannot be decoded can be ended, and nothing else.
    let Some(Some(before)) = request(&manager, look).await else { return };
    // The trace of a session that moved is none, and not written over.
    let is_new = request(&manager, Session::is_new).await.expect("what was read is read again");
    let change = |session: &Session| session.overwrite("fuzz", 1).is_ok();
    assert_eq!(request(&manager, change).await, (!is_new).then_some(true), "others can be written");
    if is_new {
        return;
    }
    let after = request(&manager, look).await.flatten().expect("what was written is read");
    assert!(before.iter().all(|key| after.contains(key)) && after.iter().any(|key| key == "fuzz"));
    let again = request(&manager, look).await.flatten().expect("looking changes nothing");
    assert_eq!(after, again);
    let _ = request(&manager, |session: &Session| session.take_flashes().is_ok()).await;
    let clear = |session: &Session| session.clear().is_ok();
    assert_eq!(request(&manager, clear).await, Some(true), "whatever is there can be removed");
}

async fn request<T>(manager: &SessionManager, handler: impl FnOnce(&Session) -> T) -> Option<T> {
    let exchange = manager.open();
    let cookie = format!("session={ID}");
    let session = exchange.session([cookie.as_bytes()]).await.ok()?;
    let done = handler(&session);
    exchange.commit().await.ok()?;
    Some(done)
}
