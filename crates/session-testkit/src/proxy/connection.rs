//! One proxied connection: two directions, one mode, and the reply that may be cut.

use super::{CutReport, Mode};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

/// What all connections of a proxy share.
#[derive(Debug, Default)]
pub(super) struct Wire {
    pub(super) connections: AtomicUsize,
    /// How many of them are not over.
    pub(super) open: AtomicUsize,
    /// The number of the last connection that was silenced, and with it all before.
    pub(super) silenced: AtomicUsize,
    pub(super) round_trips: AtomicUsize,
    pub(super) listening: AtomicBool,
    pub(super) cut: Mutex<Option<Cut>>,
}

/// A reply to be cut, and what was seen of it.
#[derive(Debug)]
pub(super) struct Cut {
    needle: Box<[u8]>,
    pub(super) report: CutReport,
}

impl Cut {
    pub(super) fn new(needle: &[u8]) -> Self {
        Self { needle: needle.into(), report: CutReport::default() }
    }
}

/// What one connection remembers between its two directions.
#[derive(Debug, Default)]
struct Turn {
    /// How many connections there were, with this one.
    number: usize,
    client_is_sending: AtomicBool,
    reply_is_cut: AtomicBool,
}

#[derive(Clone, Copy)]
enum End {
    Client,
    Server,
}

pub(super) async fn serve(
    client: TcpStream,
    server: SocketAddr,
    number: usize,
    mut mode: watch::Receiver<Mode>,
    wire: Arc<Wire>,
) {
    if wait_to_forward(&mut mode).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    // Small requests must not wait for each other's acknowledgement.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let turn = Turn { number, ..Turn::default() };
    // Whichever direction ends first closes both.
    tokio::select! {
        () = pump(from_client, to_server, End::Client, mode.clone(), &wire, &turn) => {}
        () = pump(from_server, to_client, End::Server, mode.clone(), &wire, &turn) => {}
        () = refused(mode) => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    end: End,
    mut mode: watch::Receiver<Mode>,
    wire: &Wire,
    turn: &Turn,
) {
    let mut chunk = vec![0; 64 << 10];
    let mut search = Search::default();
    loop {
        let read = from.read(&mut chunk).await;
        if turn.number <= wire.silenced.load(Ordering::SeqCst) {
            match (end, &read) {
                (_, Ok(1..)) => continue,
                (End::Client, _) => return,
                (End::Server, _) => std::future::pending().await,
            }
        }
        let Ok(count @ 1..) = read else { return };
        if wait_to_forward(&mut mode).await.is_err() {
            return;
        }
        let bytes = &chunk[..count];
        match end {
            End::Client => note_request(bytes, &mut search, wire, turn),
            End::Server => {
                turn.client_is_sending.store(false, Ordering::SeqCst);
                if turn.reply_is_cut.load(Ordering::SeqCst) {
                    mark_cut(wire);
                    return;
                }
            }
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// How far the needle was looked for in the current request.
#[derive(Default)]
struct Search {
    tail: Vec<u8>,
    is_over: bool,
}

/// Counts the turn, and looks for the needle in what the client sent during it.
fn note_request(bytes: &[u8], search: &mut Search, wire: &Wire, turn: &Turn) {
    if !turn.client_is_sending.swap(true, Ordering::SeqCst) {
        wire.round_trips.fetch_add(1, Ordering::SeqCst);
        *search = Search::default();
    }
    let mut cut = wire.cut.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(cut) = cut.as_mut().filter(|_| !search.is_over) else { return };
    // A needle may come in two chunks, and one request may carry it more than once.
    search.tail.extend_from_slice(bytes);
    if search.tail.windows(cut.needle.len()).any(|window| window == &*cut.needle) {
        search.is_over = true;
        cut.report.requests += 1;
        if cut.report.requests == 1 {
            turn.reply_is_cut.store(true, Ordering::SeqCst);
        }
    } else {
        let keep = search.tail.len().min(cut.needle.len() - 1);
        search.tail.drain(..search.tail.len() - keep);
    }
}

fn mark_cut(wire: &Wire) {
    let mut cut = wire.cut.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cut) = cut.as_mut() {
        cut.report.is_cut = true;
    }
}

/// Waits while frozen; an error ends the connection.
async fn wait_to_forward(mode: &mut watch::Receiver<Mode>) -> Result<(), ()> {
    let reached = mode.wait_for(|mode| *mode != Mode::Freeze).await.map_err(|_| ())?;
    if *reached == Mode::Refuse { Err(()) } else { Ok(()) }
}

/// Returns when the proxy refuses connections or is gone.
async fn refused(mut mode: watch::Receiver<Mode>) {
    let _ = mode.wait_for(|mode| *mode == Mode::Refuse).await;
}
