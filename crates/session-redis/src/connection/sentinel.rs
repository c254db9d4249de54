//! The master of a service, as the sentinels name it.

use super::{at, first::first};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, RedisError, RedisResult, Value, cmd,
    from_redis_value,
};
use std::io;
use std::time::Duration;

/// Whom to ask, and for what.
#[derive(Clone)]
pub(crate) struct Sentinels {
    pub(crate) sentinels: Vec<ConnectionInfo>,
    pub(crate) service: String,
    /// How to log in to the master; its address is what the sentinels tell.
    pub(crate) template: ConnectionInfo,
}

impl Sentinels {
    /// Connects to the master.
    ///
    /// A sentinel may not know of a failover yet, so the server must itself say that it is the
    /// master; if it does not, what the next sentinel names is tried.
    pub(crate) async fn open(
        &self,
        config: &AsyncConnectionConfig,
        limit: Duration,
    ) -> RedisResult<MultiplexedConnection> {
        let attempts = self.sentinels.clone().into_iter().map(|sentinel| {
            let this = self.clone();
            let config = config.clone().set_connection_timeout(Some(limit));
            async move {
                let opened = async {
                    let master = this.ask(sentinel, limit).await?;
                    this.connect(master, &config).await
                };
                match tokio::time::timeout(limit, opened).await {
                    Ok(opened) => opened,
                    Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
                }
            }
        });
        first(attempts).await.unwrap_or_else(|| {
            Err(RedisError::from((ErrorKind::EmptySentinelList, "no sentinel to ask")))
        })
    }

    async fn ask(&self, sentinel: ConnectionInfo, limit: Duration) -> RedisResult<(String, u16)> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(None);
        let client = Client::open(sentinel)?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.service);
        let named: Option<(String, u16)> = question.query_async(&mut connection).await?;
        named.ok_or_else(|| {
            RedisError::from((ErrorKind::MasterNameNotFoundBySentinel, "no such service"))
        })
    }

    async fn connect(
        &self,
        (host, port): (String, u16),
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
