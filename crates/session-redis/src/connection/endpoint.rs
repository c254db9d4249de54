//! One server to send to, and what became of what was sent.

use super::dialler::Dialler;
use crate::error::Fault;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisResult, ServerError, ServerErrorKind, Value};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

/// Where commands go.
pub(crate) enum Endpoint {
    /// Over a connection of our own.
    Own(Dialler),
    /// Over the application's connection, which sees to itself.
    Shared(Box<dyn Shared>),
}

impl Endpoint {
    pub(crate) fn shared<C>(connection: C) -> Self
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::Shared(Box::new(connection))
    }

    /// Connects, if there is no connection yet.
    pub(crate) async fn connect(&self) -> Result<(), Fault> {
        self.connection().await.map(drop).map_err(Fault::Unreached)
    }

    /// Sends one command, once.
    pub(crate) async fn command(&self, cmd: &Cmd, deadline: Instant) -> Result<Value, Fault> {
        let mut connection = self.open(deadline).await?;
        let reply = timeout_at(deadline, connection.command(cmd)).await;
        match self.received(&connection, reply)? {
            Value::ServerError(error) => Err(self.turned_down(&connection, error)),
            value => Ok(value),
        }
    }

    /// Sends commands together, once; errors of single ones are among the replies.
    pub(crate) async fn pipeline(
        &self,
        pipeline: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let mut connection = self.open(deadline).await?;
        let replies = timeout_at(deadline, connection.pipeline(pipeline)).await;
        let replies = self.received(&connection, replies)?;
        for reply in &replies {
            if let Value::ServerError(error) = reply {
                self.turned_down(&connection, error.clone());
            }
        }
        Ok(replies)
    }

    /// Sends commands together, once, and a single one without a copy.
    #[cfg(any(feature = "cluster", feature = "sentinel"))]
    pub(crate) async fn together(
        &self,
        cmds: &[&Cmd],
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        if let [cmd] = cmds {
            return match self.command(cmd, deadline).await {
                Err(Fault::Refused(error)) => Ok(vec![Value::ServerError(error)]),
                reply => reply.map(|value| vec![value]),
            };
        }
        let mut pipeline = Pipeline::with_capacity(cmds.len());
        for cmd in cmds {
            pipeline.add_command((*cmd).clone());
        }
        self.pipeline(&pipeline, deadline).await
    }

    /// The same, on a node to which the slot is being moved.
    #[cfg(feature = "cluster")]
    pub(crate) async fn asking(
        &self,
        cmds: &[&Cmd],
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let mut pipeline = Pipeline::with_capacity(cmds.len() * 2);
        for cmd in cmds {
            pipeline.cmd("ASKING").add_command((*cmd).clone());
        }
        let replies = self.pipeline(&pipeline, deadline).await?;
        Ok(replies.into_iter().skip(1).step_by(2).collect())
    }

    /// Returns a connection to send on; after an error nothing was sent.
    async fn connection(&self) -> RedisResult<Connection> {
        match self {
            Self::Own(dialler) => dialler.connection().await,
            Self::Shared(shared) => Ok(Connection::Shared(shared.clone_connection())),
        }
    }

    async fn open(&self, deadline: Instant) -> Result<Connection, Fault> {
        match timeout_at(deadline, self.connection()).await {
            // A call that is late would be sent all the same, and nobody wait for its answer.
            Ok(Ok(_)) if Instant::now() >= deadline => Err(Fault::Unsent),
            Ok(connection) => connection.map_err(Fault::Unreached),
            Err(_) => Err(Fault::Unsent),
        }
    }

    /// A connection that broke, or kept a call waiting until its deadline, is not used again: a
    /// peer that vanished without a word would otherwise hold all calls until TCP gives up.
    fn received<T>(
        &self,
        connection: &Connection,
        reply: Result<RedisResult<T>, Elapsed>,
    ) -> Result<T, Fault> {
        match reply {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => match ServerError::try_from(error) {
                Ok(error) => Err(self.turned_down(connection, error)),
                Err(error) => {
                    self.leave(connection);
                    Err(Fault::Broken(error))
                }
            },
            Err(_) => {
                self.leave(connection);
                Err(Fault::Silent)
            }
        }
    }

    /// After a failover the address, or the sentinels, may lead to another server than the
    /// connection does.
    fn turned_down(&self, connection: &Connection, error: ServerError) -> Fault {
        if matches!(error.kind(), Some(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)) {
            self.leave(connection);
        }
        Fault::Refused(error)
    }

    /// Has the next call use another connection; calls under way on this one go on.
    fn leave(&self, connection: &Connection) {
        if let (Self::Own(dialler), Connection::Own { number, .. }) = (self, connection) {
            dialler.leave(*number);
        }
    }
}

/// A handle on a multiplexed connection; dropping a call leaves the others and their replies alone.
pub(crate) enum Connection {
    Own { connection: MultiplexedConnection, number: u64 },
    Shared(Box<dyn ConnectionLike + Send>),
}

impl Connection {
    async fn command(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        self.as_mut().req_packed_command(cmd).await
    }

    async fn pipeline(&mut self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        self.as_mut().req_packed_commands(pipeline, 0, pipeline.len()).await
    }

    fn as_mut(&mut self) -> &mut (dyn ConnectionLike + Send) {
        match self {
            Self::Own { connection, .. } => connection,
            Self::Shared(connection) => connection.as_mut(),
        }
    }
}

/// A connection of the application, whatever its type.
pub(crate) trait Shared: Send + Sync {
    fn clone_connection(&self) -> Box<dyn ConnectionLike + Send>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Shared for C {
    fn clone_connection(&self) -> Box<dyn ConnectionLike + Send> {
        Box::new(self.clone())
    }
}
