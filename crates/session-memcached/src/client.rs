//! The one place that knows the client: commands in, answers and faults out, each in time.
//!
//! Its protocol layer is used, one meta command a call. Its verbs refuse empty values and may answer
//! an outage with a miss.

use crate::config::MemcachedOptions;
use crate::contact;
use crate::error::Fault;
use crate::placement;
use memcache::exp::{
    AsyncMemcache, AsyncMetaClient, Error, GetResult, Meta, MutationResult, MutationStatus,
    Request, Router, Set,
};
use session_core::Outcome;
use session_core::store::{Lost, Timeouts, reread};
use std::io;
use tokio::time::{Instant, timeout_at};

/// Sends the commands of the store.
pub(crate) struct Client {
    pub(crate) timeouts: Timeouts,
    memcache: AsyncMemcache,
}

/// A value as the server holds it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) value: Vec<u8>,
    /// What the client that wrote it says about its bytes; 0 is nothing.
    pub(crate) flags: u32,
    pub(crate) cas: u64,
    /// Remaining seconds; -1 if it does not expire.
    pub(crate) ttl: i64,
}

/// The token of no item.
const NO_TOKEN: u64 = 0;

impl Client {
    /// Makes the first contact with every server, and returns the largest item that all take, too.
    ///
    /// Names are resolved now; connections are dialled when calls need them.
    pub(crate) async fn open(options: &MemcachedOptions) -> Result<(Self, usize), Fault> {
        let timeouts = options.timeouts;
        let mut item_size_max = usize::MAX;
        for server in &options.servers {
            let told = within(Instant::now() + timeouts.connect(), contact::ask(server)).await?;
            item_size_max = item_size_max.min(told.item_size_max.unwrap_or(options.item_size_max));
        }
        let opening = AsyncMemcache::builder()
            .router(Placement)
            // Ends before the operation does, so that a call without a connection knows it.
            .connect_timeout(timeouts.dial())
            // The calls below have a deadline.
            .timeout(None)
            .max_idle(options.idle_connections)
            .connect_async(options.servers.iter().map(String::as_str));
        let memcache = within(Instant::now() + timeouts.connect(), opening).await?;
        Ok((Self { timeouts, memcache }, item_size_max))
    }

    pub(crate) fn shared(memcache: AsyncMemcache) -> Self {
        Self { timeouts: Timeouts::default(), memcache }
    }

    /// `mg KEY v f c t`
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Item>, Fault> {
        let deadline = self.deadline();
        let is_stale = |fault: &Fault| matches!(fault, Fault::Lost(Lost::Unreached, _));
        let get = || {
            let request = self.memcache.meta().get(key).meta(Meta::NONE.cas().ttl());
            within(deadline, request.send())
        };
        item(reread(is_stale, get).await?)
    }

    /// `ms KEY LENGTH ME c T`
    pub(crate) async fn add(
        &self,
        key: &str,
        value: &[u8],
        exptime: u32,
    ) -> Result<Outcome, Fault> {
        self.store(self.memcache.meta().set(key, value).add(), exptime).await
    }

    /// `ms KEY LENGTH c T C`
    pub(crate) async fn replace(
        &self,
        key: &str,
        value: &[u8],
        exptime: u32,
        cas: u64,
    ) -> Result<Outcome, Fault> {
        if cas == NO_TOKEN {
            return Ok(Outcome::Refused);
        }
        self.store(self.memcache.meta().set(key, value).compare_cas(cas), exptime).await
    }

    /// `md KEY`, with `C` if the item must still be the one of `cas`.
    pub(crate) async fn delete(&self, key: &str, cas: Option<u64>) -> Result<Outcome, Fault> {
        let request = self.memcache.meta().delete(key);
        let request = match cas {
            None => request,
            Some(NO_TOKEN) => return Ok(Outcome::Refused),
            Some(cas) => request.compare_cas(cas),
        };
        outcome(&within(self.deadline(), request.send()).await?)
    }

    async fn store(
        &self,
        request: Request<'_, AsyncMetaClient, Set>,
        exptime: u32,
    ) -> Result<Outcome, Fault> {
        let request = request.ttl_raw(exptime).return_cas();
        outcome(&within(self.deadline(), request.send()).await?)
    }

    /// When a call that begins now ends.
    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }
}

