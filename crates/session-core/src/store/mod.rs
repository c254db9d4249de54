//! The contract between sessions and the places that keep them: bytes and durations, no upsert.

mod call;
mod cause;
mod clock;
mod connection_limit;
mod failure;
mod finding;
mod lazy;
mod limits;
mod memory;
mod migrating;
mod owner_index;
mod repeat;
mod scan;
mod scanner;
pub(crate) mod slot;
mod text;
mod timeouts;
mod undisturbed;
mod url;

pub use crate::id::StoreKey;
pub use call::{Call, Lost};
pub use cause::system_cause;
pub use clock::{left_ms, unix_time};
pub use connection_limit::{ConnectionLimit, ConnectionTurn};
pub use failure::Failure;
pub use finding::{Finding, Level, Topic};
pub use lazy::LazyStore;
pub use limits::Limits;
pub use memory::{MemoryLimits, MemoryStore};
pub use migrating::{MigratingStore, Migration};
pub use owner_index::{no_owner_index, owner_index};
pub use repeat::reread;
pub use scan::{Cursor, Page, Scan, no_scan, prefix_end};
pub use scanner::Scanner;
pub use timeouts::Timeouts;
pub use undisturbed::undisturbed;
pub use url::Url;

use crate::error::Result;
use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

/// A place that keeps session records.
///
/// Every method is one network round trip (two where a page or a batch is larger than the server
/// takes at once). No method that sessions need has a default body, so a wrapper that forgets one
/// does not compile; [`examine`](Self::examine) is for operators, and has one.
///
/// # Errors
///
/// Absent, expired and refused are answers. An error is `Unavailable` or `Timeout` if nothing was
/// written, and `Unknown` if the answer to a write was lost: neither the store nor its driver may
/// repeat such a write, and it must never be reported as refused.
///
/// What is longer than the store holds is `TooLarge` before anything is sent, and the store itself
/// sees to it ([`Limits`]), whoever calls: the manager compares its own limits with
/// [`Capabilities`] only so that a session learns of them sooner.
///
/// # Cancellation
///
/// Dropping a future leaves the old or the new record, whole, and never harms the connection.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// What this store can do and hold.
    ///
    /// Read when the manager is built, and then whenever a session is opened, keeps its lease or is
    /// about to be swept: one that learns of its limits later tells them from then on.
    fn capabilities(&self) -> Capabilities;

    /// Returns the live record under `key`; an expired one is `None`, whether or not the server
    /// has removed it yet.
    async fn load(&self, key: &StoreKey) -> Result<Option<Record>>;

    /// Writes `payload` under `key` if `when` holds, atomically with its lifetime.
    ///
    /// `Absent` over a record that expired but was not swept may be refused.
    async fn write(
        &self,
        key: &StoreKey,
        payload: Bytes,
        lease: &Lease<'_>,
        when: Precondition<'_>,
    ) -> Result<Outcome>;

    /// Renews the lease without rewriting; refused if the record is gone or no longer `loaded`.
    async fn touch(&self, key: &StoreKey, lease: &Lease<'_>, loaded: &Record) -> Result<Outcome>;

    /// Removes the live record, only while it is still `expected` if one is given.
    ///
    /// Returns `false` if this call removed none. `owner` is the one the record was written for,
    /// so that a store with an owner index can remove its entry in the same call.
    async fn delete(
        &self,
        key: &StoreKey,
        owner: Option<&str>,
        expected: Option<&Record>,
    ) -> Result<bool>;

    /// Lists the keys of the live records that were written for `owner`, byte for byte.
    ///
    /// A record that was live before the call and is until its end is listed, whoever writes
    /// meanwhile, unless the backend documents that its index is eventually consistent. A store
    /// that keeps entries apart from records adds the entry first: a call that is cut off may leave
    /// an entry without a record, never a live record without an entry. A store without an owner
    /// index returns an error of kind `Unsupported`: [`no_owner_index`].
    async fn list_by_owner(&self, owner: &str) -> Result<Vec<StoreKey>>;

    /// Removes expired records in bounded batches and returns how many; 0 where the server
    /// expires records by itself.
    async fn delete_expired(&self) -> Result<u64>;

    /// Lists live records whose keys begin with `prefix`, byte for byte: the page after `after`,
    /// or the first.
    ///
    /// `most` says how many records a page may hold (a store that is
    /// [`MayRepeat`](Scan::MayRepeat) may exceed it a little), and bounds what one call costs the
    /// server: no call walks over the whole store, so a page may be empty and not the last. A
    /// record that is live from before the first page to after the last is listed, whoever writes
    /// meanwhile; one that is not live when its page is read is not. How often it is listed,
    /// [`Capabilities::scan`] says.
    ///
    /// # Errors
    ///
    /// `Unsupported` in a store that cannot list its keys: [`no_scan`]. `Decode` for a cursor that
    /// is not of such a store: [`Cursor::unknown`].
    async fn scan(&self, prefix: &str, after: Option<&Cursor>, most: NonZeroUsize) -> Result<Page>;

    /// Looks at the server for whoever runs the application, and says what it is and what about it
    /// loses sessions: clocks, indexes, settings of the server. The program `session check` prints it.
    ///
    /// It changes nothing, and takes a few round trips. What the user has no right to look at is a
    /// finding that says so ([`Level::Note`]), not an error. A store that has nothing to say leaves
    /// it out; a wrapper passes it on.
    ///
    /// # Errors
    ///
    /// If the server cannot be asked at all.
    async fn examine(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }
}

