//! A store of ours, asked for what tower-sessions asks of one.

use crate::payload::{Values, decode, encode, owner};
use session_codec as codec;
use session_core::store::{Call, Lost};
use session_core::{
    Config, Error, ErrorKind, IdSyntax, Lease, Precondition, Record, Result, SessionId,
    SessionManager, Store, StoreKey, Undecodable,
};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::timeout;

/// The store of a [`SessionManager`] as a `SessionStore` of tower-sessions.
///
/// Of the manager's configuration these count: `SESSION_KEY_PREFIX`, `SESSION_HASH_IDS`,
/// `SESSION_SERIALIZATION_FORMAT`, `SESSION_MAX_PAYLOAD`, `SESSION_MAX_DEPTH`,
/// `SESSION_UNDECODABLE`, `SESSION_OWNER_KEY` with `SESSION_OWNER_INDEX`, `SESSION_CLEANUP_*`, and
/// `SESSION_TIMEOUT`, which bounds each call of the trait. Cookies and lifetimes are those of
/// tower-sessions. Cheap to clone.
///
/// | call of the trait | what it does | store calls |
/// |---|---|---|
/// | `load` | loads; a record of an id that moved is none | 1 |
/// | `create` | writes if the id is free; takes another id if not | 1 |
/// | `save` | loads, then writes if the record is still the loaded one; again if not | 2 |
/// | `delete` | deletes; with `SESSION_OWNER_INDEX` it loads first | 1 or 2 |
/// | `delete_expired` | [`SessionManager::sweep`] | 1 |
///
/// A record whose `expiry_date` has passed is not written, and one that is there is deleted.
///
/// # Errors
///
/// The text is that of the [`Error`], with its causes. `Encode` stands for the kinds `Encode` and
/// `TooLarge`, `Decode` for `Decode`, `Backend` for all others. `save` of a session that ended is
/// `Backend`, and nothing is written.
#[derive(Clone, Debug)]
pub struct TowerSessionsStore {
    manager: SessionManager,
}

impl TowerSessionsStore {
    /// Keeps sessions of tower-sessions where `manager` keeps its own, and in the same form.
    pub fn new(manager: SessionManager) -> Self {
        Self { manager }
    }

    /// Writes a new record; `false` if there is one under this id.
    pub(crate) async fn create(
        &self,
        id: &str,
        values: &Values,
        expiry: OffsetDateTime,
    ) -> Result<bool> {
        let Some(ttl) = left_until(expiry) else { return Ok(true) };
        let (key, payload, owner) = (self.key(id)?, self.encode(values)?, self.owner(values));
        let lease = Lease { ttl, owner: owner.as_deref() };
        let write = self.store().write(&key, payload, &lease, Precondition::Absent);
        Ok(self.within(Call::Create, write).await?.is_written())
    }

    /// Replaces the record, whoever wrote it, if there is one.
    pub(crate) async fn replace(
        &self,
        id: &str,
        values: &Values,
        expiry: OffsetDateTime,
    ) -> Result<()> {
        let Some(ttl) = left_until(expiry) else { return self.delete(id).await };
        let (key, payload, owner) = (self.key(id)?, self.encode(values)?, self.owner(values));
        let lease = Lease { ttl, owner: owner.as_deref() };
        let write = async {
            while let Some(loaded) = self.live(&key).await? {
                let when = Precondition::Unchanged(&loaded);
                if self.store().write(&key, payload.clone(), &lease, when).await?.is_written() {
                    return Ok(());
                }
            }
            let message = "change a session that ended or moved while this request ran";
            Err(Error::new(ErrorKind::Gone, message))
        };
        self.within(Call::Update, write).await
    }

