//! A Flask app and a Rust app on one store.

use crate::backend::Backend;
use e2e::Server;
use session_testkit::server;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Settings under which ids are signed as Flask does it; Flask reads all but the last.
pub const SIGNED: &[(&str, &str)] = &[
    ("SESSION_USE_SIGNER", "true"),
    ("SECRET_KEY", "a short key"),
    ("SESSION_SIGNATURE", "flask"),
];

/// The releases of Flask-Session that there are environments for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// Pickle, UUIDs as ids.
    V04,
    /// Pickle, ids as today.
    V06,
    /// Today's.
    V08,
    /// Flask-Sessionstore 0.4, the fork that had DynamoDB first: tagged JSON, UUIDs as ids.
    Fork,
}

impl Era {
    /// What Rust has to be told beside it, so that it reads what Rust writes.
    pub fn settings_of_rust(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::V04 => &[
                ("SESSION_SERIALIZATION_FORMAT", "pickle"),
                ("SESSION_ACCEPT_UUID_IDS", "true"),
                // Its cachelib is one from before 0.16.
                ("SESSION_FILE_HASH", "md5"),
            ],
            Self::V06 => &[("SESSION_SERIALIZATION_FORMAT", "pickle")],
            Self::V08 => &[],
            Self::Fork => &[
                ("SESSION_ACCEPT_UUID_IDS", "true"),
                ("SESSION_DYNAMODB_KEY_ATTRIBUTE", "SessionId"),
                ("SESSION_DYNAMODB_VALUE_ATTRIBUTE", "Session"),
                ("SESSION_DYNAMODB_MISSING_EXPIRY", "live"),
            ],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::V04 => "0.4",
            Self::V06 => "0.6",
            Self::V08 => "0.8",
            Self::Fork => "sessionstore",
        }
    }
}

/// Both sides, running.
#[derive(Debug)]
pub struct Site {
    /// The Flask app.
    pub flask: Server,
    /// The Rust app.
    pub rust: Server,
    _backend: Backend,
}

impl Site {
    /// Starts Flask-Session 0.8 and Rust on `backend`, both with these settings over it.
    pub async fn start(backend: &Backend, settings: &[(&str, &str)]) -> Self {
        Self::start_with(backend, Era::V08, settings, settings).await
    }

    /// Starts both sides, each with its own settings.
    ///
    /// Flask comes first, so that it makes the table where there is one.
    pub async fn start_with(
        backend: &Backend,
        era: Era,
        of_flask: &[(&str, &str)],
        of_rust: &[(&str, &str)],
    ) -> Self {
        let flask = start_flask(backend, era, of_flask);
        let rust = start_rust(backend, of_rust);
        warm_up(&rust).await;
        Self { flask, rust, _backend: backend.clone() }
    }

    /// Here and there: Flask and Rust, then Rust and Flask.
    pub fn both_ways(&self) -> [(&Server, &Server); 2] {
        [(&self.flask, &self.rust), (&self.rust, &self.flask)]
    }
}

/// Starts the Flask app of an era.
pub fn start_flask(backend: &Backend, era: Era, settings: &[(&str, &str)]) -> Server {
    let mut command = Command::new(python(era));
    // Deprecations of old releases are no news.
    command.args(["-W", "ignore", "-B"]).arg(app_dir().join("app.py"));
    Server::spawn(configured(command, backend, settings))
}

/// Starts the Rust app.
pub fn start_rust(backend: &Backend, settings: &[(&str, &str)]) -> Server {
    let program = e2e::server::binary().with_file_name("interop-server");
    let mut command = configured(Command::new(program), backend, backend.settings_of_rust());
    command.envs(settings.iter().copied());
    Server::spawn(command)
}

/// Waits until a session is stored: a server that has just started may be too slow for a request.
async fn warm_up(rust: &Server) {
    let stores = async || rust.send("/set", None, "[\"warm\", 1]").await.is_success();
    e2e::within(Duration::from_secs(30), "Rust stores a session", stores).await;
}

/// The interpreter of an era's environment.
pub fn python(era: Era) -> PathBuf {
    Path::new(&server::url("SESSION_TEST_FLASK")).join(era.name()).join("bin/python")
}

fn app_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("flask")
}

/// The environment is what the settings say, and nothing that this process happens to have.
fn configured(mut command: Command, backend: &Backend, settings: &[(&str, &str)]) -> Command {
    command.env_clear().envs(backend.settings()).envs(settings.iter().copied());
    command
}
