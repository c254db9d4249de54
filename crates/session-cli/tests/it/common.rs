//! Runs of the program, what they print, and sessions for them to find.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use web_session::config::Settings;
use web_session::store::Scanner;
use web_session::{Bytes, Lease, Precondition, Record, Store, StoreKey};

/// How a run ended, and what it said.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where a test has its sessions.
pub(crate) struct Site {
    pub(crate) vars: BTreeMap<&'static str, String>,
    /// Removed with the site.
    folder: TempDir,
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session"));
    command.args(args).env_clear();
    command
}

/// Runs without a terminal, with `input` on standard input.
pub(crate) fn run_with(command: &mut Command, input: &str) -> Run {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // One that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn run(args: &[&str]) -> Run {
    run_with(&mut command(args), "")
}

impl Site {
    /// An SQLite database of its own, with an index of owners.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:///{}", folder.path().join("sessions.db").display());
        Self::at([("SESSION_TYPE", "sqlalchemy".to_owned()), ("SESSION_SQLALCHEMY", url)], folder)
    }

    pub(crate) fn files() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("sessions").display().to_string();
        Self::at([("SESSION_TYPE", "filesystem".to_owned()), ("SESSION_FILE_DIR", dir)], folder)
    }

    /// A server that is named by a variable, under a fresh prefix.
    pub(crate) fn server(kind: &str, setting: &'static str, variable: &str) -> Self {
        let url = std::env::var(variable).unwrap_or_else(|_| format!("{variable} is not set"));
        let mut site = Self::at(
            [("SESSION_TYPE", kind.to_owned()), (setting, url)],
            tempfile::tempdir().unwrap(),
        );
        site.set("SESSION_KEY_PREFIX", &format!("cli-{:016x}:", rand::random::<u64>()));
        site
    }

    pub(crate) fn postgres() -> Self {
        let mut site = Self::server("sqlalchemy", "SESSION_SQLALCHEMY", "SESSION_TEST_POSTGRES");
        site.set("SESSION_SQLALCHEMY_TABLE", &format!("cli_{:016x}", rand::random::<u64>()));
        site
    }

    pub(crate) fn mongodb() -> Self {
        let mut site = Self::server("mongodb", "SESSION_MONGODB", "SESSION_TEST_MONGODB");
        site.set("SESSION_MONGODB_COLLECT", &format!("cli_{:016x}", rand::random::<u64>()));
        site
    }

    pub(crate) fn dynamodb() -> Self {
        let mut site = Self::server("dynamodb", "SESSION_DYNAMODB", "SESSION_TEST_DYNAMODB");
        site.set("SESSION_DYNAMODB_TABLE", &format!("cli_{:016x}", rand::random::<u64>()));
        site
    }

    pub(crate) fn redis() -> Self {
        Self::server("redis", "SESSION_REDIS", "SESSION_TEST_REDIS")
    }

    fn at(vars: impl IntoIterator<Item = (&'static str, String)>, folder: TempDir) -> Self {
        let mut site = Self { vars: vars.into_iter().collect(), folder };
        site.set("SESSION_OWNER_INDEX", "true");
        site
    }

    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.vars.insert(name, value.to_owned());
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings as a file for `--env-file`, `--from` and `--to`.
    pub(crate) fn file(&self) -> String {
        let path = self.folder.path().join("settings.env");
        let lines: Vec<String> =
            self.vars.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
        fs::write(&path, lines.concat()).unwrap();
        path.display().to_string()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.envs(&self.vars);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        run_with(&mut self.command(args), "")
    }

    /// The site's store for the test itself, which waits for a busy machine longer than a command.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        let patience = [("SESSION_CONNECT_TIMEOUT", "20"), ("SESSION_OPERATION_TIMEOUT", "20")];
        let vars = self.vars.iter().map(|(name, value)| (*name, value.as_str()));
        let settings: Settings = vars.chain(patience).collect();
        Box::pin(web_session::connect(&settings)).await.unwrap()
    }

    pub(crate) fn prefix(&self) -> &str {
        self.vars.get("SESSION_KEY_PREFIX").map_or("session:", String::as_str)
    }

    /// Stores a record under `name`.
    pub(crate) async fn put(&self, store: &dyn Store, session: &Stored) {
        let key = StoreKey::new(self.prefix(), &session.name);
        let lease = Lease { ttl: session.ttl, owner: session.owner.as_deref() };
        let payload = Bytes::from(session.payload.clone());
        let written = store.write(&key, payload, &lease, Precondition::Absent).await.unwrap();
        assert!(written.is_written());
    }

    /// All that lives there, by what follows the prefix.
    pub(crate) async fn all(&self) -> BTreeMap<String, Record> {
        let store = self.store().await;
        let mut scanner = Scanner::new(store.as_ref(), self.prefix());
        let mut all = BTreeMap::new();
        while let Some(page) = scanner.next_page().await.unwrap() {
            for (key, record) in page.records {
                let name = key.as_str().strip_prefix(self.prefix()).unwrap().to_owned();
                all.insert(name, record);
            }
        }
        all
    }
}

