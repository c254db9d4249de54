//! Where a test keeps its sessions: a backend that both sides have, with names of its own in it.

use session_testkit::server;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// The settings of a store that both sides read, under keys that no other test has.
#[derive(Clone, Debug)]
pub struct Backend {
    name: &'static str,
    settings: Vec<(&'static str, String)>,
    of_rust: &'static [(&'static str, &'static str)],
    flask_checks_expiry: bool,
    // Removed with the last clone.
    _dir: Option<Arc<TempDir>>,
}

impl Backend {
    /// One of each.
    pub fn all() -> Vec<Self> {
        vec![
            Self::redis(),
            Self::memcached(),
            Self::filesystem(),
            Self::mongodb(),
            Self::sqlite(),
            Self::postgres(),
            Self::dynamodb(),
        ]
    }

    /// What it is called in messages.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What Rust alone is told of it.
    pub fn settings_of_rust(&self) -> &'static [(&'static str, &'static str)] {
        self.of_rust
    }

    /// Whether a record that has expired is gone for Flask-Session 0.8 before the server has
    /// removed it.
    pub fn flask_checks_expiry(&self) -> bool {
        self.flask_checks_expiry
    }

    /// Redis.
    pub fn redis() -> Self {
        Self::new("redis", "redis", [("SESSION_REDIS", server::url("SESSION_TEST_REDIS"))])
    }

    /// Memcached.
    pub fn memcached() -> Self {
        Self::new(
            "memcached",
            "memcached",
            [("SESSION_MEMCACHED", server::url("SESSION_TEST_MEMCACHED"))],
        )
    }

    /// A table in PostgreSQL.
    pub fn postgres() -> Self {
        // The name of the scheme that SQLAlchemy takes, and the driver that is installed for it.
        let url = server::url("SESSION_TEST_POSTGRES");
        let url = url.replacen("postgres://", "postgresql+psycopg2://", 1);
        Self::new(
            "postgres",
            "sqlalchemy",
            [
                ("SESSION_SQLALCHEMY", url),
                ("SESSION_SQLALCHEMY_TABLE", format!("flask_{}", unique())),
            ],
        )
    }

    /// A file of SQLite.
    pub fn sqlite() -> Self {
        let dir = e2e::backend::scratch();
        let url = format!("sqlite:///{}/sessions.db", dir.path().display());
        let backend = Self::new("sqlite", "sqlalchemy", [("SESSION_SQLALCHEMY", url)]);
        Self { _dir: Some(Arc::new(dir)), ..backend }
    }

    /// Files of cachelib, which are pickles whatever the settings of Flask-Session say.
    pub fn filesystem() -> Self {
        let dir = e2e::backend::scratch();
        let path = dir.path().join("sessions").display().to_string();
        let backend = Self::new("filesystem", "filesystem", [("SESSION_FILE_DIR", path)]);
        let of_rust = &[("SESSION_SERIALIZATION_FORMAT", "pickle")];
        Self { of_rust, _dir: Some(Arc::new(dir)), ..backend }
    }

    /// A database in MongoDB.
    pub fn mongodb() -> Self {
        let own = [
            ("SESSION_MONGODB", server::url("SESSION_TEST_MONGODB")),
            ("SESSION_MONGODB_DB", format!("flask_{}", unique())),
        ];
        Self { flask_checks_expiry: false, ..Self::new("mongodb", "mongodb", own) }
    }

    /// A table in DynamoDB.
    pub fn dynamodb() -> Self {
        let own = [
            ("SESSION_DYNAMODB", server::url("SESSION_TEST_DYNAMODB")),
            ("SESSION_DYNAMODB_TABLE", format!("Sessions_{}", unique())),
            ("SESSION_DYNAMODB_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            // Flask-Session 0.8 is off by the host's offset from UTC.
            ("TZ", "UTC".to_owned()),
        ];
        Self { flask_checks_expiry: false, ..Self::new("dynamodb", "dynamodb", own) }
    }

    /// What both sides are told of it.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.settings.iter().map(|(name, value)| (*name, value.as_str()))
    }

    fn new<const N: usize>(
        name: &'static str,
        kind: &str,
        own: [(&'static str, String); N],
    ) -> Self {
        let common = [
            ("SESSION_TYPE", kind.to_owned()),
            ("SESSION_KEY_PREFIX", format!("flask:{}:", unique())),
        ];
        Self {
            name,
            settings: common.into_iter().chain(own).collect(),
            flask_checks_expiry: true,
            of_rust: &[],
            _dir: None,
        }
    }
}

/// A name that nothing else has, in this process or another.
fn unique() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}_{:x}", std::process::id(), now.as_nanos())
}
