//! Whether the user may run what the store will send, asked when it connects: a missing right would
//! else be found by the first visitor who changes something.

use super::RedisStore;
use crate::error::{Denied, Fault, STORE};
use futures_util::future::join_all;
use redis::Cmd;
use session_core::store::Call;
use session_core::{ErrorKind, Result};

/// No record's and no owner's key, for their names end in something else.
const KEY: &str = "session-owner:rights:keys";

/// Those of records, in forms that change nothing where there is no such key. Redis looks at the
/// right to a command before it looks at its keys, and before it runs it.
const RECORDS: [&[&str]; 7] = [
    &["GET", KEY],
    &["PTTL", KEY],
    &["SET", KEY, "", "XX", "PX", "1"],
    &["DEL", KEY],
    &["PEXPIRE", KEY, "1"],
    &["EVALSHA", "0000000000000000000000000000000000000000", "1", KEY],
    &["EVAL", "return 1", "1", KEY],
];

/// Those of the index.
const INDEX: [&[&str]; 9] = [
    &["EXISTS", KEY],
    &["TYPE", KEY],
    &["TIME"],
    &["ZADD", KEY, "XX", "1", ""],
    &["ZREM", KEY, ""],
    &["ZSCORE", KEY, ""],
    &["ZCOUNT", KEY, "1", "1"],
    &["ZSCAN", KEY, "0"],
    &["ZREMRANGEBYRANK", KEY, "0", "0"],
];

impl RedisStore {
    /// Asks for all at once. Whatever else a server answers is left to the calls that meet it.
    pub(super) async fn check_rights(&self) -> Result<()> {
        let deadline = self.deadline();
        let index: &[&[&str]] = if self.owners.is_some() { &INDEX } else { &[] };
        let asked = RECORDS.iter().chain(index).map(|words| async move {
            let mut cmd = Cmd::new();
            cmd.arg(*words);
            self.send(&cmd, deadline).await
        });
        let answers = join_all(asked).await;
        let denied = answers.iter().enumerate().find_map(|(nth, answer)| {
            let denied = answer.as_ref().err().and_then(Fault::denied)?;
            // Records have keys of their own.
            (nth >= RECORDS.len() || denied != Denied::Keys).then_some(denied)
        });
        match denied {
            Some(denied) => Err(Call::Connect
                .error(STORE, ErrorKind::Unavailable, &denied.message())
                .with_retryable(false)),
            None => Ok(()),
        }
    }
}
