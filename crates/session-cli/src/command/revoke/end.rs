//! The end of one session that was found by reading the store.

use crate::site::Site;
use web_session::{ErrorKind, Record, Result, SessionInfo, StoreKey};

/// Times that requests of the session may write to it meanwhile.
const TRIES: usize = 10;

pub(super) enum End {
    Ended,
    /// There is nothing left under its key that is meant.
    Moved,
}

/// Removes `record` from `key`, or what requests have made of it since, while that `is_meant`.
///
/// Each removal is conditional: what is under the key once the session has moved stays there, since
/// it keeps late requests from bringing the session back.
pub(super) async fn end(
    site: &Site,
    key: StoreKey,
    record: Record,
    is_meant: impl Fn(&SessionInfo) -> bool,
) -> Result<End> {
    let mut record = record;
    for _ in 0..TRIES {
        let owner = site.manager.info(&key, record.clone());
        let owner = owner.as_ref().and_then(SessionInfo::owner).filter(|_| site.has_owner_index());
        match site.store().delete(&key, owner, Some(&record)).await {
            Ok(true) => return Ok(End::Ended),
            Ok(false) => {}
            // A delete that is repeated does no harm, and the next look says what came of it.
            Err(error) if error.kind() == ErrorKind::Unknown => {}
            Err(error) => return Err(error),
        }
        let Some(newer) = site.store().load(&key).await? else { return Ok(End::Moved) };
        if !site.manager.info(&key, newer.clone()).is_some_and(|info| is_meant(&info)) {
            return Ok(End::Moved);
        }
        record = newer;
    }
    Ok(End::Moved)
}
