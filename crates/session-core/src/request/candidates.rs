//! What the client sent: ids that may name a session, before any of them is looked up.

use super::carrier::{Carrier, Former};
use super::context::Context;
use super::home::Presented;
use super::told;
use crate::cookie;
use crate::id::SessionId;
use crate::observer::Refusal;
use crate::signer::{BoundSigner, SignedBy, Verified};
use smallvec::SmallVec;

/// Distinct well-formed ids of our name that are looked up; more is an attack.
const MAX_CANDIDATES: usize = 3;

/// An id that is well-formed, and signed if it must be.
pub(crate) struct Candidate {
    pub(crate) id: SessionId,
    pub(crate) signed_by: SignedBy,
}

/// The ids of one name.
pub(crate) struct Candidates {
    pub(crate) candidates: SmallVec<[Candidate; 1]>,
    pub(crate) presented: Presented,
    /// There are suspiciously many, so none is looked up.
    pub(crate) are_too_many: bool,
    /// Those of the name that the cookie had before, if there are any.
    pub(crate) former: Option<Box<Candidates>>,
}

impl Candidates {
    /// Reads every id of our names over all fields.
    pub(crate) fn read<'h, H>(context: &Context, headers: H) -> Self
    where
        H: IntoIterator<Item = &'h [u8]>,
    {
        let signer = context.signer.as_ref();
        let cookies = match &context.carrier {
            Carrier::Cookie(cookies) => cookies,
            Carrier::Header(_) => return Self::of(context, signer, headers, Some),
        };
        match &cookies.former {
            None => Self::of(context, signer, headers, |field| cookies.values(field)),
            Some(former) => {
                let headers: Vec<&[u8]> = headers.into_iter().collect();
                let present = headers.iter().copied();
                let mut sent = Self::of(context, signer, present, |field| cookies.values(field));
                sent.former = Self::of_former(context, former, &headers);
                sent
            }
        }
    }

    #[cold]
    fn of_former(context: &Context, former: &Former, headers: &[&[u8]]) -> Option<Box<Self>> {
        let headers = headers.iter().copied();
        let values = |field| cookie::values(field, former.name.as_bytes());
        let sent = Self::of(context, former.signer.as_ref(), headers, values);
        (sent.presented != Presented::Nothing).then(|| Box::new(sent))
    }

    /// Reads the ids that `values` finds in each field.
    fn of<'h, H, V>(
        context: &Context,
        signer: Option<&BoundSigner>,
        headers: H,
        values: impl Fn(&'h [u8]) -> V,
    ) -> Self
    where
        H: IntoIterator<Item = &'h [u8]>,
        V: IntoIterator<Item = &'h [u8]>,
    {
        let mut candidates: SmallVec<[Candidate; 1]> = SmallVec::new();
        let mut presented = Presented::Nothing;
        let mut is_forged = false;
        for header in headers {
            for value in values(header) {
                presented = Presented::Cookie;
                let Some(candidate) = verify(context, signer, value) else {
                    context.telemetry.forged();
                    if !std::mem::replace(&mut is_forged, true) {
                        told::refused(context, Refusal::Forged, None);
                    }
                    continue;
                };
                if candidates.iter().any(|known| known.id.as_str() == candidate.id.as_str()) {
                    continue;
                }
                if candidates.len() == MAX_CANDIDATES {
                    candidates.clear();
                    return Self { candidates, presented, are_too_many: true, former: None };
                }
                candidates.push(candidate);
            }
        }
        Self { candidates, presented, are_too_many: false, former: None }
    }
}

fn verify(context: &Context, signer: Option<&BoundSigner>, value: &[u8]) -> Option<Candidate> {
    if let Some(signer) = signer {
        match signer.verify(value, context.config.id_syntax()) {
            Some(Verified { id, signed_by }) => return Some(Candidate { id, signed_by }),
            None if !context.config.use_signer().reads_old() => return None,
            // A signature that does not hold is no id, so what is read now has none.
            None => {}
        }
    }
    Some(Candidate { id: context.read_id(value)?, signed_by: SignedBy::Nobody })
}
