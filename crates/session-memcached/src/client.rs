//! The one place that knows the client: commands in, answers and faults out, each in time.
//!
//! Its protocol layer is used, one meta command a call. Its verbs refuse empty values and may answer
//! an outage with a miss.

use crate::config::MemcachedOptions;
use crate::error::Fault;
use crate::place::Place;
use crate::placement::place;
use crate::server::{Server, Turn};
use memcache::exp::{
    AsyncMemcache, AsyncMetaClient, Error, GetResult, Meta, MutationResult, MutationStatus,
    Request, Set,
};
use session_core::Outcome;
use session_core::store::{Lost, Timeouts, reread};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::{Instant, timeout_at};

/// Sends the commands of the store.
pub(crate) struct Client {
    pub(crate) timeouts: Timeouts,
    link: Link,
}

/// Whose connections are used.
enum Link {
    /// Our own: a server for each name, in its order.
    Own { names: Vec<String>, servers: Vec<Arc<Server>> },
    /// The application's.
    Shared {
        client: Arc<AsyncMetaClient>,
        /// Whether a server answered a command of the meta protocol.
        is_met: AtomicBool,
    },
}

/// The connections of one call.
enum Line<'a> {
    Own(Turn<'a>),
    Shared { client: &'a AsyncMetaClient, is_met: &'a AtomicBool },
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
    pub(crate) async fn open(options: MemcachedOptions) -> Result<(Self, usize), Fault> {
        let mut item_size_max = usize::MAX;
        let mut servers = Vec::new();
        for name in &options.servers {
            let (server, told) = Server::open(Place::new(name), &options).await?;
            item_size_max = item_size_max.min(told.unwrap_or(options.item_size_max));
            servers.push(server);
        }
        let link = Link::Own { names: options.servers, servers };
        Ok((Self { timeouts: options.timeouts, link }, item_size_max))
    }

    pub(crate) fn shared(memcache: &AsyncMemcache) -> Self {
        let client = Arc::new(memcache.meta().clone());
        let link = Link::Shared { client, is_met: AtomicBool::new(false) };
        Self { timeouts: Timeouts::default(), link }
    }

    /// The servers with their names, if they are our own.
    pub(crate) fn servers(&self) -> impl Iterator<Item = (&str, &Server)> {
        let (names, servers) = match &self.link {
            Link::Own { names, servers } => (&names[..], &servers[..]),
            Link::Shared { .. } => (&[][..], &[][..]),
        };
        names.iter().map(String::as_str).zip(servers.iter().map(|server| &**server))
    }

    /// `mg KEY v f c t`
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Item>, Fault> {
        let deadline = self.deadline();
        let line = self.line(key, deadline).await?;
        let is_stale = |fault: &Fault| matches!(fault, Fault::Lost(Lost::Unreached, _));
        let get = || {
            let request = line.client().get(key).meta(Meta::NONE.cas().ttl());
            within(deadline, request.send())
        };
        let found = reread(is_stale, get).await;
        item(line.end(found)?)
    }

    /// `ms KEY LENGTH ME c T`
    pub(crate) async fn add(
        &self,
        key: &str,
        value: &[u8],
        exptime: u32,
    ) -> Result<Outcome, Fault> {
        self.store(key, exptime, |client| client.set(key, value).add()).await
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
        self.store(key, exptime, |client| client.set(key, value).compare_cas(cas)).await
    }

    /// `md KEY`, with `C` if the item must still be the one of `cas`.
    pub(crate) async fn delete(&self, key: &str, cas: Option<u64>) -> Result<Outcome, Fault> {
        if cas == Some(NO_TOKEN) {
            return Ok(Outcome::Refused);
        }
        let deadline = self.deadline();
        let line = self.line(key, deadline).await?;
        let request = line.client().delete(key);
        let request = match cas {
            None => request,
            Some(cas) => request.compare_cas(cas),
        };
        let deleted = within(deadline, request.send()).await;
        outcome(&line.end(deleted)?)
    }

    async fn store<'a>(
        &self,
        key: &str,
        exptime: u32,
        request: impl for<'c> FnOnce(&'c AsyncMetaClient) -> Request<'c, AsyncMetaClient, Set>,
    ) -> Result<Outcome, Fault> {
        let deadline = self.deadline();
        let line = self.line(key, deadline).await?;
        let request = request(line.client()).ttl_raw(exptime).return_cas();
        let stored = within(deadline, request.send()).await;
        outcome(&line.end(stored)?)
    }

    /// Waits for a connection to the server that holds `key`.
    async fn line(&self, key: &str, deadline: Instant) -> Result<Line<'_>, Fault> {
        match &self.link {
            Link::Own { names, servers } => {
                let server = &servers[place(key.as_bytes(), names)];
                Ok(Line::Own(server.turn(deadline).await?))
            }
            Link::Shared { client, is_met } => Ok(Line::Shared { client, is_met }),
        }
    }

    /// When a call that begins now ends.
    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.operation()
    }
}

impl Line<'_> {
    fn client(&self) -> &AsyncMetaClient {
        match self {
            Self::Own(turn) => &turn.client,
            Self::Shared { client, .. } => client,
        }
    }

    /// Gives the connection back. A server that has answered before knows the commands, so that its
    /// `ERROR`, of which the client keeps no more, is the one about too many connections.
    fn end<T>(self, answer: Result<T, Fault>) -> Result<T, Fault> {
        let is_met = match self {
            Self::Own(turn) => {
                turn.end(&answer);
                true
            }
            Self::Shared { is_met, .. } => {
                if answer.is_ok() {
                    is_met.store(true, Ordering::Relaxed);
                }
                is_met.load(Ordering::Relaxed)
            }
        };
        match answer {
            Err(Fault::Unspoken) if is_met => Err(Fault::Full),
            answer => answer,
        }
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
            Error::Rejected(line) if line == "ERROR" => Self::Unspoken,
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
        let table: [Row; 10] = [
            (reset(), |f| matches!(f, Fault::Lost(Lost::Unreached, Some(_)))),
            (Error::Io(io::ErrorKind::TimedOut.into()), |f| {
                matches!(f, Fault::Lost(Lost::Unsent, None))
            }),
            (timeout(), |f| matches!(f, Fault::Lost(Lost::Unsent, None))),
            (ambiguous(timeout()), |f| matches!(f, Fault::Lost(Lost::Silent, None))),
            (ambiguous(reset()), |f| matches!(f, Fault::Lost(Lost::Broken, Some(_)))),
            (ambiguous(Error::Server(text())), |f| matches!(f, Fault::Failed)),
            (ambiguous(Error::Rejected(text())), |f| matches!(f, Fault::Rejected)),
            (ambiguous(Error::Rejected("ERROR".into())), |f| matches!(f, Fault::Unspoken)),
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
