//! The store of one test.

use crate::own;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use session_testkit::{
    ChildServer, DynamoDb, DynamoDbServer, MemcachedServer, MongoServer, Program, RedisServer,
    server,
};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::TempDir;

/// What a session leaves under an id that it has moved from: an empty one in a spelling of its own.
const TRACE: &[u8] = b"\xde\0\0";
/// The same in base64.
const TRACE_IN_BASE64: &str = "3gAA";

/// Whether a record is what a session left where it moved from, and so no session.
pub fn is_trace(payload: &[u8]) -> bool {
    payload.starts_with(TRACE)
}

/// A store that several servers share, and that a test may be able to look into and break.
#[derive(Debug)]
pub struct Backend {
    address: String,
    place: Place,
    _dir: Option<TempDir>,
}

/// What the test has in its hands.
#[derive(Debug)]
enum Place {
    /// A directory of its own, of which records are files.
    Files,
    /// A Redis of its own, whose records can be counted.
    Redis(RedisServer),
    /// A MongoDB of its own, the same, and a client that counts.
    MongoDb(MongoServer, mongodb::Client),
    /// A DynamoDB Local of its own, the same.
    DynamoDb(DynamoDbServer),
    /// A table of its own, the same, of a DynamoDB Local that other tests use, too.
    Table(SocketAddr, String),
    /// Another server of its own.
    Own(Box<ChildServer<dyn Program>>),
    /// Nothing: it is a database of one file, or a server that other tests use, too.
    Apart,
}

/// While this lives, the store accepts no write.
#[derive(Debug)]
pub enum Frozen<'a> {
    /// Every lock of the directory is held.
    Files(Vec<File>),
    /// The server is stopped.
    Server(&'a ChildServer<dyn Program>),
}

impl Backend {
    /// Makes an empty directory.
    pub fn files() -> Self {
        let dir = scratch();
        let address = dir.path().join("sessions").to_string_lossy().into_owned();
        Self { address, place: Place::Files, _dir: Some(dir) }
    }

    /// Starts an empty Redis.
    pub async fn redis() -> Self {
        let server = RedisServer::start().await.expect("redis-server starts");
        Self { address: server.url(), place: Place::Redis(server), _dir: None }
    }

    /// Starts an empty MongoDB.
    pub async fn mongodb() -> Self {
        let server = MongoServer::start().await.expect("the server starts");
        let client = mongodb::Client::with_uri_str(server.url()).await.expect("the url is one");
        Self { address: server.url(), place: Place::MongoDb(server, client), _dir: None }
    }

    /// A table that is not there yet, in the DynamoDB Local that `SESSION_TEST_DYNAMODB` names: a
    /// virtual machine of its own takes more seconds to start than most tests to run.
    pub fn table() -> Self {
        let url = server::url("SESSION_TEST_DYNAMODB");
        let addr = server::socket_addr(&url, None).expect("the url has an address");
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is later").as_nanos();
        let table = format!("e2e-{}-{now}", std::process::id());
        let address = format!("{}/{table}", url.trim_end_matches('/'));
        Self { address, place: Place::Table(addr, table), _dir: None }
    }

    /// Starts an empty DynamoDB Local.
    pub async fn dynamodb() -> Self {
        let server = DynamoDbServer::start().await.expect("DynamoDB Local starts");
        Self { address: server.url(), place: Place::DynamoDb(server), _dir: None }
    }

    /// Starts a DynamoDB Local that keeps its data in files.
    pub async fn durable_dynamodb() -> Self {
        let server = DynamoDbServer::durable().await.expect("DynamoDB Local starts");
        Self { address: server.url(), place: Place::DynamoDb(server), _dir: None }
    }

    /// Starts an empty Memcached.
    pub async fn memcached() -> Self {
        let server = MemcachedServer::start().await.expect("memcached starts");
        Self { address: format!("memcached://{}", server.url()), ..Self::own(server) }
    }

    /// Makes an empty SQLite database.
    pub fn sqlite() -> Self {
        let dir = scratch();
        let file = dir.path().join("sessions.db").to_string_lossy().into_owned();
        Self { address: format!("sqlite:///{file}"), place: Place::Apart, _dir: Some(dir) }
    }

    /// The MariaDB that `SESSION_TEST_MARIADB` names.
    pub fn mariadb() -> Self {
        Self::shared("SESSION_TEST_MARIADB")
    }

    /// Starts a Redis that has every write on the disk before it answers.
    pub async fn durable_redis() -> Self {
        let server = RedisServer::durable().await.expect("redis-server starts");
        Self { address: server.url(), place: Place::Redis(server), _dir: None }
    }

    /// Makes an empty PostgreSQL and starts it. It asks for no password: in a build that is not
    /// optimised, proving that forty connections know one takes longer than a session may wait.
    pub async fn own_postgres() -> Self {
        Self::own(own::postgres().await.expect("postgres starts"))
    }

    /// Makes an empty MariaDB and starts it.
    pub async fn own_mariadb() -> Self {
        Self::own(own::mariadb().await.expect("mariadbd starts"))
    }

    /// A server of the test's own.
    pub fn own(server: ChildServer<impl Program + 'static>) -> Self {
        Self { address: server.url(), place: Place::Own(Box::new(server)), _dir: None }
    }

