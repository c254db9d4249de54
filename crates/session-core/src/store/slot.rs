//! What lies in two places while a record moves from one to the other: from the key of an id to that
//! of its hash, or from one store to another.
//!
//! A record moves in three writes, each under a condition, so that it is live in one place at every
//! moment and nobody who sees one place alone takes it for what it is not:
//!
//! | | in the old place | in the new place |
//! |---|---|---|
//! | before | the record | nothing |
//! | 1. written if nothing is there | the record | a claim: a number of this move, and the next record |
//! | 2. written if unchanged | a mark: the same number | the claim, which counts from here on |
//! | 3. written if unchanged | the mark, for a while | the record |
//!
//! Both begin with the bytes of a trace, so that whoever does not know them sees a session that has
//! moved on. The number keeps a claim that arrives late from a mark that another move has left.

use crate::error::Result;
use crate::id::fill_random;
use crate::store::Record;
use bytes::Bytes;
use session_codec::{self as codec, Format};
use std::time::Duration;

/// How long a claim keeps what it holds: whoever comes for the session meanwhile ends a move that
/// was cut off.
pub(crate) const CLAIM: Duration = Duration::from_secs(300);
/// How long a mark tells that the session has moved. Longer than any claim: one without its mark
/// counts for nothing.
pub(crate) const MARK: Duration = Duration::from_secs(600);
/// How often both places are looked at before a session that moves all the time is given up: once is
/// the rule, twice where it moved in between.
pub(crate) const LOOKS: usize = 3;

const NUMBER_LEN: usize = 16;

/// The number of one move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Number([u8; NUMBER_LEN]);

/// What is in a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slot {
    Empty,
    /// A record of a session, decodable or not.
    Session,
    /// What a session left that has moved to another id.
    Trace,
    Mark(Number),
    Claim(Number),
}

/// Where the session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// What is in the old place counts, be it a trace.
    Old,
    /// What is in the new place counts, be it a trace.
    New,
    /// The claim counts: it is to become the record that it holds.
    Settle,
    /// It moved between the two looks.
    Again,
    Nowhere,
}

/// Decides where a session is. What is not looked at, since the other place decides, is `Empty`.
pub(crate) fn judge(old: Slot, new: Slot) -> Verdict {
    match (old, new) {
        (_, Slot::Session | Slot::Trace) => Verdict::New,
        (Slot::Session | Slot::Trace, _) => Verdict::Old,
        (Slot::Mark(mark), Slot::Claim(claim)) if mark == claim => Verdict::Settle,
        (Slot::Mark(_), _) => Verdict::Again,
        // A claim alone is one whose session has ended, or that has come too late.
        (Slot::Empty | Slot::Claim(_), _) => Verdict::Nowhere,
    }
}

impl Slot {
    pub(crate) fn of(record: Option<&Record>) -> Self {
        let Some(record) = record else { return Self::Empty };
        if !codec::is_trace(&record.payload) {
            return Self::Session;
        }
        match split(&record.payload) {
            Some((number, [])) => Self::Mark(number),
            Some((number, _)) => Self::Claim(number),
            None => Self::Trace,
        }
    }

    /// Whether the session is in this place, so that the other one need not be looked at.
    pub(crate) fn decides(self) -> bool {
        matches!(self, Self::Session | Self::Trace)
    }
}

impl Number {
    /// # Errors
    ///
    /// `Unavailable` if the system has no randomness.
    pub(crate) fn new() -> Result<Self> {
        let mut number = [0; NUMBER_LEN];
        fill_random(&mut number)?;
        Ok(Self(number))
    }

    /// What stays in the old place.
    pub(crate) fn mark(self) -> Bytes {
        self.claim(&[])
    }

    /// The next record, `payload`, as it waits in the new place.
    pub(crate) fn claim(self, payload: &[u8]) -> Bytes {
        Bytes::from([trace(), &self.0, payload].concat())
    }
}

/// What a claim becomes.
pub(crate) fn claimed(claim: &Bytes) -> Bytes {
    claim.slice((trace().len() + NUMBER_LEN).min(claim.len())..)
}

fn split(payload: &[u8]) -> Option<(Number, &[u8])> {
    let (number, rest) = payload.strip_prefix(trace())?.split_first_chunk()?;
    Some((Number(*number), rest))
}

/// One spelling, whatever format records have.
fn trace() -> &'static [u8] {
    codec::trace(Format::MessagePack)
}

#[cfg(test)]
mod tests {
    use super::{Number, Slot, Verdict, claimed, judge};
    use crate::store::Record;
    use bytes::Bytes;
    use session_codec::{self as codec, Format};
    use std::time::Duration;

    fn slot(payload: Bytes) -> Slot {
        Slot::of(Some(&Record { payload, cas: 0, ttl: Duration::ZERO }))
    }

    #[test]
    fn every_pair_has_its_verdict() {
        let [one, other] = [Number([1; 16]), Number([2; 16])];
        use Slot::{Claim, Empty, Mark, Session, Trace};
        use Verdict::{Again, New, Nowhere, Old, Settle};
        let news = [Empty, Session, Trace, Claim(one), Claim(other), Mark(one)];
        for (old, verdicts) in [
            (Empty, [Nowhere, New, New, Nowhere, Nowhere, Nowhere]),
            (Session, [Old, New, New, Old, Old, Old]),
            (Trace, [Old, New, New, Old, Old, Old]),
            (Mark(one), [Again, New, New, Settle, Again, Again]),
            // Nobody writes claims there.
            (Claim(one), [Nowhere, New, New, Nowhere, Nowhere, Nowhere]),
        ] {
            let judged = news.map(|new| judge(old, new));
            assert_eq!(judged, verdicts, "{old:?}");
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let number = Number::new().unwrap();
        assert_ne!(number, Number::new().unwrap());
        assert_eq!(slot(number.mark()), Slot::Mark(number));
        let claim = number.claim(b"\x80");
        assert_eq!(slot(claim.clone()), Slot::Claim(number));
        assert_eq!(claimed(&claim), b"\x80"[..]);
        assert_eq!(Slot::of(None), Slot::Empty);
        assert_eq!(slot(Bytes::from_static(b"\x80")), Slot::Session);
        assert_eq!(slot(Bytes::from_static(codec::trace(Format::MessagePack))), Slot::Trace);
        // Whoever does not know the change sees a session that has moved.
        assert!(codec::is_trace(&claim) && codec::is_trace(&number.mark()));
    }
}
