//! The three writes of a move.

use super::claim::Next;
use super::{MigratingStore, Migration, Side};
use crate::error::{ErrorKind, Result};
use crate::store::slot::{CLAIM, MARK, Number, claimed};
use crate::store::{Lease, Outcome, Precondition, Record, StoreKey};
use bytes::Bytes;
use session_codec::is_trace;
use std::time::Duration;

impl MigratingStore {
    /// Whether a write to a record of this side is to move it. What ends a session is written where
    /// the session is.
    pub(super) fn moves(&self, side: Side, payload: &[u8]) -> bool {
        self.migration == Migration::Migrate && side == Side::Old && !is_trace(payload)
    }

    /// Writes to the new store what replaces `loaded` of the old one; `None` if this call has to do
    /// its work where the record is: another one is about to move it, or has written to it, or
    /// there is no room for a claim.
    pub(super) async fn advance(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        loaded: &Record,
    ) -> Result<Option<Outcome>> {
        let number = Number::new()?;
        let Some(claim) = self.claim(key, number, &payload, lease).await? else { return Ok(None) };
        let mark = Lease { ttl: MARK, owner: None };
        let when = Precondition::Unchanged(loaded);
        let marked = self.old.write(key, number.mark(), &mark, when).await;
        match marked {
            Ok(Outcome::Written { .. }) => {}
            // It may stand, and then the claim counts: the next load sees.
            Err(error) if error.kind() == ErrorKind::Unknown => return Err(error),
            Ok(Outcome::Refused) | Err(_) => {
                // One that stays is no session, and ends soon.
                let _ = self.new.delete(key, lease.owner, Some(&claim)).await;
                return marked.map(|_| None);
            }
        }
        // The record has moved, whatever becomes of this: who loads it next does it, or has done it.
        let when = Precondition::Unchanged(&claim);
        let settled = self.new.write(key, payload, lease, when).await;
        let Ok(Outcome::Written { cas }) = settled else {
            return Ok(Some(Outcome::Written { cas: 0 }));
        };
        Ok(Some(Outcome::Written { cas }))
    }

    async fn claim(
        &self,
        key: &StoreKey,
        number: Number,
        payload: &[u8],
        lease: &Lease<'_>,
    ) -> Result<Option<Record>> {
        let claim = number.claim(&Next::encode(lease.ttl_ms(), lease.owner, payload));
        let ttl = lease.ttl.min(CLAIM);
        let claiming = Lease { ttl, owner: lease.owner };
        match self.new.write(key, claim.clone(), &claiming, Precondition::Absent).await {
            Ok(Outcome::Written { cas }) => Ok(Some(Record { payload: claim, cas, ttl })),
            Ok(Outcome::Refused) => Ok(None),
            Err(error) if error.kind() == ErrorKind::TooLarge => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends a move that was cut off between its second and its third write; `None` if somebody else
    /// came first.
    pub(super) async fn settle(
        &self,
        key: &StoreKey,
        claim: Option<Record>,
    ) -> Result<Option<Record>> {
        let Some(claim) = claim else { return Ok(None) };
        let Some(next) = Next::decode(claimed(&claim.payload)) else { return Ok(None) };
        let age = next.ttl.min(CLAIM).saturating_sub(claim.ttl);
        let ttl = next.ttl.saturating_sub(age).max(Duration::from_millis(1));
        let lease = Lease { ttl, owner: next.owner.as_deref() };
        let payload = next.payload.clone();
        let when = Precondition::Unchanged(&claim);
        Ok(match self.new.write(key, payload.clone(), &lease, when).await? {
            Outcome::Written { cas } => Some(Record { payload, cas, ttl }),
            Outcome::Refused => None,
        })
    }
}
