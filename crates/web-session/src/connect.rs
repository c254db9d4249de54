//! From `SESSION_TYPE` to a store.

use crate::backend::Backend;
use crate::keys::KEYS;
use crate::place::place;
use session_core::config::Settings;
use session_core::{MemoryStore, Result, Store};
use session_null::NullStore;
use std::sync::Arc;

/// Opens the store that `SESSION_TYPE` names, with the options of that backend.
///
/// The words are `null` (the default), `memory`, `redis`, `memcached`, `filesystem`, `mongodb`,
/// `sqlalchemy` (or `sql`) and `dynamodb`, in any case. Contact is made here, so that an
/// application with a wrong address does not start; to start while the server is down, make the
/// store with `connect_lazy` of its own crate.
///
/// Each call with `memory` makes a store of its own. The table of `sqlalchemy` and the indexes of
/// `mongodb` are made if there are none, and what Flask made gets the indexes and the owner's column
/// that it lacks: on a large table make them beforehand, since writers wait meanwhile. The table of
/// `dynamodb` is made, too, and its TTL turned on.
///
/// # Errors
///
/// `Config` if `settings` hold a name that none of [`KEYS`] is, a malformed value, or a backend
/// whose feature this build lacks; the message names the feature. `Unavailable` or `Timeout` if the
/// backend cannot be reached.
///
/// # Examples
///
/// ```
/// use web_session::config::Settings;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> web_session::Result<()> {
/// let settings: Settings = [("SESSION_TYPE", "memory")].into_iter().collect();
/// let store = web_session::connect(&settings).await?;
/// assert_eq!(store.capabilities().name, "memory");
/// # Ok(())
/// # }
/// ```
pub async fn connect(settings: &Settings) -> Result<Arc<dyn Store>> {
    settings.refuse_unknown(KEYS)?;
    let backend = Backend::from_settings(settings)?;
    Box::pin(open(backend, settings)).await.map_err(|error| match place(backend, settings) {
        Ok(Some((key, Some(address)))) => error.with_note(format_args!("{key}: {address}")),
        Ok(Some((key, None))) => error.with_note(key),
        Ok(None) | Err(_) => error,
    })
}

async fn open(backend: Backend, settings: &Settings) -> Result<Arc<dyn Store>> {
    match backend {
        Backend::Null => Ok(Arc::new(NullStore)),
        Backend::Memory => Ok(Arc::new(MemoryStore::new())),
        Backend::Redis => redis(settings).await,
        Backend::Filesystem => filesystem(settings).await,
        Backend::Memcached => memcached(settings).await,
        Backend::MongoDb => mongodb(settings).await,
        Backend::Sql => sql(settings).await,
        Backend::DynamoDb => dynamodb(settings).await,
    }
}

#[cfg(feature = "redis")]
async fn redis(settings: &Settings) -> Result<Arc<dyn Store>> {
    use session_redis::{RedisOptions, RedisStore};
    Ok(Arc::new(RedisStore::connect(RedisOptions::from_settings(settings)?).await?))
}

#[cfg(not(feature = "redis"))]
async fn redis(_: &Settings) -> Result<Arc<dyn Store>> {
    Err(left_out("redis"))
}

#[cfg(feature = "memcached")]
async fn memcached(settings: &Settings) -> Result<Arc<dyn Store>> {
    use session_memcached::{MemcachedOptions, MemcachedStore};
    Ok(Arc::new(MemcachedStore::connect(MemcachedOptions::from_settings(settings)?).await?))
}

#[cfg(not(feature = "memcached"))]
async fn memcached(_: &Settings) -> Result<Arc<dyn Store>> {
    Err(left_out("memcached"))
}

#[cfg(feature = "filesystem")]
async fn filesystem(settings: &Settings) -> Result<Arc<dyn Store>> {
    use session_fs::{FileOptions, FileStore};
    Ok(Arc::new(FileStore::connect(FileOptions::from_settings(settings)?).await?))
}

#[cfg(not(feature = "filesystem"))]
async fn filesystem(_: &Settings) -> Result<Arc<dyn Store>> {
    Err(left_out("filesystem"))
}

#[cfg(feature = "mongodb")]
async fn mongodb(settings: &Settings) -> Result<Arc<dyn Store>> {
    use session_mongodb::{MongoOptions, MongoStore};
    let store = MongoStore::connect(MongoOptions::from_settings(settings)?).await?;
    store.init().await?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "mongodb"))]
async fn mongodb(_: &Settings) -> Result<Arc<dyn Store>> {
    Err(left_out("mongodb"))
}

#[cfg(feature = "sql")]
async fn sql(settings: &Settings) -> Result<Arc<dyn Store>> {
    use session_sql::{SqlOptions, SqlStore};
    let store = SqlStore::connect(SqlOptions::from_settings(settings)?).await?;
    store.init().await?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "sql"))]
async fn sql(_: &Settings) -> Result<Arc<dyn Store>> {
    Err(session_core::Error::new(
        session_core::ErrorKind::Config,
        "open the sqlalchemy store of SESSION_TYPE: this build leaves it out; turn on the \
         feature `postgres`, `mysql` or `sqlite` of the crate `web-session`",
    ))
}

#[cfg(feature = "dynamodb")]
async fn dynamodb(settings: &Settings) -> Result<Arc<dyn Store>> {
    use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
    let store = DynamoDbStore::connect(DynamoDbOptions::from_settings(settings)?).await?;
    store.init().await?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "dynamodb"))]
async fn dynamodb(_: &Settings) -> Result<Arc<dyn Store>> {
    Err(left_out("dynamodb"))
}

/// The word and the feature have one name.
#[cfg(not(all(
    feature = "redis",
    feature = "memcached",
    feature = "filesystem",
    feature = "mongodb",
    feature = "dynamodb"
)))]
fn left_out(backend: &str) -> session_core::Error {
    session_core::Error::new(
        session_core::ErrorKind::Config,
        format!(
            "open the {backend} store of SESSION_TYPE: this build leaves it out; turn on the \
             feature `{backend}` of the crate `web-session`"
        ),
    )
}
