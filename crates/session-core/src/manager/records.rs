//! Records that a tool has read from the store by itself, and where it finds them.

use super::{SessionInfo, SessionManager};
use crate::id::{SessionId, StoreKey};
use crate::request::owned::Owned;
use crate::store::Record;
use session_codec as codec;
use tokio::time::Instant;

impl SessionManager {
    /// What a record says of its session: whose it is, its values, the handle that others may know.
    ///
    /// For tools that read the store page by page ([`Scanner`](crate::store::Scanner)). `None` if it
    /// is no session, but the trace of one that has moved to another id, which stands there for half
    /// a minute. Asks the store nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use std::sync::Arc;
    /// use web_session::store::Scanner;
    /// use web_session::{Config, MemoryStore, SessionManager};
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
    /// # let session = manager.create();
    /// # session.set_owner("ann")?;
    /// # session.commit().await?;
    /// let mut signed_in = 0;
    /// let mut scanner = Scanner::new(manager.store().as_ref(), manager.config().key_prefix());
    /// while let Some(page) = scanner.next_page().await? {
    ///     for (key, record) in page.records {
    ///         let info = manager.info(&key, record);
    ///         signed_in += usize::from(info.is_some_and(|info| info.owner().is_some()));
    ///     }
    /// }
    /// assert_eq!(signed_in, 1);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    /// #     .block_on(example()).unwrap();
    /// ```
    pub fn info(&self, key: &StoreKey, record: Record) -> Option<SessionInfo> {
        let is_session = !codec::is_trace(&record.payload);
        is_session.then(|| SessionInfo(Owned::read(&self.0.context, key, record, Instant::now())))
    }

    /// Every key under which a record of `id` may be: one, or two while `SESSION_HASH_IDS` changes,
    /// the older form first.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use std::sync::Arc;
    /// use web_session::{Config, IdHash, MemoryStore, Rollout, SessionId, SessionManager};
    ///
    /// let config = Config::builder().hash_ids(Rollout::Migrate).build()?;
    /// let manager = SessionManager::new(Arc::new(MemoryStore::new()), config, None)?;
    /// let id = SessionId::generate(32)?;
    /// let keys = [IdHash::Plain, IdHash::Sha256].map(|form| id.to_key("session:", form));
    /// assert_eq!(manager.keys_of(&id), keys);
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn keys_of(&self, id: &SessionId) -> Vec<StoreKey> {
        self.0.context.keys(id).into_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::SessionManager;
    use crate::config::Config;
    use crate::error::ErrorKind;
    use crate::store::{MemoryStore, Record, StoreKey};
    use bytes::Bytes;
    use session_codec::{self as codec, Format, MapWriter};
    use std::sync::Arc;
    use std::time::Duration;

    fn manager() -> SessionManager {
        SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None).unwrap()
    }

    fn record(payload: impl Into<Bytes>) -> Record {
        Record { payload: payload.into(), cas: 0, ttl: Duration::from_secs(9) }
    }

    fn key() -> StoreKey {
        StoreKey::new("session:", "AAAAAAAAAAAAAAAAAAAAAA")
    }

    fn payload(entries: &[(&str, codec::Timestamp)]) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut writer = MapWriter::begin(Format::MessagePack, entries.len() + 1, &mut payload);
        writer.entry(b"_user_id", b"\xa3ann");
        for (key, value) in entries {
            let mut bytes = Vec::new();
            codec::encode(value, Format::MessagePack, 8, &mut bytes).unwrap();
            writer.entry(key.as_bytes(), &bytes);
        }
        writer.end();
        payload
    }

    #[test]
    fn record_says_whose_it_is_and_what_it_holds() {
        let info = manager().info(&key(), record(payload(&[]))).unwrap();
        assert_eq!(info.handle().to_string(), "31624e10b9547329564f7a8914f962af");
        assert_eq!(info.owner(), Some("ann"));
        assert_eq!(info.entries().collect::<Vec<_>>(), [("_user_id", 4)]);
        assert_eq!(info.format(), Some(Format::MessagePack));
        assert_eq!(info.size(), payload(&[]).len());
        assert_eq!(info.ttl(), Duration::from_secs(9));
        assert!(!info.is_over() && !info.is_undecodable());
    }

    #[test]
    fn trace_of_a_moved_id_is_no_session() {
        let trace = codec::trace(Format::MessagePack);
        assert!(manager().info(&key(), record(trace)).is_none());
        assert!(manager().info(&key(), record(&b"\x80"[..])).is_some(), "an empty session");
    }

    #[test]
    fn undecodable_record_has_a_handle_and_nothing_else() {
        let info = manager().info(&key(), record(&b"\xc1"[..])).unwrap();
        assert_eq!((info.owner(), info.entries().count(), info.format()), (None, 0, None));
        assert!(info.is_undecodable());
        assert_eq!(info.encoded(Format::MessagePack).unwrap_err().kind(), ErrorKind::Decode);
    }

    #[test]
    fn session_whose_end_has_passed_is_over() {
        let end = codec::Timestamp::new(0, 0).unwrap();
        let info = manager().info(&key(), record(payload(&[("_end", end)]))).unwrap();
        assert!(info.is_over());
    }

    #[cfg(feature = "json")]
    #[test]
    fn other_format_says_the_same_or_fails() {
        let info = manager().info(&key(), record(payload(&[]))).unwrap();
        assert_eq!(info.encoded(Format::Json).unwrap(), &b"{\"_user_id\":\"ann\"}"[..]);
        assert_eq!(info.encoded(Format::MessagePack).unwrap(), payload(&[]));
        // An integer beyond 64 bits, which JSON can write and MessagePack cannot.
        let large = record(&b"{\"n\":123456789012345678901234567890}"[..]);
        let info = manager().info(&key(), large).unwrap();
        assert_eq!(info.encoded(Format::MessagePack).unwrap_err().kind(), ErrorKind::Encode);
    }
}
