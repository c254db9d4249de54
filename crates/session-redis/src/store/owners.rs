//! The index of owners: a sorted set per owner, of the keys of its records.
//!
//! The invariant: a live record that was written for an owner has an entry that ends after it. So
//! the entry is made before the record and removed after it, only by a call that knows of no other
//! in need of it; whoever needs it gives it a new score. An entry without a live record is skipped
//! when the index is read, and trimmed when it has ended.
//!
//! Where one script may name both keys, entry and record change together. In a cluster they lie in
//! different slots, and the entry is a call of its own.

use super::change::Change;
use super::reply::{outcome, scanned};
use super::{RedisStore, scripts};
use crate::connection::Commands;
use crate::error::{self, STORE};
use futures_util::future::try_join_all;
use redis::{Cmd, ServerErrorKind, Value};
use session_core::store::{Call, no_owner_index};
use session_core::{Outcome, Result, StoreKey};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::Instant;

/// How many entries are asked for, and records looked at, at a time.
const PAGE: usize = 256;

/// What the store knows of the index, if it keeps one.
pub(super) struct Owners {
    /// Whether the server refused a script with keys in different slots, or will.
    is_cluster: AtomicBool,
}

impl Owners {
    pub(super) fn new(is_cluster: bool) -> Self {
        Self { is_cluster: AtomicBool::new(is_cluster) }
    }
}

impl RedisStore {
    /// Makes the change, and that of the entry in the owner's index if there is one.
    pub(super) async fn apply(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        change: Change<'_>,
    ) -> Result<Outcome> {
        let outcome = self.make(key, owner, change).await;
        // What was refused is not what is held, either, and what was lost may have been done.
        if self.has_near {
            self.link.forget(key.as_bytes());
        }
        outcome
    }

    async fn make(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        change: Change<'_>,
    ) -> Result<Outcome> {
        let deadline = self.deadline();
        let Some((owners, owner)) = self.owners.as_ref().zip(owner) else {
            return outcome(change.call(), self.change(key, None, change, deadline).await);
        };
        let index = index(owner);
        if !owners.is_cluster.load(Ordering::Relaxed) {
            match self.change(key, Some(&index), change, deadline).await {
                // Sent before anything ran.
                Err(fault) if fault.is_reply(ServerErrorKind::CrossSlot) => {
                    owners.is_cluster.store(true, Ordering::Relaxed);
                }
                reply => return outcome(change.call(), reply),
            }
        }
        match change {
            Change::Create { ttl, .. } | Change::Update { ttl, .. } | Change::Touch { ttl, .. } => {
                self.change_after_entry(key, &index, ttl, change, deadline).await
            }
            Change::Delete | Change::DeleteIf { .. } => {
                self.delete_before_entry(key, &index, change, deadline).await
            }
        }
    }

    async fn change_after_entry(
        &self,
        key: &StoreKey,
        index: &str,
        ttl: &str,
        change: Change<'_>,
        deadline: Instant,
    ) -> Result<Outcome> {
        let args = [key.as_bytes(), ttl.as_bytes()];
        let entered = self.evaluate(&scripts::ENTER, &[index.as_bytes()], &args, deadline).await;
        let entered = entered.map_err(|fault| fault.into_error(Call::Enter))?;
        let score = match &entered[..] {
            [Value::BulkString(score)] => Some(score),
            [Value::Nil] => None,
            _ => return Err(error::unexpected(Call::Enter)),
        };
        let outcome = outcome(change.call(), self.change(key, None, change, deadline).await)?;
        if let (Outcome::Refused, Some(score)) = (outcome, score) {
            let args = [key.as_bytes(), score];
            // An entry that stays is trimmed when it has ended.
            let _ = self.evaluate(&scripts::LEAVE, &[index.as_bytes()], &args, deadline).await;
        }
        Ok(outcome)
    }

    async fn delete_before_entry(
        &self,
        key: &StoreKey,
        index: &str,
        change: Change<'_>,
        deadline: Instant,
    ) -> Result<Outcome> {
        let outcome = outcome(change.call(), self.change(key, None, change, deadline).await)?;
        // What was refused may have been changed, and then lives on.
        if outcome.is_written() || matches!(change, Change::Delete) {
            let mut cmd = Cmd::new();
            cmd.arg("ZREM").arg(index).arg(key.as_bytes());
            // An entry that stays is trimmed when it has ended.
            let _ = self.send(&cmd, deadline).await;
        }
        Ok(outcome)
    }