/// What must hold for a write to be applied.
#[derive(Clone, Copy, Debug)]
pub enum Precondition<'a> {
    /// No live record is under the key.
    Absent,
    /// The live record is still the one that was loaded: same bytes, or same native token.
    Unchanged(&'a Record),
}

impl<'a> Precondition<'a> {
    /// What a write under this condition is called: [`Call::Create`] or [`Call::Update`].
    pub fn call(self) -> Call {
        match self {
            Self::Absent => Call::Create,
            Self::Unchanged(_) => Call::Update,
        }
    }

    /// The record that must still be there, if one must.
    pub fn loaded(self) -> Option<&'a Record> {
        match self {
            Self::Absent => None,
            Self::Unchanged(loaded) => Some(loaded),
        }
    }
}

/// The answer to a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a refused write stored nothing"]
pub enum Outcome {
    /// The call was applied.
    Written {
        /// The new native token of the record; 0 in stores that compare bytes.
        cas: u64,
    },
    /// The precondition did not hold: this call wrote nothing.
    Refused,
}

impl Outcome {
    /// Whether the call was applied.
    pub fn is_written(self) -> bool {
        matches!(self, Self::Written { .. })
    }
}

/// A live record as a store returned it; it is its own version.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The encoded session.
    pub payload: Bytes,
    /// The native token of stores that have one, otherwise 0.
    pub cas: u64,
    /// What was left of the lifetime when the record was read.
    pub ttl: Duration,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("payload_len", &self.payload.len())
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// How long a record lives, and for whom.
#[derive(Clone, Copy)]
pub struct Lease<'a> {
    /// The lifetime from now; never zero. A store rounds it up to its resolution and caps it at
    /// what it can hold.
    pub ttl: Duration,
    /// Whose session this is, never empty; only stores with an owner index look at it.
    ///
    /// The record is listed for this owner from this call on, whether or not it was before: one
    /// from before the index was turned on, or one that another program wrote, is listed once it
    /// is renewed. An owner that the store cannot hold is an error, `TooLarge` if it is too long,
    /// and nothing is written.
    pub owner: Option<&'a str>,
}

impl Lease<'_> {
    /// About a century: added to the time since 1970 it overflows no server's integer or date.
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

    /// The lifetime in whole milliseconds, rounded up: at least 1, at most a century's.
    pub fn ttl_ms(&self) -> i64 {
        let ms = self.ttl.min(Self::LONGEST).as_nanos().div_ceil(1_000_000);
        i64::try_from(ms).unwrap_or(i64::MAX).max(1)
    }

    /// The lifetime in whole seconds, rounded up: at least 1, at most a century's.
    pub fn ttl_secs(&self) -> i64 {
        let secs = self.ttl.min(Self::LONGEST).as_nanos().div_ceil(1_000_000_000);
        i64::try_from(secs).unwrap_or(i64::MAX).max(1)
    }
}

impl fmt::Debug for Lease<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("ttl", &self.ttl)
            .field("has_owner", &self.owner.is_some())
            .finish()
    }
}

/// What a store can do and hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The backend's name as `SESSION_TYPE` spells it; labels logs and metrics.
    pub name: &'static str,
    /// Whether [`Store::list_by_owner`] answers.
    pub owner_index: bool,
    /// Whether [`Store::scan`] answers, and how often it lists a record.
    pub scan: Scan,
    /// Whether expired records stay until [`Store::delete_expired`] removes them.
    pub needs_sweep: bool,
    /// The largest payload in bytes, if the store has a limit of its own.
    pub max_payload: Option<usize>,
    /// The longest key in bytes, if the store has a limit.
    pub max_key: Option<usize>,
    /// The step to which lifetimes are rounded up.
    pub ttl_resolution: Duration,
}

#[cfg(test)]
mod tests {
    use super::Lease;
    use std::time::Duration;

    #[test]
    fn lifetimes_are_rounded_up_and_capped() {
        let century = 100 * 365 * 24 * 3_600;
        for (ttl, ms, secs) in [
            (Duration::ZERO, 1, 1),
            (Duration::from_nanos(1), 1, 1),
            (Duration::from_millis(1), 1, 1),
            (Duration::from_micros(1_001), 2, 1),
            (Duration::from_millis(1_000), 1_000, 1),
            (Duration::from_millis(1_001), 1_001, 2),
            (Duration::from_secs(31 * 86_400), 2_678_400_000, 2_678_400),
            (Duration::MAX, century * 1_000, century),
        ] {
            let lease = Lease { ttl, owner: None };
            assert_eq!((lease.ttl_ms(), lease.ttl_secs()), (ms, secs), "{ttl:?}");
        }
    }
}
