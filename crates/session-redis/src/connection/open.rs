//! One connection, logged in.

use crate::error::is_full;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, ProtocolVersion, RedisConnectionInfo,
    RedisError, RedisResult, ServerErrorKind, cmd,
};
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// Opens a connection on which the server has answered.
///
/// Without HELLO the client itself takes any refusal for a wrong password, and asks the server
/// nothing if there is none, so that a full or silent one would be found by a call.
pub(super) async fn open(
    info: ConnectionInfo,
    config: &AsyncConnectionConfig,
    limit: Duration,
) -> RedisResult<MultiplexedConnection> {
    let settings = info.redis_settings().clone();
    if settings.protocol() != ProtocolVersion::RESP2 {
        let client = Client::open(info)?;
        return Box::pin(client.get_multiplexed_async_connection_with_config(config)).await;
    }
    let bare = RedisConnectionInfo::default().set_skip_set_lib_name();
    let client = Client::open(info.set_redis_settings(bare))?;
    let opening = async {
        let mut connection = client.get_multiplexed_async_connection_with_config(config).await?;
        match settings.password() {
            Some(password) => log_in(&mut connection, settings.username(), password).await?,
            None => greet(&mut connection).await?,
        }
        if settings.db() != 0 {
            let mut select = cmd("SELECT");
            let selected = select.arg(settings.db()).query_async::<()>(&mut connection).await;
            selected.map_err(|error| {
                in_other_words(error, ServerErrorKind::ResponseError.into(), "refused database")
            })?;
        }
        Ok(connection)
    };
    within(limit, Box::pin(opening)).await
}

/// Has the server answer anything on a connection. Errors are answers, but of one that it closes.
pub(super) async fn greet(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    match cmd("PING").query_async::<()>(connection).await {
        Err(error) if error.code().is_none() || is_full(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Has the server tell this connection of changes to what it reads.
///
/// Source: <https://redis.io/docs/latest/commands/client-tracking/>.
pub(super) async fn track(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    match cmd("CLIENT").arg("TRACKING").arg("ON").query_async(connection).await {
        // A command that is unknown, or refused in whatever words.
        Err(error) if error.code() == Some("ERR") => {
            Err((ErrorKind::Extension, "refused CLIENT TRACKING").into())
        }
        tracked => tracked,
    }
}

pub(super) async fn within<T>(
    limit: Duration,
    call: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    match timeout(limit, call).await {
        Ok(ended) => ended,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

async fn log_in(
    connection: &mut MultiplexedConnection,
    user: Option<&str>,
    password: &str,
) -> RedisResult<()> {
    let mut named = cmd("AUTH");
    named.arg(user).arg(password);
    let logged_in = match named.query_async(connection).await {
        // Before Redis 6 there were no users, and URLs had some name or other.
        Err(error) if user.is_some() && says_wrong_number(&error) => {
            cmd("AUTH").arg(password).query_async(connection).await
        }
        logged_in => logged_in,
    };
    logged_in.map_err(|error| in_other_words(error, ErrorKind::AuthenticationFailed, "refused"))
}

fn says_wrong_number(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.contains("wrong number of arguments"))
}

/// What the server has no code for.
fn in_other_words(error: RedisError, kind: ErrorKind, words: &'static str) -> RedisError {
    if error.code() == Some("ERR") && !is_full(&error) { (kind, words).into() } else { error }
}
