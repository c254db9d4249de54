//! From `SESSION_TYPE` to a store.

use crate::backend::Backend;
use crate::contact::Contact;
use crate::keys::KEYS;
use crate::migration::Other;
use crate::place::Place;
use session_core::config::Settings;
use session_core::store::{MigratingStore, Migration};
use session_core::{MemoryStore, Result, Store};
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
/// `SESSION_MIGRATE_TO` and `SESSION_MIGRATE_FROM` name a second store, to or from which sessions
/// move while they are used: then the store is a [`MigratingStore`] of both.
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
    open_all(settings, Contact::from_settings(settings)?).await
}

/// Opens the store, and the other one while sessions move.
async fn open_all(settings: &Settings, contact: Contact) -> Result<Arc<dyn Store>> {
    settings.refuse_unknown(KEYS)?;
    let backend = Backend::from_settings(settings)?;
    let other = Other::from_settings(settings)?;
    let store = located(backend, contact, settings, Place::of(backend, settings)).await?;
    let Some(other) = other else { return Ok(store) };
    let former = located(other.backend, contact, &other.settings, other.place()).await?;
    let [old, new] = match other.migration {
        Migration::Accept => [store, former],
        Migration::Migrate => [former, store],
    };
    Ok(Arc::new(MigratingStore::new(old, new, other.migration)))
}

/// Opens one store; errors say where it is.
async fn located(
    backend: Backend,
    contact: Contact,
    settings: &Settings,
    place: Place,
) -> Result<Arc<dyn Store>> {
    let opened = Box::pin(open(backend, contact, settings, &place)).await;
    opened.map_err(|error| place.locate(error))
}

/// Opens the store as [`connect`] does, and makes nothing there: no table, no index.
///
/// For tools that look at what is there. Contact is made now, whatever `SESSION_CONNECT` says.
///
/// # Errors
///
/// Those of [`connect`]; calls of the store fail where the table is missing.
///
/// # Examples
///
/// ```no_run
/// use web_session::config::Settings;
///
/// # async fn example() -> web_session::Result<()> {
/// let (settings, _warnings) = Settings::from_env(web_session::KEYS)?;
/// let store = web_session::connect_as_it_is(&settings).await?;
/// println!("{} expired sessions are gone", store.delete_expired().await?);
/// # Ok(())
/// # }
/// ```
pub async fn connect_as_it_is(settings: &Settings) -> Result<Arc<dyn Store>> {
    open_all(settings, Contact::Only).await
}

async fn open(
    backend: Backend,
    contact: Contact,
    settings: &Settings,
    place: &Place,
) -> Result<Arc<dyn Store>> {
    match backend {
        Backend::Null => Ok(Arc::new(NullStore)),
        Backend::Memory => Ok(Arc::new(MemoryStore::new())),
        Backend::Filesystem => filesystem(settings, contact).await,
        Backend::Redis => redis(settings, contact, place).await,
        Backend::Memcached => memcached(settings, contact, place).await,
        Backend::MongoDb => mongodb(settings, contact, place).await,
        Backend::Sql => sql(settings, contact, place).await,
        Backend::DynamoDb => Box::pin(dynamodb(settings, contact, place)).await,
    }
}

/// How the store of a server is opened, or what a build without it says.
macro_rules! server {
    (
        $backend:ident, $feature:literal, $library:ident, $options:ident,
        $store:ident::$now:ident, $only:ident
    ) => {
        #[cfg(feature = $feature)]
        async fn $backend(
            settings: &Settings,
            contact: Contact,
            place: &Place,
        ) -> Result<Arc<dyn Store>> {
            use $library::{$options, $store};
            let options = $options::from_settings(settings)?;
            let place = place.clone();
            Ok(match contact {
                Contact::Eager => Arc::new($store::$now(options).await?),
                Contact::Only => Arc::new($store::$only(options).await?),
                Contact::Lazy => {
                    let store = $store::connect_lazy(options)?;
                    Arc::new(store.map_err(move |error| place.locate(error)))
                }
            })
        }

        #[cfg(not(feature = $feature))]
        async fn $backend(_: &Settings, _: Contact, _: &Place) -> Result<Arc<dyn Store>> {
            Err(left_out(stringify!($backend)))
        }
    };
}

server!(redis, "redis", session_redis, RedisOptions, RedisStore::connect, connect);
server!(
    memcached,
    "memcached",
    session_memcached,
    MemcachedOptions,
    MemcachedStore::connect,
    connect
);
server!(mongodb, "mongodb", session_mongodb, MongoOptions, MongoStore::set_up, connect);
server!(sql, "sql", session_sql, SqlOptions, SqlStore::set_up, connect_existing);
server!(dynamodb, "dynamodb", session_dynamodb, DynamoDbOptions, DynamoDbStore::set_up, connect);

#[cfg(feature = "filesystem")]
async fn filesystem(settings: &Settings, contact: Contact) -> Result<Arc<dyn Store>> {
    use session_fs::{FileOptions, FileStore};
    let options = FileOptions::from_settings(settings)?;
    Ok(Arc::new(match contact {
        Contact::Only => FileStore::connect_existing(options).await?,
        Contact::Eager | Contact::Lazy => FileStore::connect(options).await?,
    }))
}

#[cfg(not(feature = "filesystem"))]
async fn filesystem(_: &Settings, _: Contact) -> Result<Arc<dyn Store>> {
    Err(left_out("filesystem"))
}

#[cfg(not(all(
    feature = "redis",
    feature = "memcached",
    feature = "filesystem",
    feature = "mongodb",
    feature = "sql",
    feature = "dynamodb"
)))]
fn left_out(backend: &str) -> session_core::Error {
    // Elsewhere the word and the feature have one name.
    let (word, feature) = match backend {
        "sql" => ("sqlalchemy", "postgres`, `mysql` or `sqlite"),
        word => (word, word),
    };
    session_core::Error::new(
        session_core::ErrorKind::Config,
        format!(
            "open the {word} store of SESSION_TYPE: this build leaves it out; turn on the \
             feature `{feature}` of the crate `web-session`"
        ),
    )
}