    /// The server whose address an environment variable holds.
    pub fn shared(variable: &str) -> Self {
        Self { address: server::url(variable), place: Place::Apart, _dir: None }
    }

    /// What servers are told.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the store drops records when it likes, so that writers may be refused.
    pub fn is_cache(&self) -> bool {
        self.address.starts_with("memcached:")
    }

    /// Whether [`records`](Self::records) can tell.
    pub fn has_records_to_count(&self) -> bool {
        !matches!(self.place, Place::Own(_) | Place::Apart)
    }

    /// The number of sessions, whoever knows their ids; traces of those that moved are none.
    ///
    /// # Panics
    ///
    /// If the backend is another one than files, Redis, MongoDB and DynamoDB.
    #[expect(clippy::panic, reason = "a test that asks in vain has failed")]
    pub async fn records(&self) -> usize {
        match &self.place {
            Place::Files => {
                let files = files(Path::new(&self.address));
                // Behind four bytes of lifetime, and before the key.
                let is_trace = |file: &[u8]| file.get(4..).is_some_and(is_trace);
                files.iter().filter(|file| !is_trace(&fs::read(file).unwrap())).count()
            }
            Place::Redis(server) => sessions(server).await,
            Place::MongoDb(_, client) => documents(client).await,
            Place::DynamoDb(server) => items(server.addr(), "Sessions").await,
            Place::Table(addr, table) => items(*addr, table).await,
            _ => panic!("records cannot be counted here"),
        }
    }

    /// Holds the store up: calls that write run into their deadlines.
    ///
    /// # Panics
    ///
    /// If the store is neither a session directory nor the test's own server.
    #[expect(clippy::panic, reason = "a test that asks in vain has failed")]
    pub fn freeze(&self) -> Frozen<'_> {
        let server: &ChildServer<dyn Program> = match &self.place {
            Place::Files => return Frozen::Files(locks(Path::new(&self.address))),
            Place::Redis(server) => server,
            Place::MongoDb(server, _) => server,
            Place::DynamoDb(server) => server,
            Place::Own(server) => &**server,
            Place::Table(..) | Place::Apart => panic!("the store cannot be held up"),
        };
        server.freeze().unwrap();
        Frozen::Server(server)
    }

    /// Ends the server without a warning.
    ///
    /// # Panics
    ///
    /// If it is not the test's own.
    pub fn kill(&mut self) {
        self.server().kill().unwrap();
    }

    /// Starts a killed server again, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it is not the test's own.
    pub async fn restart(&mut self) {
        self.server().restart().await.unwrap();
    }

    /// Whether a killed server has its records when it is back.
    pub fn outlives_its_server(&self) -> bool {
        !self.address.starts_with("memcached:")
    }

    #[expect(clippy::panic, reason = "a test that asks in vain has failed")]
    fn server(&mut self) -> &mut ChildServer<dyn Program> {
        match &mut self.place {
            Place::Redis(server) => server,
            Place::MongoDb(server, _) => server,
            Place::DynamoDb(server) => server,
            Place::Own(server) => &mut **server,
            Place::Files | Place::Table(..) | Place::Apart => panic!("there is no server to break"),
        }
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        match self {
            Self::Files(files) => files.clear(),
            Self::Server(server) => server.thaw().unwrap(),
        }
    }
}

/// Makes a directory in memory, if this system has a place for that.
///
/// On a disk that others keep busy, making one file takes up to seconds, and answering 503 is then
/// what the store should do.
pub fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("there is room for a directory")
}

/// The record files of a session directory.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

/// Counts the documents where sessions are by default.
async fn documents(client: &mongodb::Client) -> usize {
    let sessions = client.database("flask_session").collection::<Document>("sessions");
    let trace = Binary { subtype: BinarySubtype::Generic, bytes: TRACE.to_vec() };
    let are_sessions = doc! { "val": { "$ne": trace } };
    usize::try_from(sessions.count_documents(are_sessions).await.unwrap()).unwrap()
}

/// Counts the items of a table, but for the traces.
async fn items(addr: SocketAddr, table: &str) -> usize {
    DynamoDb::items(addr, table, "val", TRACE_IN_BASE64).await.unwrap()
}

/// Counts what a Redis holds, but for the traces.
///
/// # Panics
///
/// If the server does not answer.
pub async fn sessions(server: &RedisServer) -> usize {
    let script = "local n = 0 for _, k in ipairs(redis.call('KEYS', '*')) do \
                  if redis.call('TYPE', k).ok ~= 'string' \
                  or redis.call('GET', k) ~= '\\\\222\\\\0\\\\0' \
                  then n = n + 1 end end return n";
    let command = format!("EVAL \"{script}\" 0");
    server.tell(&command).await.unwrap().parse().unwrap()
}

/// Takes every lock that writers of the directory take.
fn locks(dir: &Path) -> Vec<File> {
    let own = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let own = own.filter(|path| path.is_dir()).flat_map(|dir| fs::read_dir(dir.join("locks")));
    let files = own.flatten().map(|entry| File::open(entry.unwrap().path()).unwrap());
    let locks: Vec<File> = files.inspect(|file| file.lock().unwrap()).collect();
    assert!(!locks.is_empty(), "the directory has locks");
    locks
}
