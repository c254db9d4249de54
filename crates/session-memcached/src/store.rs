//! The store: each call one command, each write one compared with the item's CAS token.

use crate::client::{Answer, Client, Item};
use crate::config::{ITEM_SIZE_MAX, MemcachedOptions, STORE};
use crate::contact::{self, Told};
use crate::error::Fault;
use crate::lifetime::{exptime, left};
use memcache::exp::AsyncMemcache;
use session_core::store::{Call, Timeouts, no_owner_index};
use session_core::{
    Bytes, Capabilities, Error, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store,
    StoreKey, async_trait,
};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};

const LONGEST_KEY: usize = 250;

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
    timeouts: Timeouts,
    max_payload: usize,
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
    /// use session_memcached::{MemcachedOptions, MemcachedStore};
    /// use std::time::Duration;
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
        let target = options.into().check()?;
        let limit = target.timeouts.connect();
        let mut item_size_max = usize::MAX;
        for server in &target.servers {
            let Told { item_size_max: told } = contact(limit, contact::ask(server)).await?;
            item_size_max = item_size_max.min(told.unwrap_or(target.item_size_max));
        }
        Ok(Self {
            client: contact(limit, Client::open(&target)).await?,
            timeouts: target.timeouts,
            max_payload: max_payload(item_size_max),
        })
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
    /// use memcache::exp::AsyncMemcache;
    /// use session_memcached::MemcachedStore;
    ///
    /// # async fn example() -> memcache::exp::Result<()> {
    /// let cache = AsyncMemcache::connect(["127.0.0.1:11211"]).await?;
    /// let store = MemcachedStore::from_client(cache.clone());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_client(client: AsyncMemcache) -> Self {
        Self {
            client: Client::shared(client),
            timeouts: Timeouts::default(),
            max_payload: max_payload(ITEM_SIZE_MAX),
        }
    }

    /// Bounds each call, with any wait for a connection; a day at most.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts = self.timeouts.with_operation(timeout);
        self
    }

    /// Sets the largest item of the servers, in bytes (`memcached -I`); 1 MiB unless they told
    /// another.
    #[must_use]
    pub fn item_size_max(mut self, bytes: usize) -> Self {
        self.max_payload = max_payload(bytes);
        self
    }

    async fn get(&self, key: &str) -> Result<Option<Item>, Fault> {
        let deadline = self.deadline();
        match heard(timeout_at(deadline, self.client.get(key)).await) {
            // A connection that was closed meanwhile is found out by the call that uses it.
            Err(Fault::Unreached(_)) => heard(timeout_at(deadline, self.client.get(key)).await),
            found => found,
        }
    }

    /// When a call that begins now ends. The client is dropped then, and with it the connection
    /// that the answer may still come on.
    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }

    fn check_payload(&self, call: Call, payload: &Bytes) -> Result<()> {
        if payload.len() <= self.max_payload {
            return Ok(());
        }
        let most = self.max_payload;
        Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "{}: an item of the server leaves {most} bytes to a session; memcached -I sets more",
                call.of(STORE)
            ),
        ))
    }
}

