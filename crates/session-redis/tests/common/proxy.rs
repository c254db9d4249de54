//! A proxy that counts round trips and can cut a connection after a request was served.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    round_trips: AtomicU64,
    is_cutting: AtomicBool,
}

impl Proxy {
    /// Leads to the server on `port` of this machine.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = Arc::clone(&proxy.state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, port, Arc::clone(&state)));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Turns from reply to request since the start, over all connections.
    pub fn round_trips(&self) -> u64 {
        self.state.round_trips.load(Ordering::SeqCst)
    }

    /// Has the next reply withheld and its connection closed.
    pub fn cut_next_reply(&self) {
        self.state.is_cutting.store(true, Ordering::SeqCst);
    }

    pub fn has_cut(&self) -> bool {
        !self.state.is_cutting.load(Ordering::SeqCst)
    }
}

async fn relay(mut client: TcpStream, port: u16, state: Arc<State>) {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let (mut request, mut reply) = (vec![0; 65_536], vec![0; 65_536]);
    let mut is_asking = false;
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let Ok(len @ 1..) = read else { return };
                if !is_asking {
                    state.round_trips.fetch_add(1, Ordering::SeqCst);
                }
                is_asking = true;
                if server.write_all(&request[..len]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut reply) => {
                let Ok(len @ 1..) = read else { return };
                is_asking = false;
                if state.is_cutting.swap(false, Ordering::SeqCst)
                    || client.write_all(&reply[..len]).await.is_err()
                {
                    return;
                }
            }
        }
    }
}
