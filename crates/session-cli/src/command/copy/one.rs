//! One record: where it goes, as what, and whether it has arrived.

use super::counts::{Fate, Kind};
use crate::failure::Failure;
use crate::site::Site;
use std::time::Duration;
use tokio::time::Instant;
use web_session::{
    Bytes, Error, ErrorKind, Format, IdHash, IdSyntax, Lease, Precondition, Record, Result,
    SessionId, SessionInfo, StoreKey,
};

/// How far what is left of a life may be off, apart from the store's own resolution.
const TTL_TOLERANCE: Duration = Duration::from_secs(2);

/// The longest lease that a store is given (`Lease`).
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// What a copy changes.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    pub(super) format: Option<Format>,
    pub(super) hashes_ids: bool,
}

/// Writes the record unless there is one, and reads it back.
///
/// # Errors
///
/// Those after which no other record would fare better: the store is gone, or refuses to serve.
pub(super) async fn copy(
    from: &Site,
    to: &Site,
    ways: Ways,
    key: StoreKey,
    record: Record,
    read_at: Instant,
) -> std::result::Result<Fate, Failure> {
    let Some(target) = target(&key, &from.name.prefix, &to.name.prefix, ways) else {
        return Ok(Fate::Refused("its key is of no id, so it has no hash".to_owned()));
    };
    let ttl = record.ttl;
    let info = from.manager.info(&key, record.clone());
    let (kind, payload) = match payload(info.as_ref(), &record, ways) {
        Ok(encoded) => encoded,
        Err(error) => return Ok(Fate::Refused(format!("{error:#}"))),
    };
    let owner = info.as_ref().and_then(SessionInfo::owner).filter(|_| to.has_owner_index());
    let ttl = ttl.saturating_sub(read_at.elapsed());
    if ttl.is_zero() {
        return Ok(Fate::Expired);
    }
    let lease = Lease { ttl, owner };
    let written_at = Instant::now();
    let written = to.store().write(&target, payload.clone(), &lease, Precondition::Absent).await;
    let is_ours = match written {
        Ok(outcome) => outcome.is_written(),
        // The next look says what came of it.
        Err(error) if error.kind() == ErrorKind::Unknown => false,
        Err(error) if is_of_record(&error) => return Ok(Fate::Refused(format!("{error:#}"))),
        Err(error) => return Err(error.into()),
    };
    let found = to.store().load(&target).await?;
    let left = ttl.saturating_sub(written_at.elapsed());
    let step = to.store().capabilities().ttl_resolution;
    Ok(judge(is_ours, &payload, left, found.as_ref(), step).unwrap_or(Fate::Copied(kind)))
}

/// The key in the target; `None` if the id is to be hashed and there is none.
fn target(key: &StoreKey, from: &str, to: &str, ways: Ways) -> Option<StoreKey> {
    let name = key.as_str().strip_prefix(from)?;
    if !ways.hashes_ids {
        return Some(StoreKey::new(to, name));
    }
    match SessionId::parse(name.as_bytes(), IdSyntax::Base64UrlOrUuid) {
        Some(id) => Some(id.to_key(to, IdHash::Sha256)),
        // It is a hash already.
        None if is_digest(name) => Some(StoreKey::new(to, name)),
        None => None,
    }
}

fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What is written. What is no session, or cannot be decoded, stays as it is.
fn payload(info: Option<&SessionInfo>, record: &Record, ways: Ways) -> Result<(Kind, Bytes)> {
    let as_it_is = record.payload.clone();
    Ok(match (info, ways.format) {
        (None, _) => (Kind::Trace, as_it_is),
        (Some(info), _) if info.is_undecodable() => (Kind::Undecodable, as_it_is),
        (Some(info), Some(format)) => (Kind::Session, info.encoded(format)?),
        (Some(_), None) => (Kind::Session, as_it_is),
    })
}

/// Whether another record may be taken where this one was not.
fn is_of_record(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::Encode | ErrorKind::Decode)
}

/// What the record that was found after the write makes of it; `None` if it has arrived.
fn judge(
    is_ours: bool,
    payload: &Bytes,
    left: Duration,
    found: Option<&Record>,
    step: Duration,
) -> Option<Fate> {
    let tolerance = TTL_TOLERANCE + step;
    match found {
        // What a store rounds or caps is not over for that.
        None if left <= tolerance => Some(Fate::Expired),
        None if is_ours => Some(Fate::Unverified("it was gone when it was read back")),
        None => Some(Fate::Refused("an expired record is in its place: sweep first".to_owned())),
        Some(found) if found.payload != *payload => Some(match is_ours {
            true => Fate::Unverified("it was another record when it was read back"),
            false => Fate::Different,
        }),
        Some(_) if !is_ours => Some(Fate::Same),
        Some(found) if found.ttl.abs_diff(left.min(LONGEST)) > tolerance => {
            Some(Fate::Unverified("it has another time to live than it was given"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Ways, judge, target};
    use std::time::Duration;
    use web_session::{Bytes, IdHash, IdSyntax, Record, SessionId, StoreKey};

    const ID: &str = "KbGRSDJLrd_lLDHhTiWkh6tPnzdzrGhIRKTQd0sFyck";

    #[test]
    fn keys_get_the_prefix_of_the_target_and_maybe_a_hash() {
        let hashed = SessionId::parse(ID.as_bytes(), IdSyntax::Base64Url).unwrap();
        let hashed = hashed.to_key("to:", IdHash::Sha256);
        let digest = "0".repeat(64);
        for (name, hashes_ids, expected) in [
            (ID, false, Some(StoreKey::new("to:", ID))),
            ("odd", false, Some(StoreKey::new("to:", "odd"))),
            (ID, true, Some(hashed)),
            (&digest, true, Some(StoreKey::new("to:", &digest))),
            ("odd", true, None),
        ] {
            let ways = Ways { format: None, hashes_ids };
            let found = target(&StoreKey::new("from:", name), "from:", "to:", ways);
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn what_is_found_after_the_write_decides() {
        let ours = Bytes::from("a");
        let record = |payload: &'static str, secs| {
            Some(Record { payload: payload.into(), cas: 0, ttl: Duration::from_secs(secs) })
        };
        for (is_ours, left, found, expected) in [
            (true, 60, record("a", 60), None),
            (true, 60, record("a", 58), None),
            (true, 60, record("a", 56), Some("Unverified")),
            (true, 60, record("a", 64), Some("Unverified")),
            (true, 60, record("b", 60), Some("Unverified")),
            (true, 60, None, Some("Unverified")),
            (true, 1, None, Some("Expired")),
            (false, 60, record("a", 9), Some("Same")),
            (false, 60, record("b", 60), Some("Different")),
            (false, 60, None, Some("Refused")),
            (true, u64::MAX, record("a", 100 * 365 * 86_400), None),
        ] {
            let step = Duration::from_secs(1);
            let fate = judge(is_ours, &ours, Duration::from_secs(left), found.as_ref(), step);
            let said = fate.as_ref().map(|fate| format!("{fate:?}"));
            assert!(
                match (&said, expected) {
                    (None, None) => true,
                    (Some(said), Some(expected)) => said.starts_with(expected),
                    _ => false,
                },
                "{is_ours} {left} {found:?}: {said:?}"
            );
        }
    }
}
