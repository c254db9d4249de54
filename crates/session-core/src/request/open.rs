//! From cookie fields to a session: parse, verify, then one load.

use super::context::Context;
use super::deadline::Deadline;
use super::state::{Address, Home, Presented, State};
use crate::config::Undecodable;
use crate::cookie;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionId;
use crate::signer::SignedBy;
use crate::store::Record;
use smallvec::SmallVec;
use tokio::time::Instant;

/// Distinct well-formed ids of our cookie's name that are looked up; more is an attack.
const MAX_CANDIDATES: usize = 3;

struct Candidate {
    id: SessionId,
    signed_by: SignedBy,
}

/// Opens the session that the cookies name.
///
/// Malformed, unverified and unknown ids open an empty session under no id at all. If several
/// live sessions are named, somebody tosses cookies, and none of them is believed.
pub(crate) async fn open<'h, H>(context: &Context, headers: H) -> Result<Box<State>>
where
    H: IntoIterator<Item = &'h [u8]>,
{
    let (candidates, presented) = candidates(context, headers);
    let started = Instant::now();
    let mut found: Option<Box<State>> = None;
    let deadline = Deadline::after(started, context.config.timeout());
    for candidate in &candidates {
        let key = context.key(&candidate.id);
        let load = deadline.read(context.store.load(&key));
        let record = context.telemetry.in_load_span(load).await;
        let record = record.inspect_err(|error| context.telemetry.load_failed(error))?;
        let Some(record) = record else {
            context.telemetry.missed();
            continue;
        };
        let address = Address { id: candidate.id.clone(), key };
        let presented = match candidate.signed_by {
            SignedBy::Newest => Presented::Cookie,
            SignedBy::Older => Presented::OldSignature,
        };
        let Some(state) = adopt(context, address, record, presented, started)? else { continue };
        if found.is_some() {
            context.telemetry.ambiguous();
            found = None;
            break;
        }
        found = Some(state);
    }
    Ok(found.unwrap_or_else(|| {
        Box::new(State::new(Home::None, Data::empty(context.limits), presented, started))
    }))
}

/// Loads the session at a known address for a handle that outlived its response.
///
/// # Errors
///
/// `Gone` if there is no live record, and those of the store.
pub(crate) async fn reopen(context: &Context, address: Option<Address>) -> Result<Box<State>> {
    let gone = || Error::new(ErrorKind::Gone, "reopen a session that ended or was never stored");
    let address = address.ok_or_else(gone)?;
    let started = Instant::now();
    let load = context.store.load(&address.key);
    let record = context.deadline().read(load).await?.ok_or_else(gone)?;
    let state = adopt(context, address, record, Presented::Nothing, started)?;
    let mut state = state.ok_or_else(gone)?;
    if matches!(state.home, Home::Undecodable(_)) {
        return Err(Error::new(ErrorKind::Decode, "reopen a session whose record is undecodable"));
    }
    state.is_detached = true;
    Ok(state)
}

/// Reads every cookie of our name over all fields; none if there are suspiciously many.
fn candidates<'h, H>(context: &Context, headers: H) -> (SmallVec<[Candidate; 1]>, Presented)
where
    H: IntoIterator<Item = &'h [u8]>,
{
    let mut candidates: SmallVec<[Candidate; 1]> = SmallVec::new();
    let mut presented = Presented::Nothing;
    let name = context.config.cookie().name.as_bytes();
    for header in headers {
        for value in cookie::values(header, name) {
            presented = Presented::Cookie;
            let Some(candidate) = verify(context, value) else {
                context.telemetry.forged();
                continue;
            };
            if candidates.iter().any(|known| known.id.as_str() == candidate.id.as_str()) {
                continue;
            }
            if candidates.len() == MAX_CANDIDATES {
                context.telemetry.ambiguous();
                candidates.clear();
                return (candidates, presented);
            }
            candidates.push(candidate);
        }
    }
    (candidates, presented)
}

fn verify(context: &Context, value: &[u8]) -> Option<Candidate> {
    let syntax = context.config.id_syntax();
    match &context.signer {
        Some(signer) => {
            let verified = signer.verify(value, syntax)?;
            Some(Candidate { id: verified.id, signed_by: verified.signed_by })
        }
        None => {
            let id = SessionId::parse(value, syntax)?;
            Some(Candidate { id, signed_by: SignedBy::Newest })
        }
    }
}

/// Makes a session of a loaded record; `None` if its absolute lifetime or fixed end is over.
fn adopt(
    context: &Context,
    address: Address,
    record: Record,
    presented: Presented,
    started: Instant,
) -> Result<Option<Box<State>>> {
    let payload_len = record.payload.len();
    let data = Data::empty(context.limits);
    let mut state = Box::new(State::new(Home::None, data, presented, started));
    if let Err(error) = state.data.fill(record) {
        context.telemetry.undecodable(&error);
        return match context.config.undecodable() {
            Undecodable::Error => Err(Error::new(
                ErrorKind::Decode,
                "decode the stored session; end it, or set SESSION_UNDECODABLE=fresh",
            )
            .with_source(error)),
            Undecodable::Fresh => {
                state.home = Home::Undecodable(address);
                Ok(Some(state))
            }
        };
    }
    state.home = Home::Stored(address);
    if state.full_lease(&context.config).is_none() {
        context.telemetry.expired();
        return Ok(None);
    }
    if context.config.absolute_lifetime().is_some() && state.created().is_none() {
        // A record from before the setting: its age counts from now on.
        state.stamp()?;
    }
    context.telemetry.hit(payload_len, started);
    Ok(Some(state))
}
