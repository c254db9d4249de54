//! The store of one test: a directory, a Redis or a MongoDB of its own.

use mongodb::bson::{Document, doc};
use session_testkit::{MongoServer, RedisServer};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A store that several servers share, and that a test can look into and hold up.
#[derive(Debug)]
pub enum Backend {
    /// A directory.
    Files(TempDir),
    /// A server.
    Redis(RedisServer),
    /// A server of the other kind.
    MongoDb(MongoServer),
}

/// While this lives, the store accepts no write.
#[derive(Debug)]
pub enum Frozen<'a> {
    /// Every lock of the directory is held.
    Files(Vec<File>),
    /// The server is stopped.
    Redis(&'a RedisServer),
    /// The server is stopped.
    MongoDb(&'a MongoServer),
}

impl Backend {
    /// Makes an empty directory.
    pub fn files() -> Self {
        Self::Files(scratch())
    }

    /// Starts an empty Redis.
    pub async fn redis() -> Self {
        Self::Redis(RedisServer::start().await.expect("redis-server starts"))
    }

    /// Starts an empty MongoDB.
    pub async fn mongodb() -> Self {
        Self::MongoDb(MongoServer::start().await.expect("the server starts"))
    }

    /// What servers are told.
    pub fn address(&self) -> String {
        match self {
            Self::Files(_) => self.dir().to_string_lossy().into_owned(),
            Self::Redis(server) => server.url(),
            Self::MongoDb(server) => server.url(),
        }
    }

    /// The number of records, whoever knows their ids.
    pub async fn records(&self) -> usize {
        match self {
            Self::Files(_) => files(&self.dir()).len(),
            Self::Redis(server) => server.keys().await.unwrap(),
            Self::MongoDb(server) => documents(&server.url()).await,
        }
    }

    /// Holds the store up: calls that write run into their deadlines.
    pub fn freeze(&self) -> Frozen<'_> {
        match self {
            Self::Files(_) => Frozen::Files(locks(&self.dir())),
            Self::Redis(server) => {
                server.freeze().unwrap();
                Frozen::Redis(server)
            }
            Self::MongoDb(server) => {
                server.freeze().unwrap();
                Frozen::MongoDb(server)
            }
        }
    }

    fn dir(&self) -> PathBuf {
        match self {
            Self::Files(dir) => dir.path().join("sessions"),
            Self::Redis(_) | Self::MongoDb(_) => PathBuf::new(),
        }
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        match self {
            Self::Files(files) => files.clear(),
            Self::Redis(server) => server.thaw().unwrap(),
            Self::MongoDb(server) => server.thaw().unwrap(),
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
async fn documents(url: &str) -> usize {
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    let sessions = client.database("flask_session").collection::<Document>("sessions");
    usize::try_from(sessions.count_documents(doc! {}).await.unwrap()).unwrap()
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
