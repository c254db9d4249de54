//! One server: where it is, and how many connections it has of us.
//!
//! The client resolves a name once and for all, and takes the place of a connection for free as
//! soon as this process has closed it; a frozen server has it still.

use crate::config::MemcachedOptions;
use crate::contact;
use crate::error::Fault;
use crate::place::Place;
use memcache::exp::AsyncMetaClient;
use session_core::store::{ConnectionLimit, ConnectionTurn, Lost, Timeouts};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// How long a name is not asked for again after it was.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) struct Server {
    place: Place,
    timeouts: Timeouts,
    max_connections: usize,
    rest: Duration,
    client: Mutex<At>,
    limit: ConnectionLimit,
    is_looked_for: AtomicBool,
}

/// The connections to an address.
#[derive(Clone)]
struct At {
    address: SocketAddr,
    client: Arc<AsyncMetaClient>,
}

impl Server {
    /// Makes the first contact, and returns the largest item of the server if it tells.
    pub(crate) async fn open(
        place: Place,
        options: &MemcachedOptions,
    ) -> Result<(Arc<Self>, Option<usize>), Fault> {
        let MemcachedOptions { timeouts, max_connections, rest, .. } = *options;
        let contact = async { contact::ask(&place.addresses().await?).await };
        let told = timeout(timeouts.connect(), contact).await.map_err(|_| Lost::Silent)??;
        let server = Self {
            place,
            timeouts,
            max_connections,
            rest,
            client: Mutex::new(At::dial(told.address, timeouts, max_connections, rest).await?),
            limit: ConnectionLimit::new(max_connections),
            is_looked_for: AtomicBool::new(false),
        };
        Ok((Arc::new(server), told.item_size_max))
    }

    /// What it tells of itself: `stats`, and `stats settings`.
    pub(crate) async fn statistics(&self) -> Result<Vec<(String, String)>, Fault> {
        let address = self.at().address;
        let told = timeout(self.timeouts.connect(), contact::statistics(address)).await;
        told.map_err(|_| Lost::Silent)?
    }

    /// Waits in line for the turn to use a connection.
    pub(crate) async fn turn(self: &Arc<Self>, deadline: Instant) -> Result<Turn<'_>, Fault> {
        let turn = self.limit.turn(deadline.into_std()).await?;
        let client = Arc::clone(&self.at().client);
        Ok(Turn { client, server: self, turn })
    }

    /// Has the name resolved again, in which a new server may have taken the place of this one.
    fn look(self: &Arc<Self>) {
        if self.place.is_fixed() || self.is_looked_for.swap(true, Ordering::Relaxed) {
            return;
        }
        let look = Look(Arc::clone(self));
        tokio::spawn(async move {
            // The next call that fails begins the next look.
            let _ = timeout(look.0.timeouts.connect(), look.0.find()).await;
            sleep(LOOK).await;
        });
    }

    /// Moves to the first address that takes a connection, and stays if this one does.
    async fn find(&self) -> Result<(), Fault> {
        let now = self.at().address;
        let mut addresses = self.place.addresses().await?;
        addresses.sort_by_key(|address| *address != now);
        let stream = TcpStream::connect(&*addresses).await.map_err(Fault::unreached)?;
        let found = stream.peer_addr().map_err(Fault::unreached)?;
        if found != now {
            let moved = At::dial(found, self.timeouts, self.max_connections, self.rest).await?;
            *self.at() = moved;
        }
        Ok(())
    }

    fn at(&self) -> MutexGuard<'_, At> {
        // Every change is one assignment, so a poisoned one is whole.
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl At {
    /// Prepares connections, which are made when calls need them.
    async fn dial(
        address: SocketAddr,
        timeouts: Timeouts,
        max: usize,
        rest: Duration,
    ) -> Result<Self, Fault> {
        let client = AsyncMetaClient::builder()
            // Ends before the operation does, so that a call without a connection knows it.
            .connect_timeout(Some(timeouts.dial()))
            // Calls have a deadline.
            .io_timeout(None)
            .max_idle(max)
            .max_idle_age(rest)
            .connect_async(address)
            .await?;
        Ok(Self { address, client: Arc::new(client) })
    }
}

/// The right to one connection; dropped as it is, it is that of a call that was given up.
pub(crate) struct Turn<'a> {
    pub(crate) client: Arc<AsyncMetaClient>,
    server: &'a Arc<Server>,
    turn: ConnectionTurn<'a>,
}

impl Turn<'_> {
    /// Notes what the call says of the server.
    pub(crate) fn end<T>(self, answer: &Result<T, Fault>) {
        match answer {
            Err(Fault::Lost(Lost::Silent, _)) => self.server.look(),
            Err(Fault::Lost(..)) => {
                self.turn.closed();
                self.server.look();
            }
            _ => self.turn.answered(),
        }
    }
}

/// A look for an address, under way also if its runtime is shut down.
struct Look(Arc<Server>);

impl Drop for Look {
    fn drop(&mut self) {
        self.0.is_looked_for.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Server;
    use crate::config::MemcachedOptions;
    use crate::error::Fault;
    use crate::place::Place;
    use memcache::exp::Error;
    use session_testkit::MemcachedServer;
    use session_testkit::steps::eventually;
    use std::sync::{Arc, Mutex};
    use tokio::time::Instant;

    async fn ask(server: &Arc<Server>) -> Result<(), Fault> {
        let turn = server.turn(Instant::now() + server.timeouts.operation()).await?;
        let answer = turn.client.get("none").send().await.map(drop).map_err(Error::into);
        turn.end(&answer);
        answer
    }

    #[tokio::test]
    async fn server_that_moved_is_found_where_its_name_leads() {
        let mut old = MemcachedServer::start().await.unwrap();
        let new = MemcachedServer::start().await.unwrap();
        let zone = Arc::new(Mutex::new(vec![old.addr()]));
        let options = MemcachedOptions::default();
        let place = Place::Zone(Arc::clone(&zone));
        let (server, _) = Server::open(place, &options).await.unwrap();
        ask(&server).await.unwrap();
        old.kill().unwrap();
        *zone.lock().unwrap() = vec![new.addr()];
        eventually("the new server is found", async || ask(&server).await.is_ok()).await;
        assert_eq!(server.at().address, new.addr());
    }

    /// Both may be servers, and a session lies on one of them.
    #[tokio::test]
    async fn server_that_still_answers_is_kept_whatever_the_order_of_addresses() {
        let one = MemcachedServer::start().await.unwrap();
        let other = MemcachedServer::start().await.unwrap();
        let zone = Arc::new(Mutex::new(vec![one.addr(), other.addr()]));
        let options = MemcachedOptions::default();
        let place = Place::Zone(Arc::clone(&zone));
        let (server, _) = Server::open(place, &options).await.unwrap();
        zone.lock().unwrap().reverse();
        server.find().await.unwrap();
        assert_eq!(server.at().address, one.addr());
    }
}