/// Places keys on several servers as [`MemcachedStore::connect`](crate::MemcachedStore::connect)
/// does, for clients of one's own.
///
/// Of the scores `murmur3_32("HOST:PORT-KEY")` the highest wins, as in `HashClient` of pymemcache.
/// The order of the list does not matter; a server that leaves it takes its own keys along and no
/// others.
///
/// # Examples
///
/// ```no_run
/// use memcache::exp::AsyncMemcache;
/// use session_memcached::{MemcachedStore, Placement};
///
/// # async fn example() -> memcache::exp::Result<()> {
/// let servers = ["10.0.0.1:11211", "10.0.0.2:11211"];
/// let client = AsyncMemcache::builder().router(Placement).connect_async(servers).await?;
/// let store = MemcachedStore::from_client(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Placement;

impl Router for Placement {
    fn route(&self, key: &[u8], servers: &[String]) -> usize {
        placement::place(key, servers)
    }
}

/// Drops the client's future at the deadline, and with it the connection that the answer may still
/// come on.
async fn within<T, E: Into<Fault>>(
    deadline: Instant,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Fault> {
    timeout_at(deadline, answer).await.map_err(|_| Lost::Silent)?.map_err(Into::into)
}

fn item(found: GetResult) -> Result<Option<Item>, Fault> {
    // A placeholder that waits for its value, or an item that was invalidated: no session.
    if !found.hit() || found.is_stale() {
        return Ok(None);
    }
    match (found.value, found.item.cas, found.item.ttl) {
        (Some(value), Some(cas), Some(ttl)) => {
            Ok(Some(Item { value, flags: found.client_flags.unwrap_or(0), cas, ttl }))
        }
        _ => Err(Fault::Garbled),
    }
}

fn outcome(result: &MutationResult) -> Result<Outcome, Fault> {
    match result.status {
        MutationStatus::Applied => Ok(Outcome::Written { cas: result.cas.unwrap_or(NO_TOKEN) }),
        MutationStatus::NotFound | MutationStatus::AlreadyExists | MutationStatus::CasMismatch => {
            Ok(Outcome::Refused)
        }
        _ => Err(Fault::Garbled),
    }
}

/// Keeps what happened and drops the texts: the client's errors name the key.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Lost::Unsent.into(),
            Error::Io(error) => Self::unreached(error),
            Error::Timeout { .. } => Lost::Unsent.into(),
            Error::Ambiguous { source, .. } => match *source {
                Error::Timeout { .. } => Lost::Silent.into(),
                Error::Io(error) => Self::Lost(Lost::Broken, Some(error)),
                answer => Self::from(answer),
            },
            Error::Server(_) => Self::Failed,
            Error::Rejected(_) => Self::Rejected,
            _ => Self::Garbled,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Fault;
    use memcache::exp::Error;
    use session_core::store::Lost;
    use std::io;

    fn ambiguous(source: Error) -> Error {
        Error::Ambiguous { key: b"hunter2".to_vec(), source: Box::new(source) }
    }

    #[test]
    fn faults_keep_what_is_known_about_a_write_and_no_key() {
        let timeout = || Error::Timeout { key: b"hunter2".to_vec() };
        let reset = || Error::Io(io::ErrorKind::ConnectionReset.into());
        let text = || "hunter2".to_owned();
        type Row = (Error, fn(&Fault) -> bool);
        let table: [Row; 9] = [
            (reset(), |f| matches!(f, Fault::Lost(Lost::Unreached, Some(_)))),
            (Error::Io(io::ErrorKind::TimedOut.into()), |f| {
                matches!(f, Fault::Lost(Lost::Unsent, None))
            }),
            (timeout(), |f| matches!(f, Fault::Lost(Lost::Unsent, None))),
            (ambiguous(timeout()), |f| matches!(f, Fault::Lost(Lost::Silent, None))),
            (ambiguous(reset()), |f| matches!(f, Fault::Lost(Lost::Broken, Some(_)))),
            (ambiguous(Error::Server(text())), |f| matches!(f, Fault::Failed)),
            (ambiguous(Error::Rejected(text())), |f| matches!(f, Fault::Rejected)),
            (ambiguous(Error::Protocol(text())), |f| matches!(f, Fault::Garbled)),
            (Error::Server(text()), |f| matches!(f, Fault::Failed)),
        ];
        for (error, is_right) in table {
            let shown = format!("{error:?}");
            let fault = Fault::from(error);
            assert!(is_right(&fault), "{shown}: {fault:?}");
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
    }
}
