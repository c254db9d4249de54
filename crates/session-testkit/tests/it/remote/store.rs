//! A client of that server, right or wrong in one way.

use super::server::{read_frame, write_frame};
use session_core::store::{Cursor, Page, Scan, no_scan};
use session_core::{
    Bytes, Capabilities, Error, ErrorKind, Lease, Outcome, Precondition, Record, Result, Store,
    StoreKey, async_trait,
};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    None,
    RepeatsLostChanges,
    ReportsLostChangesAsRefused,
    ReportsLostChangesAsUnwritten,
    ReportsOutagesAsMisses,
    WaitsForever,
    NeverReconnects,
    AsksTwice,
    MixesReplies,
    TrustsRestedConnections,
}

#[derive(Debug)]
pub(crate) struct WireStore {
    addr: SocketAddr,
    deadline: Duration,
    defect: Defect,
    rest: Rest,
    connection: Mutex<Connection>,
}

/// After how long a connection is used no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Any,
    None,
}

#[derive(Debug)]
enum Connection {
    Fresh,
    Open(TcpStream),
    Lost,
}

/// How far a request came.
enum Lost {
    Unsent,
    Unanswered(ErrorKind),
}

impl WireStore {
    pub(crate) fn new(addr: SocketAddr, deadline: Duration, defect: Defect, rest: Rest) -> Self {
        Self { addr, deadline, defect, rest, connection: Mutex::new(Connection::Fresh) }
    }

    async fn call(&self, request: &[Bytes]) -> Result<Vec<Bytes>, Lost> {
        let mut connection = self.connection.lock().await;
        let reconnects = self.defect != Defect::NeverReconnects;
        // Taken out, so that a cancelled call drops the connection with its pending reply.
        let mut stream = match std::mem::replace(&mut *connection, Connection::Lost) {
            Connection::Open(stream) => stream,
            Connection::Lost if !reconnects => return Err(Lost::Unsent),
            Connection::Lost | Connection::Fresh => {
                TcpStream::connect(self.addr).await.map_err(|_| Lost::Unsent)?
            }
        };
        if self.defect == Defect::MixesReplies {
            *connection = Connection::Open(stream);
            let Connection::Open(stream) = &mut *connection else { return Err(Lost::Unsent) };
            return exchange(stream, request).await.map_err(|_| unanswered());
        }
        let answer = if self.defect == Defect::WaitsForever {
            exchange(&mut stream, request).await
        } else {
            tokio::time::timeout(self.deadline, exchange(&mut stream, request))
                .await
                .map_err(|_| Lost::Unanswered(ErrorKind::Timeout))?
        };
        let answer = answer.map_err(|_| unanswered())?;
        *connection = match self.rest {
            Rest::None if self.defect != Defect::TrustsRestedConnections => Connection::Fresh,
            _ => Connection::Open(stream),
        };
        Ok(answer)
    }

    async fn change(
        &self,
        call: &'static str,
        key: &StoreKey,
        ttl: Duration,
        payload: Bytes,
        loaded: Option<&Record>,
    ) -> Result<bool> {
        let request = request(call, key, ttl, payload, loaded);
        let mut answer = self.call(&request).await;
        let lost = matches!(answer, Err(Lost::Unanswered(_)));
        if lost && self.defect == Defect::RepeatsLostChanges {
            answer = self.call(&request).await;
        }
        match answer {
            Ok(fields) => Ok(fields.first().is_some_and(|word| word == "yes")),
            Err(_) if self.defect == Defect::ReportsLostChangesAsRefused => Ok(false),
            Err(Lost::Unanswered(_)) if self.defect != Defect::ReportsLostChangesAsUnwritten => {
                Err(Error::new(ErrorKind::Unknown, "wait for the answer to a change"))
            }
            Err(_) => Err(Error::new(ErrorKind::Unavailable, "send a change")),
        }
    }
}

#[async_trait]
impl Store for WireStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "wire",
            owner_index: false,
            needs_sweep: false,
            max_payload: None,
            max_key: None,
            scan: Scan::Unsupported,
            ttl_resolution: Duration::from_millis(1),
        }
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>> {
        let request = request("load", key, Duration::ZERO, Bytes::new(), None);
        if self.defect == Defect::AsksTwice {
            let _ = self.call(&request).await;
        }
        match self.call(&request).await {
            Ok(fields) => Ok(match &fields[..] {
                [payload, ttl] => Some(Record {
                    payload: payload.clone(),
                    cas: 0,
                    ttl: Duration::from_millis(std::str::from_utf8(ttl).unwrap().parse().unwrap()),
                }),
                _ => None,
            }),
            Err(_) if self.defect == Defect::ReportsOutagesAsMisses => Ok(None),
            Err(Lost::Unsent) => Err(Error::new(ErrorKind::Unavailable, "connect")),
            Err(Lost::Unanswered(kind)) => Err(Error::new(kind, "wait for a record")),
        }
    }

    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome> {
        let (call, loaded) = match when {
            Precondition::Absent => ("create", None),
            Precondition::Unchanged(loaded) => ("update", Some(loaded)),
        };
        self.change(call, key, lease.ttl, payload, loaded).await.map(outcome)
    }

    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome> {
        let touched = self.change("touch", key, lease.ttl, Bytes::new(), Some(loaded)).await;
        touched.map(outcome)
    }

    async fn delete(
        &self,
        key: &StoreKey,
        _owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool> {
        let call = if expected.is_some() { "delete-expected" } else { "delete" };
        self.change(call, key, Duration::ZERO, Bytes::new(), expected).await
    }

    async fn list_by_owner(&self, _owner: &str) -> Result<Vec<StoreKey>> {
        Err(Error::new(ErrorKind::Unsupported, "list records without an owner index"))
    }

    async fn delete_expired(&self) -> Result<u64> {
        Ok(0)
    }

    async fn scan(&self, _: &str, _: Option<&Cursor>, _: NonZeroUsize) -> Result<Page> {
        Err(no_scan("wire", "its server lists no keys"))
    }
}

fn outcome(applied: bool) -> Outcome {
    if applied { Outcome::Written { cas: 0 } } else { Outcome::Refused }
}

fn unanswered() -> Lost {
    Lost::Unanswered(ErrorKind::Unavailable)
}

fn request(
    call: &'static str,
    key: &StoreKey,
    ttl: Duration,
    payload: Bytes,
    loaded: Option<&Record>,
) -> [Bytes; 5] {
    let ttl_ms = u64::try_from(ttl.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
    [
        Bytes::from_static(call.as_bytes()),
        Bytes::copy_from_slice(key.as_bytes()),
        ttl_ms.to_string().into(),
        payload,
        loaded.map(|record| record.payload.clone()).unwrap_or_default(),
    ]
}

async fn exchange(stream: &mut TcpStream, request: &[Bytes]) -> io::Result<Vec<Bytes>> {
    write_frame(stream, request).await?;
    read_frame(stream).await
}
