//! The master of a service, as the sentinels name it.

use super::at;
use super::first::first;
use super::open::{open, within};
use crate::address::Service;
use crate::error::Login;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionInfo, ErrorKind, ProtocolVersion, RedisError, RedisResult,
    Value, cmd, from_redis_value,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Host and port.
pub(crate) type Master = (String, u16);

/// Those who know which server is the master.
pub(crate) struct Sentinels {
    service: Service,
    /// The last one that was connected to.
    last: Mutex<Option<Master>>,
}

impl From<Service> for Sentinels {
    fn from(service: Service) -> Self {
        Self { service, last: Mutex::default() }
    }
}

impl Sentinels {
    pub(crate) fn protocol(&self) -> ProtocolVersion {
        self.service.master.redis_settings().protocol()
    }

    /// Connects to the master, and tells where it is.
    ///
    /// A sentinel may not know of a failover yet, so the server must itself say that it is the
    /// master; if it does not, what the next sentinel names is tried. While no sentinel answers,
    /// the last master serves as long as it says so: to sentinels that are gone a lost connection
    /// is no reason to be without sessions, and a kept one would go on as well.
    pub(crate) async fn open(
        &self,
        config: &AsyncConnectionConfig,
        limit: Duration,
    ) -> RedisResult<(MultiplexedConnection, Master)> {
        let has_answer = &AtomicBool::new(false);
        let attempts = self.service.sentinels.iter().map(|sentinel| {
            Box::pin(within(limit, async move {
                let named = self.ask(sentinel, limit).await;
                if named.as_ref().err().is_none_or(is_answer) {
                    has_answer.store(true, Ordering::Relaxed);
                }
                self.connect(named?, config, limit).await
            }))
        });
        let opened = first(attempts.collect(), is_answer).await;
        let mut opened = opened.unwrap_or_else(|| Err(no_sentinel()));
        let last = self.last().clone();
        if let (Err(_), Some(last), false) = (&opened, last, has_answer.load(Ordering::Relaxed)) {
            opened = Box::pin(within(limit, self.connect(last, config, limit))).await;
        }
        let opened = opened?;
        *self.last() = Some(opened.1.clone());
        Ok(opened)
    }

    /// Whether another server is the master by now.
    ///
    /// A sentinel that missed a failover names the server of before, which is no master or is not
    /// there; then the others are asked. If none of them says that the master is still the same,
    /// it has been replaced, though its successor cannot be reached.
    pub(crate) async fn have_replaced(&self, master: &Master, limit: Duration) -> bool {
        let has_other = &AtomicBool::new(false);
        let questions = self.service.sentinels.iter().map(|sentinel| {
            Box::pin(within(limit, async move {
                let named = self.ask(sentinel, limit).await?;
                if named == *master {
                    return Ok(false);
                }
                has_other.store(true, Ordering::Relaxed);
                self.connect(named, &brief(limit), limit).await.map(|_| true)
            }))
        });
        match first(questions.collect(), is_answer).await {
            Some(Ok(is_replaced)) => is_replaced,
            _ => has_other.load(Ordering::Relaxed),
        }
    }

    async fn ask(&self, sentinel: &ConnectionInfo, limit: Duration) -> RedisResult<Master> {
        let mut connection = open(sentinel.clone(), &brief(limit), limit).await?;
        let mut question = cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.service.name);
        match question.query_async(&mut connection).await {
            Ok(Some(named)) => Ok(named),
            // A server that is no sentinel knows no such command.
            Err(error) if error.code() != Some("ERR") => Err(error),
            _ => Err((ErrorKind::MasterNameNotFoundBySentinel, "no such service").into()),
        }
    }

    async fn connect(
        &self,
        master: Master,
        config: &AsyncConnectionConfig,
        limit: Duration,
    ) -> RedisResult<(MultiplexedConnection, Master)> {
        let info = at(&self.service.master, &master.0, master.1);
        let mut connection = open(info, config, limit).await?;
        let role: Vec<Value> = cmd("ROLE").query_async(&mut connection).await?;
        let role = role.into_iter().next().map(from_redis_value::<String>).transpose()?;
        if role.as_deref() == Some("master") {
            Ok((connection, master))
        } else {
            Err(RedisError::from((
                ErrorKind::Client,
                "the server that a sentinel names is no master",
            )))
        }
    }

    /// The master that was last connected to, and the user of it.
    pub(crate) fn login(&self) -> Option<Login> {
        let (host, port) = self.last().clone()?;
        Some(Login::of(&at(&self.service.master, &host, port)))
    }

    fn last(&self) -> MutexGuard<'_, Option<Master>> {
        // Every change is one assignment, so a poisoned one is whole.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For a connection with which one question is asked.
fn brief(limit: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(None)
}

fn is_answer(error: &RedisError) -> bool {
    !error.is_io_error()
}

fn no_sentinel() -> RedisError {
    RedisError::from((ErrorKind::EmptySentinelList, "no sentinel to ask"))
}
