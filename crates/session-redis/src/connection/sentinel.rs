//! The master of a service, as the sentinels name it.

use super::{at, first::first};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, RedisError, RedisResult, Value, cmd,
    from_redis_value,
};
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// Host and port.
pub(crate) type Master = (String, u16);

/// Whom to ask, and for what.
#[derive(Clone)]
pub(crate) struct Sentinels {
    pub(crate) sentinels: Vec<ConnectionInfo>,
    pub(crate) service: String,
    /// How to log in to the master; its address is what the sentinels tell.
    pub(crate) template: ConnectionInfo,
}

impl Sentinels {
    /// Connects to the master, and tells where it is.
    ///
    /// A sentinel may not know of a failover yet, so the server must itself say that it is the
    /// master; if it does not, what the next sentinel names is tried.
    pub(crate) async fn open(
        &self,
        config: &AsyncConnectionConfig,
        limit: Duration,
    ) -> RedisResult<(MultiplexedConnection, Master)> {
        let attempts = self.sentinels.clone().into_iter().map(|sentinel| {
            let this = self.clone();
            let config = config.clone();
            Box::pin(within(limit, async move {
                let master = this.ask(sentinel, limit).await?;
                Ok((this.connect(master.clone(), &config).await?, master))
            }))
        });
        first(attempts).await.unwrap_or_else(|| Err(no_sentinel()))
    }

    /// Whether the sentinels name another master by now.
    pub(crate) async fn have_replaced(&self, master: &Master, limit: Duration) -> bool {
        let questions = self.sentinels.clone().into_iter().map(|sentinel| {
            let this = self.clone();
            Box::pin(within(limit, async move { this.ask(sentinel, limit).await }))
        });
        matches!(first(questions).await, Some(Ok(named)) if named != *master)
    }

    async fn ask(&self, sentinel: ConnectionInfo, limit: Duration) -> RedisResult<Master> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(None);
        let client = Client::open(sentinel)?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.service);
        let named: Option<Master> = question.query_async(&mut connection).await?;
        named.ok_or_else(|| {
            RedisError::from((ErrorKind::MasterNameNotFoundBySentinel, "no such service"))
        })
    }

    async fn connect(
        &self,
        (host, port): Master,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        let addr = at(self.template.addr(), host, port);
        let client = Client::open(self.template.clone().set_addr(addr))?;
        let mut connection = client.get_multiplexed_async_connection_with_config(config).await?;
        let role: Vec<Value> = cmd("ROLE").query_async(&mut connection).await?;
        let role = role.into_iter().next().map(from_redis_value::<String>).transpose()?;
        if role.as_deref() == Some("master") {
            Ok(connection)
        } else {
            Err(RedisError::from((
                ErrorKind::Client,
                "the server that a sentinel names is no master",
            )))
        }
    }
}

async fn within<T>(limit: Duration, call: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match timeout(limit, call).await {
        Ok(ended) => ended,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

fn no_sentinel() -> RedisError {
    RedisError::from((ErrorKind::EmptySentinelList, "no sentinel to ask"))
}
