//! The store: each call one command, each write one compared with the item's CAS token.

mod examine;

use crate::client::{Client, Item};
use crate::config::{ITEM_SIZE_MAX, MemcachedOptions, STORE};
use crate::error::Fault;
use crate::lifetime::{exptime, left};
use memcache::exp::AsyncMemcache;
use session_core::store::{
    Call, Cursor, Failure, Finding, LazyStore, Limits, Page, Scan, no_owner_index, no_scan,
};
use session_core::{
    Bytes, Capabilities, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store, StoreKey,
    async_trait,
};
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

/// What an item takes beside its value: header, token and line end, 59 bytes, and its key. The rest
/// is left to what other releases of the server may need.
const OVERHEAD: usize = 512;

/// Sessions in one or several Memcached servers.
///
/// A call takes an idle connection or dials one, and gives it back after the answer, so the store
/// outlives any restart of a server. Each call ends within the operation timeout. The crate page has
/// the commands.
pub struct MemcachedStore {
    client: Client,
    limits: Limits,
}

impl MemcachedStore {
    /// Connects to every server, and asks each whether it can keep sessions and how large.
    ///
    /// # Errors
    ///
    /// `Config` if a server or a timeout cannot be used; `Unavailable` if a server cannot be
    /// reached or is older than memcached 1.6; `Unsupported` if one gives no CAS tokens (`-C`).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_memcached as memcached; } }
    /// use std::time::Duration;
    /// use web_session::stores::memcached::{MemcachedOptions, MemcachedStore};
    ///
    /// # async fn example() -> session_core::Result<()> {
    /// let store = MemcachedStore::connect("127.0.0.1:11211").await?;
    ///
    /// let options = MemcachedOptions::new(["10.0.0.1:11211", "10.0.0.2:11211"])
    ///     .operation_timeout(Duration::from_millis(200));
    /// let store = MemcachedStore::connect(options).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(options: impl Into<MemcachedOptions>) -> Result<Self> {
        let opening = Client::open(options.into().checked()?).await;
        let (client, item_size_max) = opening.map_err(|fault| fault.into_error(Call::Connect))?;
        Ok(Self { client, limits: limits(item_size_max) })
    }

    /// Checks the options and leaves the rest to the first call, so that an application starts while
    /// its servers are down: that call connects to every server, and asks each whether it can keep
    /// sessions and how large.
    ///
    /// # Errors
    ///
    /// `Config` if a server or a timeout cannot be used. What [`connect`](Self::connect) refuses,
    /// calls are told, as [`LazyStore`] has it.
    pub fn connect_lazy(options: impl Into<MemcachedOptions>) -> Result<LazyStore<Self>> {
        let options = options.into().checked()?;
        let before = capabilities(&limits(options.item_size_max));
        Ok(LazyStore::new(before, options.timeouts, move || Self::connect(options.clone())))
    }

    /// Uses a client that the application already has, such as the one of its cache.
    ///
    /// With several servers the client says which one holds a key; [`Placement`](crate::Placement)
    /// makes it agree with [`connect`](Self::connect). A `connect_timeout` below 500 ms, which is
    /// when calls end unless [`operation_timeout`](Self::operation_timeout) says otherwise, lets a
    /// write tell that nothing was sent. The client's policy for outages is not consulted.
    ///
    /// The `exp` module of `memcache` is experimental: another minor release of it is another
    /// type, and taken up in a minor release of this crate.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod web_session { pub mod stores { pub use session_memcached as memcached; } }
    /// use memcache::exp::AsyncMemcache;
    /// use web_session::stores::memcached::MemcachedStore;
    ///
    /// # async fn example() -> memcache::exp::Result<()> {
    /// let cache = AsyncMemcache::connect(["127.0.0.1:11211"]).await?;
    /// let store = MemcachedStore::from_client(cache.clone());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_client(client: AsyncMemcache) -> Self {
        Self { client: Client::shared(&client), limits: limits(ITEM_SIZE_MAX) }
    }

    /// Bounds each call, with any wait for a connection; a day at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.client.timeouts = self.client.timeouts.with_operation(timeout);
        self
    }

    /// Sets the largest item of the servers, in bytes (`memcached -I`); 1 MiB unless they told
    /// another.
    #[must_use]
    pub fn item_size_max(mut self, bytes: usize) -> Self {
        self.limits = limits(bytes);
        self
    }
}

#[async_trait]
impl Store for MemcachedStore {
    fn capabilities(&self) -> Capabilities {
        capabilities(&self.limits)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let key = check(&self.limits, Call::Load, key, &[])?;
        let found = self.client.get(key).await.map_err(|fault| fault.into_error(Call::Load))?;
        found.map(record).transpose()
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let key = check(&self.limits, when.call(), key, &payload)?;
        let exptime = exptime(lease);
        let written = match when {
            Precondition::Absent => self.client.add(key, &payload, exptime).await,
            Precondition::Unchanged(loaded) => {
                self.client.replace(key, &payload, exptime, loaded.cas).await
            }
        };
        written.map_err(|fault| fault.into_error(when.call()))
    }

