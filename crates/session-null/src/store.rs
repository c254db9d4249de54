//! The store that keeps nothing. It has no server, so it is all there is beside `lib`.

use session_core::store::{Cursor, Page, Scan, no_owner_index};
use session_core::{
    Bytes, Capabilities, Error, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store,
    StoreKey, async_trait,
};
use std::num::NonZeroUsize;
use std::time::Duration;

const STORE: &str = "null";

/// A store that holds no records and refuses to take any.
///
/// # Examples
///
/// ```
/// # mod web_session { pub use session_core::*; pub use session_null::*; }
/// use std::time::Duration;
/// use web_session::{Bytes, ErrorKind, Lease, Precondition, Store, StoreKey};
/// use web_session::NullStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> session_core::Result<()> {
/// let key = StoreKey::new("session:", "example");
/// assert!(NullStore.load(&key).await?.is_none());
///
/// let lease = Lease { ttl: Duration::from_secs(60), owner: None };
/// let refused = NullStore.write(&key, Bytes::new(), &lease, Precondition::Absent).await;
/// assert!(refused.is_err_and(|error| error.kind() == ErrorKind::Unsupported));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NullStore;

#[async_trait]
impl Store for NullStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: STORE,
            owner_index: false,
            needs_sweep: false,
            max_payload: None,
            max_key: None,
            scan: Scan::Once,
            ttl_resolution: Duration::from_nanos(1),
        }
    }

    async fn load(&self, _key: &StoreKey) -> Result<Option<Record>> {
        Ok(None)
    }

    async fn write(
        &self,
        _key: &StoreKey,
        _payload: Bytes,
        _lease: &Lease<'_>,
        _when: Precondition<'_>,
    ) -> Result<Outcome> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "write a session while SESSION_TYPE is null: set it to redis, memcached, filesystem, \
             mongodb, sqlalchemy, dynamodb or memory",
        ))
    }

    async fn touch(
        &self,
        _key: &StoreKey,
        _lease: &Lease<'_>,
        _loaded: &Record,
    ) -> Result<Outcome> {
        Ok(Outcome::Refused)
    }

    async fn delete(
        &self,
        _key: &StoreKey,
        _owner: Option<&str>,
        _expected: Option<&Record>,
    ) -> Result<bool> {
        Ok(false)
    }

    async fn list_by_owner(&self, _owner: &str) -> Result<Vec<StoreKey>> {
        Err(no_owner_index(STORE, "set SESSION_TYPE to a store with one"))
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }

    async fn scan(&self, _: &str, _: Option<&Cursor>, _: NonZeroUsize) -> Result<Page> {
        Ok(Page::default())
    }
}
