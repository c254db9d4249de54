//! How the broken store makes changes.

use super::store::{BrokenStore, YEAR};
use super::table::Defect;
use session_core::{Bytes, Lease, Outcome, Precondition, Record, Result, Store, StoreKey};
use tokio::task::yield_now;

impl BrokenStore {
    /// Puts `payload` there, whatever was there.
    async fn force(&self, key: &StoreKey, payload: Bytes, lease: &Lease<'_>) -> Result<Outcome> {
        let current = self.inner.load(key).await?;
        let when = current.as_ref().map_or(Precondition::Absent, Precondition::Unchanged);
        self.inner.write(key, payload, lease, when).await
    }

    pub(crate) async fn create(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
    ) -> Result<Outcome> {
        let past = self.past(key);
        match self.defect {
            Defect::CreateOverwrites => self.force(key, payload, lease).await,
            Defect::CreateChecksThenActs => {
                if self.inner.load(key).await?.is_some() {
                    return Ok(Outcome::Refused);
                }
                yield_now().await;
                self.force(key, payload, lease).await
            }
            Defect::CreateListsLast => self.create_then_list(key, payload, lease).await,
            Defect::CreateIsForgotten if past.is_some() => Ok(Outcome::Written { cas: 0 }),
            Defect::CreateOverExpiredIsHalf => {
                let payload = past.map_or(payload, |past| past.payload);
                self.inner.write(key, payload, lease, Precondition::Absent).await
            }
            _ => self.inner.write(key, payload, lease, Precondition::Absent).await,
        }
    }

    pub(crate) async fn update(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        loaded: &Record,
    ) -> Result<Outcome> {
        let when = Precondition::Unchanged(loaded);
        let current = self.inner.load(key).await?;
        let is_current = current.as_ref().is_some_and(|now| now.payload == loaded.payload);
        match (self.defect, current) {
            (Defect::UpdateCreates, None) => self.force(key, payload, lease).await,
            (Defect::UpdateIgnoresLoaded, Some(_)) => self.force(key, payload, lease).await,
            (Defect::UpdateChecksThenActs, Some(_)) if is_current => {
                yield_now().await;
                self.force(key, payload, lease).await
            }
            (Defect::UpdateDeletesThenCreates, Some(now)) if is_current => {
                self.inner.delete(key, None, Some(&now)).await?;
                yield_now().await;
                self.inner.write(key, payload, lease, Precondition::Absent).await
            }
            (Defect::UpdateKeepsTheOldLease, Some(now)) => {
                let lease = Lease { ttl: now.ttl, ..*lease };
                self.inner.write(key, payload, &lease, when).await
            }
            (Defect::UpdateRevivesExpired, None) => match self.past(key) {
                Some(past) if past.payload == loaded.payload => {
                    self.force(key, payload, lease).await
                }
                _ => Ok(Outcome::Refused),
            },
            (Defect::UpdateAppends, Some(now))
                if is_current && payload.len() < now.payload.len() =>
            {
                let tail = now.payload.slice(payload.len()..);
                self.inner.write(key, [payload, tail].concat().into(), lease, when).await
            }
            (Defect::UpdateForgetsOwner, _) => {
                self.inner.write(key, payload, &Lease { owner: None, ..*lease }, when).await
            }
            _ => self.inner.write(key, payload, lease, when).await,
        }
    }

    pub(crate) async fn renew(
        &self,
        key: &StoreKey,
        lease: &Lease<'_>,
        loaded: &Record,
    ) -> Result<Outcome> {
        let current = self.inner.load(key).await?;
        let is_current = current.as_ref().is_some_and(|now| now.payload == loaded.payload);
        match (self.defect, current) {
            (Defect::TouchCreates, None) => self.force(key, loaded.payload.clone(), lease).await,
            (Defect::TouchIgnoresLoaded, Some(now)) => self.inner.touch(key, lease, &now).await,
            (Defect::TouchRevivesExpired, None) if self.past(key).is_some() => {
                self.force(key, loaded.payload.clone(), lease).await
            }
            (Defect::TouchOnlyExtends, Some(now)) if is_current => {
                let ttl = now.ttl.max(lease.ttl);
                self.inner.touch(key, &Lease { ttl, ..*lease }, &now).await
            }
            (Defect::TouchForgetsOwner, Some(now)) if is_current => {
                self.inner.delete(key, None, None).await?;
                let lease = Lease { owner: None, ..*lease };
                self.inner.write(key, now.payload, &lease, Precondition::Absent).await
            }
            (Defect::TouchNamesNoOwner, Some(_)) => {
                let is_listed = |owner: &str| {
                    let listed = self.listed.lock().unwrap();
                    listed.iter().any(|entry| *entry == (owner.to_owned(), key.clone()))
                };
                let owner = lease.owner.filter(|owner| is_listed(owner));
                self.inner.touch(key, &Lease { owner, ..*lease }, loaded).await
            }
            (Defect::TouchEmptiesThenRestores, Some(_)) if is_current => {
                let _ = self.force(key, Bytes::new(), lease).await?;
                yield_now().await;
                self.force(key, loaded.payload.clone(), lease).await
            }
            _ => self.inner.touch(key, lease, loaded).await,
        }
    }

    /// What a broken delete answers; `None` leaves it to the sound one.
    pub(crate) async fn wrong_delete(
        &self,
        key: &StoreKey,
        expected: Option<&Record>,
    ) -> Result<Option<bool>> {
        let expired = self.inner.load(key).await?.is_none() && self.past(key).is_some();
        match self.defect {
            Defect::DeleteIgnoresExpected => {
                return self.inner.delete(key, None, None).await.map(Some);
            }
            Defect::DeleteNeedsNoRecord => {
                let removed = self.inner.delete(key, None, expected).await?;
                return Ok(Some(removed || expected.is_none()));
            }
            Defect::DeleteChecksThenActs => {
                let found = self.inner.load(key).await?;
                yield_now().await;
                let holds = found.is_some_and(|now| {
                    expected.is_none_or(|expected| expected.payload == now.payload)
                });
                if holds {
                    self.inner.delete(key, None, None).await?;
                }
                return Ok(Some(holds));
            }
            Defect::DeleteCountsExpired if expired => {
                return Ok(Some(self.past.lock().unwrap().remove(key).is_some()));
            }
            Defect::DeleteBlanksThenRemoves => {
                if let Some(now) = self.inner.load(key).await?
                    && expected.is_none_or(|expected| expected.payload == now.payload)
                {
                    let _ =
                        self.force(key, Bytes::new(), &Lease { ttl: YEAR, owner: None }).await?;
                    yield_now().await;
                    return self.inner.delete(key, None, None).await.map(Some);
                }
                return Ok(Some(false));
            }
            Defect::DeleteDoesNothing => {
                let found = self.inner.load(key).await?.is_some_and(|now| {
                    expected.is_none_or(|expected| expected.payload == now.payload)
                });
                return Ok(Some(found));
            }
            Defect::DeleteTakesKeysThatBeginAlike => {
                for other in self.past_keys() {
                    if other != *key && other.as_str().starts_with(key.as_str()) {
                        self.inner.delete(&other, None, None).await?;
                    }
                }
            }
            Defect::ConditionalDeleteDoesNothing if expected.is_some() => return Ok(Some(false)),
            _ => {}
        }
        Ok(None)
    }
}
