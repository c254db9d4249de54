#![no_main]
//! Values of a signed cookie: none but the one that was signed opens the session.

use libfuzzer_sys::fuzz_target;
use session_core::{Bytes, Format, Lease, MemoryStore, Precondition, Signer, Store as _};
use session_fuzz::{ID, key, manager};
use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Duration;

/// What itsdangerous appends to [`ID`] with the salt and the secret below.
const SIGNATURE: &str = "AA-iqtJRq-C31p0B1sJdzpbU8vM";

thread_local! {
    static RUNTIME: LazyCell<tokio::runtime::Runtime> = LazyCell::new(session_fuzz::runtime);
}

fuzz_target!(|data: &[u8]| {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let store = Arc::new(MemoryStore::new());
            let lease = Lease { ttl: Duration::from_secs(3600), owner: None };
            let record = Bytes::from_static(b"\x81\xa1a\x01");
            let written = store.write(&key(), record, &lease, Precondition::Absent).await;
            let _ = written.expect("memory does not fail");
            let signer = Signer::shared_with_flask("test_secret_key", "flask-session")
                .expect("the secret is not empty");
            let manager = manager(store, Format::MessagePack, Some(signer));
            let exchange = manager.open();
            let cookie = [b"session=", data].concat();
            let session = exchange.session([&cookie[..]]).await.expect("never an error");
            let genuine = format!("{ID}.{SIGNATURE}");
            if !session.is_new() {
                let holds = data.windows(genuine.len()).any(|part| part == genuine.as_bytes());
                assert!(holds, "a value that nobody signed opened a session");
            }
        });
    });
});
