//! A TCP proxy that breaks the link between a store and its server on demand.

mod connection;

use crate::port::{bind, reserve};
use connection::Wire;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What a [`Proxy`] does with connections and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on.
    Forward,
    /// Accepts connections and holds every byte back until the mode changes.
    Freeze,
    /// Drops all connections and refuses new ones, as a server does that is not running.
    Refuse,
}

/// A TCP proxy in front of one server, on a loopback port of its own.
///
/// It counts connections and round trips, and can cut the reply to a single request after the
/// server gave it. Dropping the proxy closes everything.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    wire: Arc<Wire>,
    mode: watch::Sender<Mode>,
    acceptor: AbortHandle,
    /// Bound and never listening: keeps the port from others while the proxy refuses.
    _reserved: TcpSocket,
}

impl Proxy {
    /// Starts a proxy in front of `server`, in mode [`Mode::Forward`].
    ///
    /// # Errors
    ///
    /// If no loopback port can be bound.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        let reserved = reserve()?;
        let addr = reserved.local_addr()?;
        let listener = bind(addr)?.listen(1024)?;
        let (mode, mode_seen) = watch::channel(Mode::Forward);
        let wire = Arc::new(Wire::default());
        let accepting = accept(addr, server, listener, mode_seen, wire.clone());
        let acceptor = tokio::spawn(accepting).abort_handle();
        Ok(Self { addr, wire, mode, acceptor, _reserved: reserved })
    }

    /// Where clients connect to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes what happens from now on, to open connections too.
    ///
    /// Returns once new connections meet the new mode, and after [`Mode::Refuse`] once the open ones
    /// are closed. Bytes held back by [`Mode::Freeze`] are passed on when it ends in
    /// [`Mode::Forward`].
    pub async fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
        let refuses = mode == Mode::Refuse;
        while self.is_listening() == refuses || (refuses && self.has_open_connections()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Silences the connections that are open now, as a NAT does that forgot them: their bytes go
    /// nowhere, and neither end learns of it. New connections work.
    pub fn silence(&self) {
        self.wire.silenced.store(self.connections(), Ordering::SeqCst);
    }

    /// Cuts the connection that carries the next request with `needle` in it, after the server
    /// replied and before the client sees any of the reply. Later requests pass.
    pub fn cut_reply_to(&self, needle: &[u8]) {
        *self.wire.cut.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(connection::Cut::new(needle));
    }

    /// How many requests carried the needle of [`cut_reply_to`](Self::cut_reply_to) since, and
    /// whether a reply was cut.
    pub fn cut_report(&self) -> CutReport {
        let cut = self.wire.cut.lock().unwrap_or_else(PoisonError::into_inner);
        cut.as_ref().map(|cut| cut.report).unwrap_or_default()
    }

    /// The number of connections accepted so far.
    pub fn connections(&self) -> usize {
        self.wire.connections.load(Ordering::SeqCst)
    }

    /// The number of round trips so far: how often a client began to send on a connection that was
    /// new, or whose last bytes came from the server.
    ///
    /// Requests that overlap on one connection count as one, so calls are compared one at a time.
    pub fn round_trips(&self) -> usize {
        self.wire.round_trips.load(Ordering::SeqCst)
    }

    fn is_listening(&self) -> bool {
        self.wire.listening.load(Ordering::SeqCst)
    }

    fn has_open_connections(&self) -> bool {
        self.wire.open.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Connections end with the channel.
        self.acceptor.abort();
    }
}

/// What became of a request whose reply was to be cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutReport {
    /// How many requests with the needle reached the proxy.
    pub requests: usize,
    /// Whether the server's reply to the first of them was cut.
    pub is_cut: bool,
}

async fn accept(
    addr: SocketAddr,
    server: SocketAddr,
    listener: TcpListener,
    mut mode: watch::Receiver<Mode>,
    wire: Arc<Wire>,
) {
    let mut listener = Some(listener);
    loop {
        let refuses = *mode.borrow_and_update() == Mode::Refuse;
        if refuses {
            listener = None;
        } else if listener.is_none() {
            listener = bind(addr).and_then(|socket| socket.listen(1024)).ok();
        }
        wire.listening.store(listener.is_some(), Ordering::SeqCst);
        let Some(open) = &listener else {
            if refuses && mode.changed().await.is_err() {
                return;
            }
            // The port may linger for a moment after the last listener closed.
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        tokio::select! {
            changed = mode.changed() => if changed.is_err() { return },
            accepted = open.accept() => if let Ok((client, _)) = accepted {
                let number = wire.connections.fetch_add(1, Ordering::SeqCst) + 1;
                wire.open.fetch_add(1, Ordering::SeqCst);
                let served = connection::serve(client, server, number, mode.clone(), wire.clone());
                let wire = Arc::clone(&wire);
                tokio::spawn(async move {
                    served.await;
                    wire.open.fetch_sub(1, Ordering::SeqCst);
                });
            },
        }
    }
}
