//! Where a session is stored, and how the browser came by its id.

use super::plan::Origin;
use crate::id::{IdHash, SessionId, StoreKey};
use crate::store::Record;
use std::time::Duration;

/// The id and the key of a record.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub id: SessionId,
    pub key: StoreKey,
}

impl Address {
    /// What the key shows of the id.
    pub(crate) fn form(&self) -> IdHash {
        let is_plain = self.key.as_bytes().ends_with(self.id.as_bytes());
        if is_plain { IdHash::Plain } else { IdHash::Sha256 }
    }
}

/// A record that the request ends, or may end.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Whom it is indexed under.
    pub owner: Option<String>,
    /// As it was loaded.
    pub base: Record,
    /// How long it would live.
    pub left: Duration,
}

/// Where the session is stored.
#[derive(Debug)]
pub(crate) enum Home {
    /// Nowhere yet.
    None,
    /// Nowhere any more: another request moved it to a new id, which this one does not know.
    Moved,
    /// Under several ids that the browser sent, of which none is believed; without any if they were
    /// too many to be looked up.
    Several(Vec<(Address, Ended)>),
    /// Under an address whose record cannot be decoded.
    Undecodable(Address),
    /// Under an address, in the record that the data was indexed from.
    Stored(Address),
}

impl Home {
    /// The address of the record, decodable or not.
    pub(crate) fn address(&self) -> Option<&Address> {
        match self {
            Self::None | Self::Moved | Self::Several(_) => None,
            Self::Undecodable(address) | Self::Stored(address) => Some(address),
        }
    }

    /// The address, if the record is a session's.
    pub(crate) fn stored(&self) -> Option<&Address> {
        if let Self::Stored(address) = self { Some(address) } else { None }
    }

    /// The id, if the record is a session's.
    #[inline]
    pub(crate) fn into_id(self) -> Option<SessionId> {
        if let Self::Stored(address) = self { Some(address.id) } else { None }
    }

    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::None => Origin::Fresh,
            Self::Moved => Origin::Moved,
            Self::Several(_) => Origin::Several,
            Self::Undecodable(_) => Origin::Undecodable,
            Self::Stored(_) => Origin::Stored,
        }
    }
}

/// How the browser got the id that it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Presented {
    /// It sent no cookie of our name.
    Nothing,
    /// It sent one, as we would write it now, or one that opened no session.
    Cookie,
    /// It sent one that would be written otherwise now, by a newer key say, and it opened a session.
    OldForm,
}