    /// Reads the index of `owner` page by page, each within the operation timeout.
    ///
    /// Scanning returns every entry that is there throughout, however many come and go meanwhile.
    pub(super) async fn list(&self, owner: &str) -> Result<Vec<StoreKey>> {
        if self.owners.is_none() {
            return Err(no_owner_index(STORE, "set SESSION_OWNER_INDEX=true"));
        }
        let index = index(owner);
        let mut keys = Vec::new();
        let mut cursor = b"0".to_vec();
        loop {
            let deadline = self.deadline();
            let mut scan = Cmd::new();
            scan.arg("ZSCAN").arg(&index).arg(&cursor).arg("COUNT").arg(PAGE);
            let (next, entries) = page(self.ask(&scan, deadline).await?)?;
            for some in entries.chunks(PAGE) {
                let checks = some.iter().map(|key| self.is_live(key, deadline));
                let are_live = try_join_all(checks).await?;
                let live = some.iter().zip(are_live).filter(|(_, is_live)| *is_live);
                keys.extend(live.map(|(key, _)| key.clone()));
            }
            if next == b"0" {
                break;
            }
            cursor = next;
        }
        // A scan may return an entry twice.
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// Whether `key` holds a record; `TYPE` tells for a key of any type, and reads no payload.
    async fn is_live(&self, key: &StoreKey, deadline: Instant) -> Result<bool> {
        let mut question = Cmd::new();
        question.arg("TYPE").arg(key.as_bytes());
        match &self.ask(&question, deadline).await?[..] {
            [Value::SimpleString(kind)] => Ok(kind == "string"),
            _ => Err(error::unexpected(Call::List)),
        }
    }

    async fn ask(&self, cmd: &Cmd, deadline: Instant) -> Result<Vec<Value>> {
        self.read(Call::List, Commands::One(cmd), deadline).await
    }
}

/// The key of an owner's index.
///
/// A session's key ends in an id, of 22 characters or more without a colon, so under no prefix is
/// it this one. The digest keeps personal data, and bytes of any kind, out of the name.
fn index(owner: &str) -> String {
    let digest = Sha256::digest(owner.as_bytes());
    let mut name = String::with_capacity(83);
    name.push_str("session-owner:");
    for byte in digest {
        // Writing to a `String` cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name.push_str(":keys");
    name
}

/// Reads the reply of `ZSCAN`: the next cursor, then members and scores by turns. A member that is
/// no text is no key of ours.
fn page(replies: Vec<Value>) -> Result<(Vec<u8>, Vec<StoreKey>)> {
    let reply = <[Value; 1]>::try_from(replies).ok().and_then(|[reply]| scanned(reply));
    let (cursor, entries) = reply.ok_or_else(|| error::unexpected(Call::List))?;
    let keys = entries.iter().step_by(2).filter_map(|member| match member {
        Value::BulkString(member) => std::str::from_utf8(member).ok(),
        _ => None,
    });
    Ok((cursor, keys.map(|key| StoreKey::new("", key)).collect()))
}

#[cfg(test)]
mod tests {
    use super::{index, page};
    use redis::Value;
    use session_core::{ErrorKind, StoreKey};

    fn bulk(bytes: &[u8]) -> Value {
        Value::BulkString(bytes.into())
    }

    #[test]
    fn index_is_named_by_a_digest_of_the_owner() {
        let of_42 = "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049";
        assert_eq!(index("42"), format!("session-owner:{of_42}:keys"));
        for owner in ["", "zoe@example.org", "a\0\r\n:*{}", &"x".repeat(100_000)] {
            let name = index(owner);
            assert_eq!(name.len(), 83, "{owner:?}");
            assert!(name[name.len() - 22..].contains(':'), "no id ends like this");
        }
        assert_ne!(index("zoe"), index("Zoe"));
    }

    #[test]
    fn members_that_are_no_text_are_skipped() {
        let entries = [&b"session:a"[..], b"1", b"\xff", b"2", b"session:b", b"3"];
        let entries = Value::Array(entries.into_iter().map(bulk).collect());
        let (cursor, keys) = page(vec![Value::Array(vec![bulk(b"7"), entries])]).unwrap();
        assert_eq!(cursor, b"7");
        assert_eq!(keys, [StoreKey::new("session:", "a"), StoreKey::new("session:", "b")]);
    }

    #[test]
    fn reply_of_another_shape_is_an_error() {
        for reply in [Value::Nil, Value::Array(vec![]), Value::Array(vec![bulk(b"0"), Value::Nil])]
        {
            assert_eq!(page(vec![reply]).unwrap_err().kind(), ErrorKind::Decode);
        }
    }
}