    /// Reads the values of the live record and when it expires.
    pub(crate) async fn load(&self, id: &str) -> Result<Option<(Values, OffsetDateTime)>> {
        // Counts as a request of the manager's, so that it sweeps as configured.
        drop(self.manager.open());
        let key = self.key(id)?;
        let Some(record) = self.within(Call::Load, self.live(&key)).await? else { return Ok(None) };
        match decode(&record.payload, self.config()) {
            Ok(values) => Ok(Some((values, expiry_of(&record)))),
            Err(error) if self.config().undecodable() == Undecodable::Fresh => {
                let backend = self.store().capabilities().name;
                tracing::error!(
                    backend,
                    error = format!("{error:#}"),
                    "stored session undecodable"
                );
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the record, if there is one.
    pub(crate) async fn delete(&self, id: &str) -> Result<()> {
        let key = self.key(id)?;
        let delete = async {
            let owner = match self.config().owner_index() {
                true => self.live(&key).await?.and_then(|record| self.owner_of(&record)),
                false => None,
            };
            self.store().delete(&key, owner.as_deref(), None).await
        };
        self.within(Call::Delete, delete).await.map(drop)
    }

    /// Removes expired records from a store that keeps them.
    pub(crate) async fn sweep(&self) -> Result<()> {
        self.manager.sweep().await.map(drop)
    }

    /// The live record of a session; what one that moved has left is none.
    async fn live(&self, key: &StoreKey) -> Result<Option<Record>> {
        let record = self.store().load(key).await?;
        Ok(record.filter(|record| !codec::is_trace(&record.payload)))
    }

    async fn within<T>(&self, call: Call, work: impl Future<Output = Result<T>>) -> Result<T> {
        timeout(self.config().timeout(), work)
            .await
            .unwrap_or_else(|_| Err(call.lost(self.store().capabilities().name, Lost::Silent)))
    }

    /// 16 bytes of base64url, as tower-sessions spells them, are an id to this library.
    fn key(&self, id: &str) -> Result<StoreKey> {
        let id = SessionId::parse(id.as_bytes(), IdSyntax::Base64Url).ok_or_else(|| {
            Error::new(ErrorKind::Unsupported, "read an id of tower-sessions: it has another form")
        })?;
        Ok(id.to_key(self.config().key_prefix(), self.config().id_hash()))
    }

    fn encode(&self, values: &Values) -> Result<session_core::Bytes> {
        let limit = self.store().capabilities().max_payload.unwrap_or(usize::MAX);
        encode(values, self.config(), limit.min(self.config().max_payload()))
    }

    /// The owner to list the record under, where there is an index.
    fn owner(&self, values: &Values) -> Option<String> {
        self.config().owner_index().then(|| owner(values, self.config())).flatten()
    }

    fn owner_of(&self, record: &Record) -> Option<String> {
        decode(&record.payload, self.config()).ok().and_then(|values| self.owner(&values))
    }

    fn store(&self) -> &dyn Store {
        &**self.manager.store()
    }

    fn config(&self) -> &Config {
        self.manager.config()
    }
}

/// What is left of a lifetime; `None` if it is over.
fn left_until(expiry: OffsetDateTime) -> Option<Duration> {
    let left = Duration::try_from(expiry - OffsetDateTime::now_utc()).ok()?;
    (!left.is_zero()).then_some(left)
}

fn expiry_of(record: &Record) -> OffsetDateTime {
    let ttl = time::Duration::try_from(record.ttl).unwrap_or(time::Duration::MAX);
    OffsetDateTime::now_utc().saturating_add(ttl)
}

#[cfg(test)]
mod tests {
    use super::{expiry_of, left_until};
    use session_core::{Bytes, Record};
    use std::time::Duration;
    use time::OffsetDateTime;

    #[test]
    fn lifetime_that_is_over_is_none() {
        let now = OffsetDateTime::now_utc();
        assert_eq!(left_until(now - time::Duration::SECOND), None);
        assert_eq!(left_until(time::PrimitiveDateTime::MIN.assume_utc()), None);
        let left = left_until(now + time::Duration::HOUR).unwrap();
        assert!(left <= Duration::from_secs(3_600) && left > Duration::from_secs(3_500));
        assert!(left_until(time::PrimitiveDateTime::MAX.assume_utc()).is_some());
    }

    #[test]
    fn no_lifetime_is_too_long_to_tell() {
        let record = |ttl| Record { payload: Bytes::new(), cas: 0, ttl };
        assert!(expiry_of(&record(Duration::MAX)) > OffsetDateTime::now_utc());
    }
}
