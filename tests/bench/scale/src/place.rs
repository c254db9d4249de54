//! A store of the run's own: where it is, how large it is, and how it goes.

use crate::args::Backend;
use crate::sessions::{key, prefix};
use anyhow::Context as _;
use redis::{Client, InfoDict};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use web_session::config::Settings;
use web_session::{Store, StoreKey, connect};

/// Keys in one command that removes them.
const AT_ONCE: u64 = 1_000;

/// A store, and how to look at what it takes.
pub(crate) struct Place {
    backend: Backend,
    address: String,
    /// Of SQLite and files.
    dir: TempDir,
    pub(crate) store: Arc<dyn Store>,
}

impl Place {
    pub(crate) async fn open(backend: Backend) -> anyhow::Result<Self> {
        // Beside what is compiled: a directory for temporary files may be in memory.
        let dir = tempfile::tempdir_in(std::env::current_exe()?.parent().context("no directory")?)?;
        let path = |name: &str| dir.path().join(name).display().to_string();
        let (kind, setting, address) = match backend {
            Backend::Redis => ("redis", "SESSION_REDIS", from_env("SESSION_TEST_REDIS")?),
            Backend::Postgres => {
                ("postgres", "SESSION_SQLALCHEMY", from_env("SESSION_TEST_POSTGRES")?)
            }
            Backend::Sqlite => {
                ("sqlite", "SESSION_SQLALCHEMY", format!("sqlite:///{}", path("sessions.db")))
            }
            Backend::Files => ("filesystem", "SESSION_FILE_DIR", path("sessions")),
        };
        let mut settings = vec![("SESSION_TYPE", kind), (setting, &address)];
        let table = table();
        match backend {
            Backend::Redis => {}
            Backend::Postgres => settings.push(("SESSION_SQLALCHEMY_TABLE", &table)),
            Backend::Sqlite => {}
            Backend::Files => settings.push(("SESSION_FILE_THRESHOLD", "0")),
        }
        let store = connect(&Settings::from_iter(settings)).await?;
        Ok(Self { backend, address, dir, store })
    }

    /// Bytes on disk; of Redis in memory, whatever else is there.
    pub(crate) async fn size(&self) -> anyhow::Result<u64> {
        match self.backend {
            Backend::Redis => {
                let mut redis = Client::open(self.address.as_str())?.get_connection()?;
                let info: InfoDict = redis::cmd("INFO").arg("memory").query(&mut redis)?;
                info.get("used_memory").context("INFO has no used_memory")
            }
            Backend::Postgres => {
                let mut postgres = Box::pin(PgConnection::connect(&self.address)).await?;
                let size = sqlx::query_scalar::<_, i64>("SELECT pg_total_relation_size($1::text)");
                let bytes = size.bind(table()).fetch_one(&mut postgres).await?;
                postgres.close().await?;
                Ok(bytes.try_into()?)
            }
            Backend::Sqlite | Backend::Files => size_below(self.dir.path()),
        }
    }

    /// Removes all that the run has stored under numbers below `count`.
    pub(crate) async fn remove(self, count: u64) -> anyhow::Result<()> {
        drop(self.store);
        match self.backend {
            Backend::Redis => {
                let mut redis = Client::open(self.address.as_str())?.get_connection()?;
                for first in (0..count).step_by(AT_ONCE as usize) {
                    let keys = first..(first + AT_ONCE).min(count);
                    let names: Vec<_> = keys.map(key).collect();
                    let names: Vec<_> = names.iter().map(StoreKey::as_str).collect();
                    redis::cmd("UNLINK").arg(names).exec(&mut redis)?;
                }
            }
            Backend::Postgres => {
                let mut postgres = Box::pin(PgConnection::connect(&self.address)).await?;
                let drop = AssertSqlSafe(format!("DROP TABLE {}", table()));
                sqlx::query(drop).execute(&mut postgres).await?;
                postgres.close().await?;
            }
            Backend::Sqlite | Backend::Files => self.dir.close()?,
        }
        Ok(())
    }
}

fn from_env(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set; run `just bench-scale`"))
}

/// A name of SQL.
fn table() -> String {
    prefix().trim_end_matches(':').replace('-', "_")
}

/// What files take, in whole blocks.
fn size_below(dir: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += about.blocks() * 512;
        if about.is_dir() {
            bytes += size_below(&entry.path())?;
        }
    }
    Ok(bytes)
}
