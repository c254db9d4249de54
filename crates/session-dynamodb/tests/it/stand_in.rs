//! Stands between a store and DynamoDB Local, which turns nothing away by itself: it writes down
//! each request, and refuses as many as it is told.

use crate::common::{read_request, url};
use session_testkit::server;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct StandIn {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Heads and bodies.
    requests: Mutex<Vec<String>>,
    /// Status, code, and how many more requests get it.
    refusal: Mutex<(u16, String, usize)>,
    /// Operations that the credentials may not ask for.
    denied: Mutex<Vec<&'static str>>,
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let server = server::socket_addr(&url(), None).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = server::redirect(&url(), listener.local_addr().unwrap());
        let shared = Arc::<Shared>::default();
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, server, Arc::clone(&serving)));
            }
        });
        Self { url, shared }
    }

    /// Refuses the next `times` requests.
    pub(crate) fn refuse(&self, status: u16, code: &str, times: usize) {
        *self.shared.refusal.lock().unwrap() = (status, code.to_owned(), times);
    }

    /// Denies these operations from now on, as IAM does.
    pub(crate) fn deny(&self, operations: &[&'static str]) {
        *self.shared.denied.lock().unwrap() = operations.to_vec();
    }

    /// The requests since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.requests.lock().unwrap())
    }
}

impl Shared {
    fn refusal(&self, request: &str) -> Option<String> {
        let denied = self.denied.lock().unwrap();
        let is_for = |name: &&str| request.contains(&format!("DynamoDB_20120810.{name}\r\n"));
        if denied.iter().any(is_for) {
            return Some(answer(400, "AccessDeniedException"));
        }
        let (status, code, times) = &mut *self.refusal.lock().unwrap();
        *times = times.checked_sub(1)?;
        Some(answer(*status, code))
    }
}

fn answer(status: u16, code: &str) -> String {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}"}}"#);
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// One request for each connection.
async fn serve(mut client: TcpStream, server: SocketAddr, shared: Arc<Shared>) -> io::Result<()> {
    let request = read_request(&mut client).await;
    if request.is_empty() {
        return Ok(());
    }
    let request = String::from_utf8(request).unwrap();
    shared.requests.lock().unwrap().push(request.clone());
    if let Some(refusal) = shared.refusal(&request) {
        return client.write_all(refusal.as_bytes()).await;
    }
    let mut server = TcpStream::connect(server).await?;
    let closing = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(closing.as_bytes()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    client.write_all(&answer).await
}
