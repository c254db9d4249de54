//! What is sent together.

use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, Pipeline, RedisResult, ServerError, Value};

/// Commands about one key: the first argument, in a script's call the third.
#[derive(Clone, Copy)]
pub(crate) enum Commands<'a> {
    One(&'a Cmd),
    /// They only read, so all are sent again if one must be.
    Several(&'a Pipeline),
    /// The same: `GET` and `PTTL` of a record, which may be held.
    Record(&'a Pipeline),
    /// They read keys that the server has just listed. One that holds another type by now, or that
    /// another node serves, is answered by `Nil`.
    Listed(&'a Pipeline),
    /// Each with an `ASKING` in front, to whose answers nobody listens.
    #[cfg(feature = "cluster")]
    Asking(&'a Pipeline),
}

impl Commands<'_> {
    /// Sends them, once, and returns the answer to each; errors may be among those to several.
    pub(crate) async fn send_on(
        self,
        connection: &mut (dyn ConnectionLike + Send),
    ) -> RedisResult<Vec<Value>> {
        match self {
            Self::One(cmd) => Ok(vec![connection.req_packed_command(cmd).await?]),
            Self::Several(cmds) | Self::Record(cmds) | Self::Listed(cmds) => {
                connection.req_packed_commands(cmds, 0, cmds.len()).await
            }
            #[cfg(feature = "cluster")]
            Self::Asking(cmds) => {
                let replies = connection.req_packed_commands(cmds, 0, cmds.len()).await?;
                Ok(replies.into_iter().skip(1).step_by(2).collect())
            }
        }
    }

    /// Whether this error says no more than that a key is no record here.
    pub(crate) fn passes_over(self, error: &ServerError) -> bool {
        matches!(self, Self::Listed(_)) && ["WRONGTYPE", "MOVED", "ASK"].contains(&error.code())
    }

    /// The same for a node to which their slot is being moved, to be sent as `Asking`.
    #[cfg(feature = "cluster")]
    pub(crate) fn to_ask(self) -> Pipeline {
        let mut pipeline = Pipeline::new();
        for cmd in self.iter() {
            pipeline.cmd("ASKING").add_command(cmd.clone());
        }
        pipeline
    }

    /// Their key.
    pub(crate) fn key(&self) -> &[u8] {
        let Some(cmd) = self.iter().next() else { return b"" };
        let mut args = cmd.args_iter();
        let is_script = matches!(args.next(), Some(Arg::Simple(b"EVALSHA" | b"EVAL")));
        match args.nth(if is_script { 2 } else { 0 }) {
            Some(Arg::Simple(key)) => key,
            _ => b"",
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Cmd> {
        let (one, several) = match self {
            Self::One(cmd) => (Some(*cmd), None),
            Self::Several(cmds) | Self::Record(cmds) | Self::Listed(cmds) => {
                (None, Some(cmds.cmd_iter()))
            }
            #[cfg(feature = "cluster")]
            Self::Asking(cmds) => (None, Some(cmds.cmd_iter())),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }
}
