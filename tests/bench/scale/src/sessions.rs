//! The sessions of a run: their keys look random, and can be told again from their numbers.

use std::time::Duration;
use web_session::{Bytes, Lease, Record, StoreKey};

/// Longer than any run.
pub(crate) const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3_600);

/// As large as the session of the other benchmarks.
const PAYLOAD: [u8; 509] = [b'x'; 509];

/// The prefix of all keys.
pub(crate) fn prefix() -> String {
    format!("bench-scale-{}:", std::process::id())
}

/// The key of a session; 43 characters behind the prefix, as an id has them.
pub(crate) fn key(number: u64) -> StoreKey {
    let id = format!("{:016x}{:016x}{number:011}", mixed(number), mixed(!number));
    StoreKey::new(&prefix(), &id)
}

/// What is stored.
pub(crate) fn payload() -> Bytes {
    Bytes::from_static(&PAYLOAD)
}

/// What is there under each key.
pub(crate) fn loaded() -> Record {
    Record { payload: payload(), cas: 0, ttl: LIFETIME }
}

/// For nobody.
pub(crate) fn lease(ttl: Duration) -> Lease<'static> {
    Lease { ttl, owner: None }
}

/// A number that looks random: the finalizer of SplitMix64.
pub(crate) fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
