//! Where a session's record is: under one key, or, while `SESSION_HASH_IDS` changes, one of two.

use super::context::Context;
use super::deadline::{Deadline, Limited};
use super::home::{Home, Presented};
use super::state::State;
use crate::data::Data;
use crate::error::Result;
use crate::id::{IdHash, SessionId};
use crate::store::slot::{LOOKS, Slot, Verdict, claimed, judge};
use crate::store::{Lease, Outcome, Precondition, Record, StoreKey};
use std::pin::Pin;
use tokio::time::Instant;

/// What a store returns for a load.
type Loading<'a> = Pin<Box<dyn Future<Output = Result<Option<Record>>> + Send + 'a>>;

/// Loads the record of `id` that was under `key`, and is by now under what `key` is then; it may be
/// a trace.
///
/// One store call; while both forms of keys are read, two where the first does not decide.
///
/// # Errors
///
/// Those of the store.
pub(crate) fn locate<'a>(
    context: &'a Context,
    id: &'a SessionId,
    key: &'a mut StoreKey,
    deadline: Deadline,
) -> Limited<Loading<'a>> {
    deadline.read(if context.config.hash_ids().reads_both() {
        Box::pin(find(context, id, key, deadline))
    } else {
        context.store.load(key)
    })
}

/// Loads the record of `id` from the key that is written, or from the other one.
async fn find(
    context: &Context,
    id: &SessionId,
    key: &mut StoreKey,
    deadline: Deadline,
) -> Result<Option<Record>> {
    let [plain, hashed] =
        [IdHash::Plain, IdHash::Sha256].map(|form| id.to_key(context.config.key_prefix(), form));
    for _ in 0..LOOKS {
        let (at_plain, at_hashed) = look(context, &plain, &hashed, deadline).await?;
        let (found, record) = match judge(Slot::of(at_plain.as_ref()), Slot::of(at_hashed.as_ref()))
        {
            Verdict::Old => (plain, at_plain),
            Verdict::New => (hashed, at_hashed),
            Verdict::Settle => match settle(context, &hashed, at_hashed, deadline).await? {
                Some(record) => (hashed, Some(record)),
                None => continue,
            },
            Verdict::Again => continue,
            Verdict::Nowhere => return Ok(None),
        };
        *key = found;
        return Ok(record);
    }
    Ok(None)
}

/// Loads from the key that is written, and from the other one if that does not decide.
///
/// A record moves from the plain key to the hashed one and never back. So whoever finds neither a
/// record nor a mark under the plain key, and then nothing under the hashed one, has not missed it;
/// in the other order the mark tells.
async fn look(
    context: &Context,
    plain: &StoreKey,
    hashed: &StoreKey,
    deadline: Deadline,
) -> Result<(Option<Record>, Option<Record>)> {
    let is_hashed_first = context.config.hash_ids().writes_new();
    let [first, second] = if is_hashed_first { [hashed, plain] } else { [plain, hashed] };
    let at_first = deadline.read(context.store.load(first)).await?;
    let is_decided = Slot::of(at_first.as_ref()).decides();
    let at_second =
        if is_decided { None } else { deadline.read(context.store.load(second)).await? };
    Ok(if is_hashed_first { (at_second, at_first) } else { (at_first, at_second) })
}

/// Ends a move that was cut off between its second and its third write, with a full lease; `None` if
/// somebody else came first.
async fn settle(
    context: &Context,
    hashed: &StoreKey,
    claim: Option<Record>,
    deadline: Deadline,
) -> Result<Option<Record>> {
    let Some(claim) = claim else { return Ok(None) };
    let payload = claimed(&claim.payload);
    let record = Record { payload: payload.clone(), ..claim.clone() };
    let data = Data::parse(record, context.limits())?;
    let state = State::new(Home::None, data, Presented::Nothing, Instant::now());
    let ttl = state.full_lease(&context.config).unwrap_or(claim.ttl);
    let owner = state.indexed_owner(&context.config);
    let lease = Lease { ttl, owner: owner.as_deref() };
    let when = Precondition::Unchanged(&claim);
    let write = context.store.write(hashed, payload.clone(), &lease, when);
    Ok(match deadline.write(write).await? {
        Outcome::Written { cas } => Some(Record { payload, cas, ttl }),
        Outcome::Refused => None,
    })
}
