//! An id that is not believed is said in the same words, whatever carried it.

use crate::support::capture::Capture;
use session_core::{Config, MemoryStore, SessionManager, Transport};
use std::sync::Arc;

#[tokio::test]
async fn ids_are_called_ids_in_cookies_and_in_header_fields() {
    for transport in [Transport::Cookie, Transport::Header] {
        let log = Capture::start();
        let config = Config::builder().transport(transport).build().unwrap();
        let manager = SessionManager::new(Arc::new(MemoryStore::new()), config, None).unwrap();
        let mut sent = Vec::new();
        for _ in 0..2 {
            let session = manager.create();
            session.insert("a", 1).unwrap();
            let id = session.commit().await.unwrap().id_field().unwrap().to_owned();
            sent.push(id.split(';').next().unwrap().to_owned());
        }
        sent.push(sent[0].replace(|c: char| c.is_ascii_digit(), "+") + "+");
        let fields = sent.iter().map(String::as_bytes);
        assert!(manager.open().session(fields).await.unwrap().is_new());
        let said = log.text();
        for event in ["session id malformed or unverified", "several session ids in one request"] {
            assert!(said.contains(event), "{transport:?}: {said}");
        }
    }
}