    /// Sends the loaded payload again: the commands that only set an expiry compare nothing.
    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let key = check(&self.limits, Call::Touch, key, &loaded.payload)?;
        let exptime = exptime(lease);
        let touched = self.client.replace(key, &loaded.payload, exptime, loaded.cas).await;
        touched.map_err(|fault| fault.into_error(Call::Touch))
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let key = check(&self.limits, Call::Delete, key, &[])?;
        let deleted = self.client.delete(key, expected.map(|record| record.cas)).await;
        Ok(deleted.map_err(|fault| fault.into_error(Call::Delete))?.is_written())
    }

    async fn list_by_owner(&self, _owner: &str) -> Result<Vec<StoreKey>> {
        Err(no_owner_index(STORE, "memcached lists no keys; another SESSION_TYPE does"))
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }

    async fn scan(&self, _: &str, _: Option<&Cursor>, _: NonZeroUsize) -> Result<Page> {
        Err(no_scan(STORE, "its protocol lists no keys"))
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.findings().await
    }
}

impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore")
            .field("timeouts", &self.client.timeouts)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn limits(item_size_max: usize) -> Limits {
    let payload = item_size_max.saturating_sub(OVERHEAD);
    Limits { payload: Some(payload), key: Some(250), owner: None }
}

fn capabilities(limits: &Limits) -> Capabilities {
    Capabilities {
        name: STORE,
        owner_index: false,
        needs_sweep: false,
        max_payload: limits.payload,
        max_key: limits.key,
        scan: Scan::Unsupported,
        ttl_resolution: Duration::from_secs(1),
    }
}

fn check<'a>(limits: &Limits, call: Call, key: &'a StoreKey, payload: &[u8]) -> Result<&'a str> {
    // Other than with most stores, the server can be told to take more.
    if let Some(most) = limits.payload.filter(|most| payload.len() > *most) {
        let what = format!("a payload holds {most} bytes at most; memcached -I sets more");
        return Err(call.error(STORE, ErrorKind::TooLarge, &what));
    }
    limits.check(call, STORE, key, payload, None)?;
    // The client would send such a key in base64, which is another key to everyone else.
    let is_plain = |byte: &u8| *byte > b' ' && *byte != 0x7f;
    if key.as_bytes().is_empty() || !key.as_bytes().iter().all(is_plain) {
        let what = "a key that is empty or has spaces or control characters is none of memcached's; change \
                    SESSION_KEY_PREFIX";
        return Err(call.failed(STORE, Failure::Final(ErrorKind::Unsupported, what)));
    }
    Ok(key.as_str())
}

fn record(item: Item) -> Result<Record> {
    if item.flags != 0 {
        let what = "its client flags say that another client wrote it compressed or as an object; \
                    sessions are plain bytes with flags 0";
        return Err(Call::Load.failed(STORE, Failure::Unexpected(what)));
    }
    if item.cas == 0 {
        return Err(Fault::WithoutCas.into_error(Call::Load));
    }
    Ok(Record { payload: item.value.into(), cas: item.cas, ttl: left(item.ttl) })
}

#[cfg(test)]
mod tests {
    use super::{check, limits, record};
    use crate::client::Item;
    use session_core::store::Call;
    use session_core::{ErrorKind, StoreKey};

    #[test]
    fn keys_that_the_protocol_cannot_hold_are_refused() {
        for (key, kind) in [
            ("session:Zm9v".to_owned(), None),
            ("sitzung:\u{e4}".to_owned(), None),
            ("k".repeat(250), None),
            ("k".repeat(251), Some(ErrorKind::TooLarge)),
            (String::new(), Some(ErrorKind::Unsupported)),
            ("a b".to_owned(), Some(ErrorKind::Unsupported)),
            ("a\r\n".to_owned(), Some(ErrorKind::Unsupported)),
            ("a\u{7f}".to_owned(), Some(ErrorKind::Unsupported)),
        ] {
            let checked =
                check(&limits(1 << 20), Call::Load, &StoreKey::new("", &key), &[]).map(drop);
            assert_eq!(checked.err().map(|error| error.kind()), kind, "{key:?}");
        }
    }

    #[test]
    fn payload_over_the_limit_names_the_option_of_the_server() {
        let checked = check(&limits(515), Call::Touch, &StoreKey::new("", "k"), b"four").map(drop);
        let text =
            "renew a session in memcached: a payload holds 3 bytes at most; memcached -I sets more";
        assert_eq!(checked.unwrap_err().to_string(), text);
    }

    #[test]
    fn only_plain_values_with_a_token_are_records() {
        let item = |flags, cas| Item { value: b"x".to_vec(), flags, cas, ttl: 60 };
        assert_eq!(record(item(0, 7)).unwrap().cas, 7);
        assert_eq!(record(item(16, 7)).unwrap_err().kind(), ErrorKind::Decode);
        assert_eq!(record(item(0, 0)).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