#[async_trait]
impl Store for MemcachedStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: STORE,
            owner_index: false,
            needs_sweep: false,
            max_payload: Some(self.max_payload),
            max_key: Some(LONGEST_KEY),
            // Whole seconds, counted by a clock that is up to two behind.
            ttl_resolution: Duration::from_secs(2),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let key = check_key(Call::Load, key)?;
        let found = self.get(key).await.map_err(|fault| fault.into_error(Call::Load))?;
        found.map(record).transpose()
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let call = match when {
            Precondition::Absent => Call::Create,
            Precondition::Unchanged(_) => Call::Update,
        };
        let key = check_key(call, key)?;
        self.check_payload(call, &payload)?;
        let exptime = exptime(lease.ttl, now());
        let deadline = self.deadline();
        let answer = match when {
            Precondition::Absent => {
                timeout_at(deadline, self.client.add(key, &payload, exptime)).await
            }
            Precondition::Unchanged(loaded) => {
                let Some(cas) = token(loaded) else { return Ok(Outcome::Refused) };
                timeout_at(deadline, self.client.replace(key, &payload, exptime, cas)).await
            }
        };
        outcome(call, answer)
    }

    /// Sends the loaded payload again: the commands that only set an expiry compare nothing.
    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let key = check_key(Call::Touch, key)?;
        self.check_payload(Call::Touch, &loaded.payload)?;
        let Some(cas) = token(loaded) else { return Ok(Outcome::Refused) };
        let exptime = exptime(lease.ttl, now());
        let same = self.client.replace(key, &loaded.payload, exptime, cas);
        outcome(Call::Touch, timeout_at(self.deadline(), same).await)
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let key = check_key(Call::Delete, key)?;
        let cas = match expected.map(token) {
            None => None,
            Some(Some(cas)) => Some(cas),
            Some(None) => return Ok(false),
        };
        let answer = timeout_at(self.deadline(), self.client.delete(key, cas)).await;
        Ok(outcome(Call::Delete, answer)? != Outcome::Refused)
    }

    async fn list_by_owner(&self, _owner: &str) -> Result<Vec<StoreKey>> {
        Err(no_owner_index(STORE, "memcached lists no keys; another SESSION_TYPE does"))
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }
}

impl fmt::Debug for MemcachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedStore")
            .field("timeouts", &self.timeouts)
            .field("max_payload", &self.max_payload)
            .finish_non_exhaustive()
    }
}

async fn contact<T>(limit: Duration, answer: impl Future<Output = Result<T, Fault>>) -> Result<T> {
    heard(timeout(limit, answer).await).map_err(|fault| fault.into_error(Call::Connect))
}

fn heard<T>(answer: Result<Result<T, Fault>, Elapsed>) -> Result<T, Fault> {
    answer.unwrap_or(Err(Fault::Silent))
}

fn outcome(call: Call, answer: Result<Result<Answer, Fault>, Elapsed>) -> Result<Outcome> {
    match heard(answer).map_err(|fault| fault.into_error(call))? {
        Answer::Applied { cas } => Ok(Outcome::Written { cas }),
        Answer::Refused => Ok(Outcome::Refused),
    }
}

/// The client would send other keys in base64, which is another key to everyone else.
fn check_key(call: Call, key: &StoreKey) -> Result<&str> {
    let complaint = match key.as_bytes() {
        bytes if bytes.len() > LONGEST_KEY => (ErrorKind::TooLarge, "a key has at most 250 bytes"),
        bytes if bytes.is_empty() || bytes.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) => {
            (ErrorKind::Unsupported, "a key is not empty and has no spaces or control characters")
        }
        _ => return Ok(key.as_str()),
    };
    let (kind, what) = complaint;
    Err(call.error(STORE, kind, what))
}

fn record(item: Item) -> Result<Record> {
    if item.flags != 0 {
        return Err(Error::new(
            ErrorKind::Decode,
            "load a session from memcached: its client flags say that another client wrote it \
             compressed or as an object; sessions are plain bytes with flags 0",
        ));
    }
    if item.cas == 0 {
        return Err(Fault::WithoutCas.into_error(Call::Load));
    }
    Ok(Record { payload: item.value.into(), cas: item.cas, ttl: left(item.ttl) })
}

/// The token of a record; no item has the token 0, so a record without one is not what is stored.
fn token(record: &Record) -> Option<u64> {
    Some(record.cas).filter(|cas| *cas != 0)
}

fn max_payload(item_size_max: usize) -> usize {
    item_size_max.saturating_sub(OVERHEAD)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::{check_key, record};
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
            let checked = check_key(Call::Load, &StoreKey::new("", &key)).map(drop);
            assert_eq!(checked.err().map(|error| error.kind()), kind, "{key:?}");
        }
    }

    #[test]
    fn only_plain_values_with_a_token_are_records() {
        let item = |flags, cas| Item { value: b"x".to_vec(), flags, cas, ttl: 60 };
        assert_eq!(record(item(0, 7)).unwrap().cas, 7);
        assert_eq!(record(item(16, 7)).unwrap_err().kind(), ErrorKind::Decode);
        assert_eq!(record(item(0, 0)).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
