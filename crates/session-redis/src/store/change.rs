//! The writes of one record: what each sends, with an entry in its owner's index and without.

use super::RedisStore;
use super::scripts::{self, Script};
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
    /// Makes the change to the record alone.
    pub(super) async fn change(
        &self,
        key: &StoreKey,
        change: Change<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let key = key.as_bytes();
        let (script, args): (_, &[&[u8]]) = match change {
            Change::Create { payload, ttl } => {
                let mut cmd = Cmd::with_capacity(6, key.len() + payload.len() + 32);
                cmd.arg("SET").arg(key).arg(payload).arg("PX").arg(ttl).arg("NX");
                return self.send(&cmd, deadline).await;
            }
            Change::Delete => return self.send(Cmd::new().arg("DEL").arg(key), deadline).await,
            Change::Update { loaded, payload, ttl } => {
                (&scripts::UPDATE, &[loaded, payload, ttl.as_bytes()])
            }
            Change::Touch { loaded, ttl } => (&scripts::TOUCH, &[loaded, ttl.as_bytes()]),
            Change::DeleteIf { loaded } => (&scripts::DELETE, &[loaded]),
        };
        self.evaluate(script, &[key], args, deadline).await
    }

    /// Makes the change to the record and to its entry in `index`, both or none.
    pub(super) async fn change_owned(
        &self,
        key: &StoreKey,
        index: &str,
        change: Change<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let (script, args): (&Script, &[&[u8]]) = match change {
            Change::Create { payload, ttl } => (&scripts::CREATE_OWNED, &[payload, ttl.as_bytes()]),
            Change::Update { loaded, payload, ttl } => {
                (&scripts::UPDATE_OWNED, &[loaded, payload, ttl.as_bytes()])
            }
            Change::Touch { loaded, ttl } => (&scripts::TOUCH_OWNED, &[loaded, ttl.as_bytes()]),
            Change::Delete => (&scripts::DELETE_OWNED, &[]),
            Change::DeleteIf { loaded } => (&scripts::DELETE_OWNED, &[loaded]),
        };
        self.evaluate(script, &[key.as_bytes(), index.as_bytes()], args, deadline).await
    }
}
