//! The one place that knows the client: commands in, answers and faults out.
//!
//! Its protocol layer is used, one meta command a call. Its verbs refuse empty values and may answer
//! an outage with a miss.

use crate::config::Target;
use crate::error::Fault;
use crate::placement;
use memcache::exp::{
    AsyncMemcache, AsyncMetaClient, Error, GetResult, Meta, MutationResult, MutationStatus,
    Request, Router, Set,
};
use std::io;

/// Sends the commands of the store.
#[derive(Clone)]
pub(crate) struct Client(AsyncMemcache);

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

/// The answer to a command that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Applied { cas: u64 },
    Refused,
}

impl Client {
    /// Resolves the names of the servers; connections are dialled when calls need them.
    pub(crate) async fn open(target: &Target) -> Result<Self, Fault> {
        let client = AsyncMemcache::builder()
            .router(Placement)
            .connect_timeout(target.dial_timeout)
            // The store has a deadline of its own around each call.
            .timeout(None)
            .max_idle(target.idle_connections)
            .connect_async(target.servers.iter().map(String::as_str))
            .await
            .map_err(fault)?;
        Ok(Self(client))
    }

    pub(crate) fn shared(client: AsyncMemcache) -> Self {
        Self(client)
    }

    /// `mg KEY v f c t`
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Item>, Fault> {
        let wanted = Meta::NONE.cas().ttl();
        item(self.meta().get(key).meta(wanted).send().await.map_err(fault)?)
    }

    /// `ms KEY LENGTH ME c T`
    pub(crate) async fn add(&self, key: &str, value: &[u8], exptime: u32) -> Result<Answer, Fault> {
        store(self.meta().set(key, value).add(), exptime).await
    }

    /// `ms KEY LENGTH c T C`
    pub(crate) async fn replace(
        &self,
        key: &str,
        value: &[u8],
        exptime: u32,
        cas: u64,
    ) -> Result<Answer, Fault> {
        store(self.meta().set(key, value).compare_cas(cas), exptime).await
    }

    /// `md KEY`, with `C` if the item must still be the one of `cas`.
    pub(crate) async fn delete(&self, key: &str, cas: Option<u64>) -> Result<Answer, Fault> {
        let request = self.meta().delete(key);
        let request = match cas {
            Some(cas) => request.compare_cas(cas),
            None => request,
        };
        answer(&request.send().await.map_err(fault)?)
    }

    fn meta(&self) -> &AsyncMetaClient {
        self.0.meta()
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

async fn store(request: Request<'_, AsyncMetaClient, Set>, ttl: u32) -> Result<Answer, Fault> {
    answer(&request.ttl_raw(ttl).return_cas().send().await.map_err(fault)?)
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

fn answer(result: &MutationResult) -> Result<Answer, Fault> {
    match result.status {
        MutationStatus::Applied => Ok(Answer::Applied { cas: result.cas.unwrap_or(0) }),
        MutationStatus::NotFound | MutationStatus::AlreadyExists | MutationStatus::CasMismatch => {
            Ok(Answer::Refused)
        }
        _ => Err(Fault::Garbled),
    }
}

/// Keeps what happened and drops the texts: the client's errors name the key.
fn fault(error: Error) -> Fault {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => Fault::Unsent,
        Error::Io(error) => Fault::Unreached(error),
        Error::Timeout { .. } => Fault::Unsent,
        Error::Ambiguous { source, .. } => match *source {
            Error::Timeout { .. } => Fault::Silent,
            Error::Io(error) => Fault::Broken(error),
            Error::Server(_) => Fault::Failed,
            Error::Rejected(_) => Fault::Rejected,
            _ => Fault::Garbled,
        },
        Error::Server(_) => Fault::Failed,
        Error::Rejected(_) => Fault::Rejected,
        _ => Fault::Garbled,
    }
}

#[cfg(test)]
mod tests {
    use super::fault;
    use crate::error::Fault;
    use memcache::exp::Error;
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
            (reset(), |f| matches!(f, Fault::Unreached(_))),
            (Error::Io(io::ErrorKind::TimedOut.into()), |f| matches!(f, Fault::Unsent)),
            (timeout(), |f| matches!(f, Fault::Unsent)),
            (ambiguous(timeout()), |f| matches!(f, Fault::Silent)),
            (ambiguous(reset()), |f| matches!(f, Fault::Broken(_))),
            (ambiguous(Error::Server(text())), |f| matches!(f, Fault::Failed)),
            (ambiguous(Error::Rejected(text())), |f| matches!(f, Fault::Rejected)),
            (ambiguous(Error::Protocol(text())), |f| matches!(f, Fault::Garbled)),
            (Error::Server(text()), |f| matches!(f, Fault::Failed)),
        ];
        for (error, is_right) in table {
            let shown = format!("{error:?}");
            let fault = fault(error);
            assert!(is_right(&fault), "{shown}: {fault:?}");
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
    }
}
