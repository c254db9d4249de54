//! From `SESSION_TYPE` to a store.

use crate::backend::Backend;
use crate::contact::Contact;
use crate::keys::KEYS;
use crate::place::place;
use session_core::config::Settings;
use session_core::{Error, MemoryStore, Result, Store};
use session_null::NullStore;
use std::sync::Arc;

/// Opens the store that `SESSION_TYPE` names, with the options of that backend.
///
/// The words are `null` (the default), `memory`, `redis`, `memcached`, `filesystem`, `mongodb`,
/// `sqlalchemy` (or `sql`) and `dynamodb`, in any case. Contact is made here, so that an
/// application with a wrong address does not start. With `SESSION_CONNECT=lazy` the first call makes
/// it, and all else that is said here to be made, and calls fail until the server is up
/// ([`LazyStore`](session_core::store::LazyStore)); only what is malformed is refused at once.
/// `memory` and `null` have no server, and the directory of `filesystem` is opened here either way.
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
/// backend cannot be reached, unless it is left to the first call.
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
    let contact = Contact::from_settings(settings)?;
    let opened = Box::pin(open(backend, contact, settings)).await;
    opened.map_err(|error| match place(backend, settings) {
        Ok(Some((key, address))) => located(error, key, address.as_deref()),
        Ok(None) | Err(_) => error,
    })
}

/// Says which setting and which address `error` is about, unless it says so itself.
fn located(error: Error, key: &str, address: Option<&str>) -> Error {
    let said = error.to_string();
    match address.filter(|address| !said.contains(address)) {
        Some(address) => error.with_note(format_args!("{key}: {address}")),
        None if said.contains(key) => error,
        None => error.with_note(key),
    }
}

async fn open(backend: Backend, contact: Contact, settings: &Settings) -> Result<Arc<dyn Store>> {
    match backend {
        Backend::Null => Ok(Arc::new(NullStore)),
        Backend::Memory => Ok(Arc::new(MemoryStore::new())),
        Backend::Redis => redis(settings, contact).await,
        Backend::Filesystem => filesystem(settings).await,
        Backend::Memcached => memcached(settings, contact).await,
        Backend::MongoDb => mongodb(settings, contact).await,
        Backend::Sql => sql(settings, contact).await,
        Backend::DynamoDb => dynamodb(settings, contact).await,
    }
}

#[cfg(feature = "redis")]
async fn redis(settings: &Settings, contact: Contact) -> Result<Arc<dyn Store>> {
    use session_redis::{RedisOptions, RedisStore};
    let options = RedisOptions::from_settings(settings)?;
    Ok(match contact {
        Contact::Eager => Arc::new(RedisStore::connect(options).await?),
        Contact::Lazy => Arc::new(RedisStore::connect_lazy(options)?),
    })
}

#[cfg(not(feature = "redis"))]
async fn redis(_: &Settings, _: Contact) -> Result<Arc<dyn Store>> {
    Err(left_out("redis"))
}

#[cfg(feature = "memcached")]
async fn memcached(settings: &Settings, contact: Contact) -> Result<Arc<dyn Store>> {
    use session_memcached::{MemcachedOptions, MemcachedStore};
    let options = MemcachedOptions::from_settings(settings)?;
    Ok(match contact {
        Contact::Eager => Arc::new(MemcachedStore::connect(options).await?),
        Contact::Lazy => Arc::new(MemcachedStore::connect_lazy(options)?),
    })
}

#[cfg(not(feature = "memcached"))]
async fn memcached(_: &Settings, _: Contact) -> Result<Arc<dyn Store>> {
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
async fn mongodb(settings: &Settings, contact: Contact) -> Result<Arc<dyn Store>> {
    use session_mongodb::{MongoOptions, MongoStore};
    let options = MongoOptions::from_settings(settings)?;
    if contact == Contact::Lazy {
        return Ok(Arc::new(MongoStore::connect_lazy(options)?));
    }
    let store = MongoStore::connect(options).await?;
    store.init().await?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "mongodb"))]
async fn mongodb(_: &Settings, _: Contact) -> Result<Arc<dyn Store>> {
    Err(left_out("mongodb"))
}

#[cfg(feature = "sql")]
async fn sql(settings: &Settings, contact: Contact) -> Result<Arc<dyn Store>> {
    use session_sql::{SqlOptions, SqlStore};
    let options = SqlOptions::from_settings(settings)?;
    if contact == Contact::Lazy {
        return Ok(Arc::new(SqlStore::connect_lazy(options)?));
    }
    let store = SqlStore::connect(options).await?;
    store.init().await?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "sql"))]
async fn sql(_: &Settings, _: Contact) -> Result<Arc<dyn Store>> {
    Err(Error::new(
        session_core::ErrorKind::Config,
        "open the sqlalchemy store of SESSION_TYPE: this build leaves it out; turn on the \
         feature `postgres`, `mysql` or `sqlite` of the crate `web-session`",
    ))
}

#[cfg(feature = "dynamodb")]
async fn dynamodb(settings: &Settings, contact: Contact) -> Result<Arc<dyn Store>> {
    use session_dynamodb::{DynamoDbOptions, DynamoDbStore};
    let options = DynamoDbOptions::from_settings(settings)?;
    if contact == Contact::Lazy {
        return Ok(Arc::new(DynamoDbStore::connect_lazy(options)?));
    }
    let store = DynamoDbStore::connect(options).await?;
    store.init().await?;
    Ok(Arc::new(store))
}

#[cfg(not(feature = "dynamodb"))]
async fn dynamodb(_: &Settings, _: Contact) -> Result<Arc<dyn Store>> {
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
fn left_out(backend: &str) -> Error {
    Error::new(
        session_core::ErrorKind::Config,
        format!(
            "open the {backend} store of SESSION_TYPE: this build leaves it out; turn on the \
             feature `{backend}` of the crate `web-session`"
        ),
    )
}
