//! A server of a test's own: started, killed, frozen, started again.

use super::process::Process;
use crate::port;
use async_trait::async_trait;
use std::ffi::OsString;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep, timeout_at};

/// A virtual machine starts, on a machine that does other things.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// Ports that are tried after the first turned out to be another server's.
const ATTEMPTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(10);
/// How much of what a server said last is in the error about it.
const LAST_WORDS: usize = 2_000;

/// What differs from server to server: how it is started, and how it says that it is ready.
#[async_trait]
pub trait Program: Debug + Send + Sync {
    /// The command that makes the server listen at the address of `place`; the same for each start,
    /// so that a server that is started again finds its data.
    ///
    /// # Errors
    ///
    /// If it cannot be told.
    fn command(&self, place: &Place) -> io::Result<Command>;

    /// Asks the server at `addr` for something that only a server that is ready answers.
    ///
    /// Returns the number of the answering process, if the server tells it.
    ///
    /// # Errors
    ///
    /// If there is no answer yet; the question is repeated.
    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>>;

    /// The address as an application is told it.
    fn url(&self, addr: SocketAddr) -> String;
}

/// What a server has for itself.
#[derive(Debug)]
pub struct Place {
    addr: SocketAddr,
    dir: TempDir,
    /// Keeps the port from others while the server is dead: its clients and peers would take who
    /// answers there for the server.
    _reserved: TcpSocket,
}

impl Place {
    fn new() -> io::Result<Self> {
        let reserved = port::reserve()?;
        Ok(Self { addr: reserved.local_addr()?, dir: scratch()?, _reserved: reserved })
    }

    /// Where to listen: a loopback port that no other server is given.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A directory, empty at first, that is removed when the server is gone for good.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// A server on a loopback port of its own; it and its data die with this value, and the server
/// also when the process that started it is killed.
///
/// It can be killed and frozen with the processes that it started for its connections. Unix only.
///
/// # Examples
///
/// ```no_run
/// use session_testkit::{ChildServer, Place, Program};
/// use std::io;
/// use std::net::SocketAddr;
/// use std::process::Command;
///
/// #[derive(Debug)]
/// struct Valkey;
///
/// # use session_core as web_session;
/// #[web_session::async_trait]
/// impl Program for Valkey {
///     fn command(&self, place: &Place) -> io::Result<Command> {
///         let mut command = Command::new("valkey-server");
///         command.args(["--bind", "127.0.0.1", "--port", &place.addr().port().to_string()]);
///         command.arg("--dir").arg(place.dir());
///         Ok(command)
///     }
///     async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
///         tokio::net::TcpStream::connect(addr).await.map(|_| None)
///     }
///     fn url(&self, addr: SocketAddr) -> String {
///         format!("redis://{addr}")
///     }
/// }
///
/// # async fn example() -> io::Result<()> {
/// let mut server = ChildServer::launch(|_| Ok(Valkey)).await?;
/// server.freeze()?;
/// server.thaw()?;
/// server.kill()?;
/// server.restart().await
/// # }
/// ```
#[derive(Debug)]
pub struct ChildServer<P: ?Sized> {
    process: Process,
    place: Place,
    program: P,
}

impl<P: Program> ChildServer<P> {
    /// Starts a server and waits until it answers.
    ///
    /// `program` gets the place of the server, to make there what must be there before the first
    /// start. It is called again for a new place if the port turns out to be another server's.
    ///
    /// # Errors
    ///
    /// If it does not start or ends, with what it said last, or if it does not answer within a
    /// minute.
    pub async fn launch(program: impl Fn(&Place) -> io::Result<P>) -> io::Result<Self> {
        let mut attempts = 0..ATTEMPTS;
        loop {
            let place = Place::new()?;
            let program = program(&place)?;
            let mut server = Self { process: spawn(&program, &place)?, place, program };
            match server.wait_until_it_answers(Instant::now() + STARTS_WITHIN).await {
                Err(error) if is_taken(&error) && attempts.next().is_some() => {}
                waited => return waited.map(|()| server),
            }
        }
    }
}

impl<P: Program + ?Sized> ChildServer<P> {
    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.place.addr
    }

    /// The address as an application is told it.
    pub fn url(&self) -> String {
        self.program.url(self.addr())
    }

    /// How it is started.
    pub fn program(&self) -> &P {
        &self.program
    }

    /// Ends the server without a warning.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// Starts a killed server again at its address, with the data that it kept, and waits until it
    /// answers.
    ///
    /// # Errors
    ///
    /// Those of [`launch`](ChildServer::launch).
    pub async fn restart(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            self.process = spawn(&self.program, &self.place)?;
            match self.wait_until_it_answers(deadline).await {
                // Children of the one that was killed may still hold what it needs.
                Err(error) if is_taken(&error) && Instant::now() < deadline => sleep(PAUSE).await,
                waited => return waited,
            }
        }
    }

    /// Stops the server in whatever it does; its connections stay open.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn freeze(&self) -> io::Result<()> {
        self.process.stop()
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn thaw(&self) -> io::Result<()> {
        self.process.go_on()
    }

    async fn wait_until_it_answers(&mut self, deadline: Instant) -> io::Result<()> {
        loop {
            let asked = timeout_at(deadline, self.program.answer(self.addr())).await;
            match asked.unwrap_or_else(|late| Err(late.into())) {
                Ok(None) => return Ok(()),
                Ok(Some(id)) if id == self.process.id() => return Ok(()),
                Ok(Some(_)) => return Err(taken("another server answers at the port")),
                Err(_) if self.process.has_ended() => {
                    return Err(taken(&format!("the server ended: {}", self.last_words())));
                }
                Err(error) if Instant::now() >= deadline => {
                    let said = self.last_words();
                    return Err(io::Error::other(format!("no answer: {error}; it said: {said}")));
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    fn last_words(&self) -> String {
        let said = fs::read(log(&self.place)).unwrap_or_default();
        let last = &said[said.len().saturating_sub(LAST_WORDS)..];
        String::from_utf8_lossy(last).trim().to_owned()
    }
}

fn spawn(program: &(impl Program + ?Sized), place: &Place) -> io::Result<Process> {
    let mut command = program.command(place)?;
    let log = File::create(log(place))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Process::spawn(command, place.dir())
}

/// The file that an environment variable names.
pub(super) fn named(variable: &str) -> io::Result<OsString> {
    std::env::var_os(variable).ok_or_else(|| {
        let what = format!("{variable} is not set: it names the server to start");
        io::Error::new(io::ErrorKind::NotFound, what)
    })
}

/// Where a server says what goes wrong.
fn log(place: &Place) -> PathBuf {
    place.dir().join("output")
}

/// In memory, if this system has a place for that: a disk that others keep busy is slow to sync.
fn scratch() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

/// The server has to be started elsewhere, or later.
fn taken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, why)
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}
