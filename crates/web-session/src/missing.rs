//! What `connect` would make, for who wants to read it first.

use crate::backend::Backend;
use crate::keys::KEYS;
use crate::place::{Place, place};
use session_core::Result;
use session_core::config::Settings;

/// What [`connect`](crate::connect) would make in the store now, in the order in which it would: SQL
/// statements, commands of MongoDB, requests of DynamoDB in words. Changes nothing.
///
/// None if nothing is missing, or the store has neither tables nor indexes.
///
/// # Errors
///
/// Those of [`connect`](crate::connect).
///
/// # Examples
///
/// ```no_run
/// use web_session::config::Settings;
///
/// # async fn example() -> web_session::Result<()> {
/// let (settings, _warnings) = Settings::from_env(web_session::KEYS)?;
/// for statement in web_session::missing(&settings).await? {
///     println!("{statement};");
/// }
/// # Ok(())
/// # }
/// ```
pub async fn missing(settings: &Settings) -> Result<Vec<String>> {
    settings.refuse_unknown(KEYS)?;
    let backend = Backend::from_settings(settings)?;
    let place = Place::of(backend, settings);
    let missing = match backend {
        Backend::Sql => sql(settings).await,
        Backend::MongoDb => Box::pin(mongodb(settings)).await,
        Backend::DynamoDb => Box::pin(dynamodb(settings)).await,
        // It needs a directory, which no statement makes.
        Backend::Filesystem => Ok(Vec::new()),
        Backend::Null | Backend::Memory | Backend::Redis | Backend::Memcached => {
            crate::connect_as_it_is(settings).await.map(|_| Vec::new())
        }
    };
    missing.map_err(|error| place.locate(error))
}

/// Where the store is, without user, password and parameters; `None` where it is nowhere else, or a
/// secret cannot be told from its address.
///
/// # Errors
///
/// `Config` if `SESSION_TYPE` or the setting of the address is malformed.
///
/// # Examples
///
/// ```
/// use web_session::config::Settings;
///
/// let settings: Settings =
///     [("SESSION_TYPE", "redis"), ("SESSION_REDIS", "redis://:secret@cache:6379")]
///         .into_iter()
///         .collect();
/// assert_eq!(web_session::address(&settings)?.as_deref(), Some("redis://cache:6379"));
/// # Ok::<(), web_session::Error>(())
/// ```
pub fn address(settings: &Settings) -> Result<Option<String>> {
    let backend = Backend::from_settings(settings)?;
    Ok(place(backend, settings)?.and_then(|(_, address)| address))
}

/// What the store of a server is without, or what a build without that store says.
macro_rules! server {
    ($backend:ident, $feature:literal, $library:ident, $options:ident, $store:ident) => {
        #[cfg(feature = $feature)]
        async fn $backend(settings: &Settings) -> Result<Vec<String>> {
            use $library::{$options, $store};
            $store::connect($options::from_settings(settings)?).await?.missing().await
        }

        #[cfg(not(feature = $feature))]
        async fn $backend(settings: &Settings) -> Result<Vec<String>> {
            // It says which feature is off.
            crate::connect_as_it_is(settings).await.map(|_| Vec::new())
        }
    };
}

server!(mongodb, "mongodb", session_mongodb, MongoOptions, MongoStore);
server!(dynamodb, "dynamodb", session_dynamodb, DynamoDbOptions, DynamoDbStore);

#[cfg(feature = "sql")]
async fn sql(settings: &Settings) -> Result<Vec<String>> {
    use session_sql::{SqlOptions, SqlStore};
    SqlStore::missing(SqlOptions::from_settings(settings)?).await
}

#[cfg(not(feature = "sql"))]
async fn sql(settings: &Settings) -> Result<Vec<String>> {
    crate::connect_as_it_is(settings).await.map(|_| Vec::new())
}
