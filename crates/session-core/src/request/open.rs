//! From a request's fields to a session: parse, verify, then load.

use super::candidates::Candidates;
use super::context::Context;
use super::deadline::Deadline;
use super::find::locate;
use super::home::{Address, Home, Presented};
use super::state::State;
use super::told;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdHash, SessionId};
use crate::observer::Refusal;
use crate::signer::SignedBy;
use crate::store::{Record, unix_time};
use session_codec as codec;
use smallvec::SmallVec;
use tokio::time::Instant;

/// Opens the session that the cookies name.
///
/// Malformed, unverified and unknown ids open an empty session under no id at all. If several live
/// sessions are named, none of them is believed: cookies of another path or domain, or of somebody
/// who can set cookies here, are no sign-in. Cookies of a former name count where there is no session
/// under the present one.
pub(crate) async fn open<'h, H>(context: &Context, headers: H) -> Result<Box<State>>
where
    H: IntoIterator<Item = &'h [u8]>,
{
    let mut sent = Candidates::read(context, headers);
    let (presented, is_former_sent) = (sent.presented, sent.former.is_some());
    let mut is_former = false;
    let started = Instant::now();
    let deadline = Deadline::after(started, context.config.timeout());
    let mut state = loop {
        let mut live: SmallVec<[Box<State>; 1]> = SmallVec::new();
        let mut is_moved = false;
        for candidate in &sent.candidates {
            let mut key = context.key(&candidate.id);
            let load = locate(context, &candidate.id, &mut key, deadline);
            let record = context.telemetry.in_load_span(load).await;
            let record = record.inspect_err(|error| context.telemetry.load_failed(error))?;
            let Some(record) = record else {
                context.telemetry.missed();
                continue;
            };
            let address = Address { id: candidate.id.clone(), key };
            let presented = match candidate.signed_by {
                _ if is_former => Presented::OldForm,
                SignedBy::Older => Presented::OldForm,
                SignedBy::Nobody if context.signing().is_some() => Presented::OldForm,
                SignedBy::Newest | SignedBy::Nobody => Presented::Cookie,
            };
            match adopt(context, address, record, presented, started)? {
                Adopted::Session(state) => {
                    if context.is_changing {
                        note_form(context, candidate.signed_by, is_former, &state);
                    }
                    live.push(state);
                }
                Adopted::Moved => is_moved = true,
                Adopted::Over => {}
            }
        }
        let home = match live.pop() {
            Some(state) if live.is_empty() => break state,
            Some(state) => {
                live.push(state);
                let ended = |state: &State| {
                    Some((state.home.address()?.clone(), state.to_end(&context.config)))
                };
                Home::Several(live.iter().filter_map(|state| ended(state)).collect())
            }
            None if sent.are_too_many => Home::Several(Vec::new()),
            None if is_moved => Home::Moved,
            None => match sent.former.take() {
                Some(former) => {
                    (sent, is_former) = (*former, true);
                    continue;
                }
                None => Home::None,
            },
        };
        if let Home::Several(_) = home {
            context.telemetry.ambiguous();
            told::refused(context, Refusal::Ambiguous, None);
        }
        break Box::new(State::new(home, Data::empty(context.limits()), presented, started));
    };
    state.is_former_sent = is_former_sent;
    Ok(state)
}

/// Loads the session of a known id for a handle that outlived its response.
///
/// # Errors
///
/// `Gone` if there is no live record, and those of the store.
pub(crate) async fn reopen(context: &Context, id: Option<SessionId>) -> Result<Box<State>> {
    let gone = || Error::new(ErrorKind::Gone, "reopen a session that ended or was never stored");
    let id = id.ok_or_else(gone)?;
    let mut key = context.key(&id);
    let started = Instant::now();
    let load = locate(context, &id, &mut key, context.deadline());
    let record = load.await?.ok_or_else(gone)?;
    let address = Address { id, key };
    let adopted = adopt(context, address, record, Presented::Nothing, started)?;
    let Adopted::Session(mut state) = adopted else { return Err(gone()) };
    if matches!(state.home, Home::Undecodable(_)) {
        return Err(Error::new(ErrorKind::Decode, "reopen a session whose record is undecodable"));
    }
    state.is_detached = true;
    Ok(state)
}

/// Counts a session that was opened in a form that is read and not written, for the time of a change.
#[cold]
fn note_form(context: &Context, signed_by: SignedBy, is_former: bool, state: &State) {
    let config = &context.config;
    if is_former {
        context.telemetry.other_form("former_name");
    }
    let is_signed = signed_by != SignedBy::Nobody;
    if config.use_signer().reads_both() && is_signed != config.use_signer().writes_new() {
        context.telemetry.other_form(if is_signed { "signed" } else { "unsigned" });
    }
    if config.hash_ids().reads_both()
        && let Some(form) = state.home.address().map(Address::form)
        && form != config.id_hash()
    {
        let form = match form {
            IdHash::Plain => "plain",
            IdHash::Sha256 => "hashed",
        };
        context.telemetry.other_form(form);
    }
}

/// What a loaded record is.
enum Adopted {
    Session(Box<State>),
    /// A session that has moved to another id.
    Moved,
    /// A session whose absolute lifetime or fixed end is over.
    Over,
}

/// Makes a session of a loaded record.
fn adopt(
    context: &Context,
    address: Address,
    record: Record,
    presented: Presented,
    started: Instant,
) -> Result<Adopted> {
    if codec::is_trace(&record.payload) {
        context.telemetry.moved();
        return Ok(Adopted::Moved);
    }
    let payload_len = record.payload.len();
    let data = Data::empty(context.limits());
    let mut state = Box::new(State::new(Home::None, data, presented, started));
    if let Err(error) = state.data.fill(record) {
        context.telemetry.undecodable(&error);
        told::refused(context, Refusal::Undecodable, Some(&address.id));
        state.home = Home::Undecodable(address);
        return Ok(Adopted::Session(state));
    }
    state.home = Home::Stored(address);
    if state.is_over(&context.config) {
        context.telemetry.expired();
        told::expired(context, &state);
        return Ok(Adopted::Over);
    }
    if context.config.absolute_lifetime().is_some() && state.created().is_none() {
        // A record from before the setting: its age counts from now on.
        state.stamp_at(unix_time())?;
    }
    context.telemetry.hit(payload_len, started);
    Ok(Adopted::Session(state))
}
