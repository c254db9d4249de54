//! How the broken store keeps its owner index.

use super::store::BrokenStore;
use super::table::Defect;
use session_core::{Bytes, Lease, Outcome, Precondition, Result, Store, StoreKey};
use tokio::task::yield_now;

/// What a listing shows of a store that forgets to ask for the next page.
const PAGE: usize = 100;
const MAX_OWNER: usize = 255;

impl BrokenStore {
    /// The owner as the index knows it.
    pub(crate) fn owner(&self, owner: &str) -> String {
        match self.defect {
            Defect::OwnersIgnoreCase => owner.to_ascii_lowercase(),
            Defect::OwnersAreCut => owner.chars().take(MAX_OWNER).collect(),
            _ => owner.to_owned(),
        }
    }

    pub(crate) async fn create_then_list(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
    ) -> Result<Outcome> {
        let unlisted = Lease { owner: None, ..*lease };
        let outcome = self.inner.write(key, payload, &unlisted, Precondition::Absent).await?;
        yield_now().await;
        if let (Outcome::Written { .. }, Some(now)) = (outcome, self.inner.load(key).await?) {
            let _ = self.inner.touch(key, lease, &now).await?;
        }
        Ok(outcome)
    }

    pub(crate) async fn enlist(&self, key: &StoreKey, owner: &str) {
        let mut listed = self.listed.lock().unwrap().clone();
        if self.defect == Defect::IndexIsReadThenWritten {
            yield_now().await;
        }
        listed.push((owner.to_owned(), key.clone()));
        *self.listed.lock().unwrap() = listed;
    }

    pub(crate) async fn list(&self, owner: &str) -> Result<Vec<StoreKey>> {
        let mut keys = self.inner.list_by_owner(&self.owner(owner)).await?;
        let listed = self.listed.lock().unwrap().clone();
        match self.defect {
            Defect::ListsOnePage => keys.truncate(PAGE),
            Defect::IndexIsReadThenWritten => {
                keys.retain(|key| listed.iter().any(|(_, entry)| entry == key));
            }
            _ => {}
        }
        for (of, key) in listed {
            let is_past = self.past(&key).is_some();
            let adds = match self.defect {
                Defect::ListsDeletedRecords => of == owner && !is_past,
                Defect::ListsExpiredRecords => of == owner && is_past,
                Defect::ListsRefusedCalls => of == owner && is_past && keys.is_empty(),
                Defect::ListsOthersRecords => true,
                _ => false,
            };
            if adds && !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}
