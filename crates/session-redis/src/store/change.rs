//! The writes of one record: what each sends, with an entry in its owner's index and without.

use super::RedisStore;
use super::scripts;
use crate::error::Fault;
use redis::{Cmd, Value};
use session_core::StoreKey;
use session_core::store::Call;
use tokio::time::Instant;

/// A write of one record; lifetimes are whole milliseconds, as text.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    Create { payload: &'a [u8], ttl: &'a str },
    Update { loaded: &'a [u8], payload: &'a [u8], ttl: &'a str },
    Touch { loaded: &'a [u8], ttl: &'a str },
    Delete,
    DeleteIf { loaded: &'a [u8] },
}

impl Change<'_> {
    pub(super) fn call(self) -> Call {
        match self {
            Self::Create { .. } => Call::Create,
            Self::Update { .. } => Call::Update,
            Self::Touch { .. } => Call::Touch,
            Self::Delete | Self::DeleteIf { .. } => Call::Delete,
        }
    }
}

impl RedisStore {
    /// Makes the change to the record, and to its entry in `index` if one is named: both or none.
    pub(super) async fn change(
        &self,
        key: &StoreKey,
        index: Option<&str>,
        change: Change<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let key = key.as_bytes();
        let script = match (change, index) {
            (Change::Create { payload, ttl }, None) => {
                let mut cmd = Cmd::with_capacity(6, key.len() + payload.len() + 32);
                cmd.arg("SET").arg(key).arg(payload).arg("PX").arg(ttl).arg("NX");
                return self.send(&cmd, deadline).await;
            }
            (Change::Update { loaded, payload, ttl }, None) => {
                match self.update_natively(key, loaded, payload, ttl, deadline).await {
                    Some(replies) => return replies,
                    None => &scripts::UPDATE,
                }
            }
            (Change::Touch { .. }, None) => &scripts::TOUCH,
            (Change::Delete, None) => {
                return self.send(Cmd::new().arg("DEL").arg(key), deadline).await;
            }
            (Change::DeleteIf { .. }, None) => &scripts::DELETE,
            (Change::Create { .. }, Some(_)) => &scripts::CREATE_OWNED,
            (Change::Update { .. }, Some(_)) => &scripts::UPDATE_OWNED,
            (Change::Touch { .. }, Some(_)) => &scripts::TOUCH_OWNED,
            (Change::Delete | Change::DeleteIf { .. }, Some(_)) => &scripts::DELETE_OWNED,
        };
        let args: &[&[u8]] = match change {
            Change::Create { payload, ttl } => &[payload, ttl.as_bytes()],
            Change::Update { loaded, payload, ttl } => &[loaded, payload, ttl.as_bytes()],
            Change::Touch { loaded, ttl } => &[loaded, ttl.as_bytes()],
            Change::Delete => &[],
            Change::DeleteIf { loaded } => &[loaded],
        };
        let keys: &[&[u8]] = match index {
            Some(index) => &[key, index.as_bytes()],
            None => &[key],
        };
        self.evaluate(script, keys, args, deadline).await
    }

    /// The same as [`scripts::UPDATE`] in a command of the server's own; `None` if it has none, and
    /// then nothing ran.
    async fn update_natively(
        &self,
        key: &[u8],
        loaded: &[u8],
        payload: &[u8],
        ttl: &str,
        deadline: Instant,
    ) -> Option<Result<Vec<Value>, Fault>> {
        if !self.link.has_ifeq(key) {
            return None;
        }
        let mut cmd = Cmd::with_capacity(7, key.len() + loaded.len() + payload.len() + 32);
        cmd.arg("SET").arg(key).arg(payload).arg("IFEQ").arg(loaded).arg("PX").arg(ttl);
        match self.send(&cmd, deadline).await {
            // Another server than the one that was asked, which is older.
            Err(fault) if fault.is_syntax_error() => None,
            // What is no string equals no payload.
            Err(fault) if fault.is_wrong_type() => Some(Ok(vec![Value::Nil])),
            replies => Some(replies),
        }
    }
}
