//! A server process, and requests to it that can be left under way.

use crate::answer::Answer;
use crate::app::PATIENCE;
use crate::backend::Backend;
use bytes::Bytes;
use http::header::{COOKIE, HOST};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A running server process, killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    /// Starts a server on the store at `address`.
    pub fn start(address: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(binary());
        command.arg(address);
        Self::spawn(command)
    }

    /// Starts `count` servers that share the store.
    pub fn start_many(count: usize, backend: &Backend) -> Vec<Self> {
        (0..count).map(|_| Self::start(backend.address())).collect()
    }

    /// Starts servers that share the store and wait a minute for it, for tests about who meets
    /// whom, not about how long a busy machine takes.
    pub fn start_patient(count: usize, backend: &Backend) -> Vec<Self> {
        Self::start_told(count, backend, &[])
    }

    /// The same, with more settings in their environment.
    pub fn start_told(count: usize, backend: &Backend, settings: &[(&str, &str)]) -> Vec<Self> {
        let start = |_| {
            let mut command = Command::new(binary());
            command.arg(backend.address()).envs(PATIENCE.map(|name| (name, "60")));
            command.envs(settings.iter().copied());
            Self::spawn(command)
        };
        (0..count).map(start).collect()
    }

    /// Starts a server by a command that becomes one, made of [`binary`] and a store's address.
    pub fn spawn(mut command: Command) -> Self {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.expect("the server starts");
        let output = child.stdout.take().expect("its output is a pipe");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it prints its address");
        let addr = line.trim().parse().expect("it listens, and says where");
        Self { child, addr }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request and waits for the answer.
    pub async fn send(&self, path: &str, cookie: Option<&str>, program: &str) -> Answer {
        self.begin(path, cookie, program).answer().await
    }

    /// Sends a request and leaves it under way.
    pub fn begin(&self, path: &str, cookie: Option<&str>, program: &str) -> Pending {
        let mut request = Request::post(path).header(HOST, self.addr.to_string());
        if let Some(cookie) = cookie {
            request = request.header(COOKIE, cookie);
        }
        let body = Full::new(Bytes::from(program.to_owned()));
        let request = request.body(body).expect("the test sends a request");
        Pending(tokio::spawn(exchange(self.addr, request)))
    }

    /// Sets a signal.
    pub async fn set(&self, signal: &str) {
        let answer = self.send(&format!("/signals/{signal}/set"), None, "").await;
        assert_eq!(answer.status, 200);
    }

    /// Waits for a signal.
    pub async fn wait(&self, signal: &str) {
        let answer = self.send(&format!("/signals/{signal}/wait"), None, "").await;
        assert_eq!(answer.status, 200);
    }

    /// Waits until a program is at its step `wait GATE`.
    pub async fn reached(&self, gate: &str) {
        self.wait(&format!("{gate}:reached")).await;
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program that is a server; its one argument is the address of a store.
///
/// Cargo builds it for integration tests, but tells only them where it is.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let profile = test.ancestors().nth(2).expect("tests are in target/PROFILE/deps");
    profile.join("e2e-server")
}

/// A request under way; dropping it lets it go on unheard.
#[derive(Debug)]
pub struct Pending(JoinHandle<Result<Head, Broken>>);

/// Why there is no answer.
type Broken = Box<dyn Error + Send + Sync>;

/// A response of which the body is still to come.
#[derive(Debug)]
pub struct Head {
    /// The response.
    pub response: Response<Incoming>,
    /// Ends the connection when it is dropped.
    connection: Connection,
}

#[derive(Debug)]
struct Connection(JoinHandle<hyper::Result<()>>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Pending {
    /// Waits for the whole answer.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn answer(self) -> Answer {
        self.head().await.answer().await
    }

    /// Waits for the head of the answer.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub async fn head(self) -> Head {
        self.0.await.expect("the request is not aborted").expect("the server answers")
    }

    /// Waits for the whole answer; `None` if the connection breaks before its end.
    pub async fn answer_if_any(self) -> Option<Answer> {
        let head = self.0.await.ok()?.ok()?;
        let answer = Answer::read(head.response).await.ok();
        drop(head.connection);
        answer
    }

    /// Waits until the server has closed the connection without an answer.
    ///
    /// # Panics
    ///
    /// If there is an answer.
    pub async fn broken(self) {
        let end = self.0.await.expect("the request is not aborted");
        end.expect_err("the connection breaks before any answer");
    }

    /// Closes the connection, as a browser does whose user goes away.
    pub async fn hang_up(self) {
        self.0.abort();
        let _ = self.0.await;
    }

    /// Whether there is no answer yet.
    pub fn is_pending(&self) -> bool {
        !self.0.is_finished()
    }
}

impl Head {
    /// Waits for the body.
    ///
    /// # Panics
    ///
    /// If the connection breaks before its end.
    pub async fn answer(self) -> Answer {
        let answer = Answer::read(self.response).await.expect("the body comes whole");
        drop(self.connection);
        answer
    }
}

async fn exchange(addr: SocketAddr, request: Request<Full<Bytes>>) -> Result<Head, Broken> {
    let stream = TcpStream::connect(addr).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = Connection(tokio::spawn(connection));
    let response = sender.send_request(request).await?;
    Ok(Head { response, connection })
}