/// A session as a store has it.
#[derive(Clone)]
pub(crate) struct Stored {
    /// The id.
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
    pub(crate) payload: Vec<u8>,
    pub(crate) ttl: Duration,
}

/// Something in each payload that must not be printed.
pub(crate) const SECRET: &str = "hunter2-in-the-payload";

/// An id of the usual length that says its number.
pub(crate) fn id(number: u32) -> String {
    format!("{number:042}A")
}

pub(crate) fn session(number: u32, owner: Option<&str>) -> Stored {
    let whose = owner.map(|owner| format!("\"_user_id\":\"{owner}\",")).unwrap_or_default();
    Stored {
        name: id(number),
        owner: owner.map(str::to_owned),
        payload: format!("{{{whose}\"n\":{number},\"token\":\"{SECRET}\"}}").into_bytes(),
        ttl: Duration::from_secs(30 * 86_400),
    }
}

/// Two sessions of ann's, one of bob's, one of nobody's, and one that cannot be decoded.
pub(crate) async fn shop() -> Site {
    let mut site = Site::sqlite();
    site.set("PERMANENT_SESSION_LIFETIME", "2678400");
    let store = site.store().await;
    let broken = Stored { payload: SECRET.as_bytes().to_vec(), ..session(5, None) };
    let sessions = [
        session(1, Some("ann")),
        session(2, Some("ann")),
        session(3, Some("bob")),
        session(4, None),
        broken,
    ];
    for session in &sessions {
        site.put(store.as_ref(), session).await;
    }
    site
}

/// Compares `text` with the file of that name; `UPDATE_SNAPSHOTS=1` writes it.
#[track_caller]
pub(crate) fn snapshot(name: &str, text: &str) {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/snapshots/{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, text).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(text == expected, "{name}: expected\n{expected}\nand it is\n{text}");
}

impl Run {
    /// All of it, with what changes from run to run replaced.
    pub(crate) fn shown(&self, site: &Site) -> String {
        let all = format!("{}--\n{}exit {:?}\n", self.stdout, self.stderr, self.code.unwrap());
        let all = all.replace(&site.folder().display().to_string(), "DIR");
        times_replaced(&all)
    }

    /// Fails if an id, or what a payload holds, is in any output.
    #[track_caller]
    pub(crate) fn keeps_secrets(self) -> Self {
        for text in [&self.stdout, &self.stderr] {
            assert!(!text.contains(SECRET) && !text.contains(&"0".repeat(20)), "{text}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| unreachable!("{error}: {} {}", self.stdout, self.stderr))
    }
}

/// `2024-01-02T03:04:05Z` becomes as many letters.
fn times_replaced(text: &str) -> String {
    let is_time =
        |part: &str| part.len() == 20 && part.ends_with('Z') && part.as_bytes()[10] == b'T';
    let parts = text.split_inclusive([' ', '\n', '"']);
    let replaced = parts.map(|part| {
        let (word, end) = part.split_at(part.trim_end_matches([' ', '\n', '"']).len());
        if is_time(word) { format!("{:20}{end}", "TIME") } else { part.to_owned() }
    });
    replaced.collect()
}
