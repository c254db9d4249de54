//! A TCP proxy that counts bytes.

use anyhow::Context as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What TCP carried between a client and its server, without its own headers.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Counter {
    /// Starts a proxy in front of `server`; returns where it listens.
    pub(crate) async fn start(server: String) -> anyhow::Result<(Arc<Self>, SocketAddr)> {
        let counter = Arc::new(Self::default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let counted = Arc::clone(&counter);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(counted.clone().pass(client, server.clone()));
            }
        });
        Ok((counter, addr))
    }

    /// Bytes that were sent and received until now.
    pub(crate) fn until_now(&self) -> [u64; 2] {
        [self.sent.load(Ordering::Relaxed), self.received.load(Ordering::Relaxed)]
    }

    async fn pass(self: Arc<Self>, mut client: TcpStream, server: String) -> anyhow::Result<()> {
        let mut server = TcpStream::connect(server).await.context("connect to the server")?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            tokio::select! {
                read = client.read(&mut up) => {
                    let Some(bytes) = up.get(..read?).filter(|bytes| !bytes.is_empty()) else { break };
                    self.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    server.write_all(bytes).await?;
                }
                read = server.read(&mut down) => {
                    let Some(bytes) = down.get(..read?).filter(|bytes| !bytes.is_empty()) else { break };
                    self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    client.write_all(bytes).await?;
                }
            }
        }
        Ok(())
    }
}
