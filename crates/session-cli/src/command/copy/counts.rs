//! What has become of the records of a copy.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// What became of one record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Written, and read back as it was written.
    Copied(Kind),
    /// It was there before, with the same payload.
    Same,
    /// Another record is there, which stays.
    Different,
    /// It expired before it could be written.
    Expired,
    /// The store that is copied to did not take it, or cannot.
    Refused(String),
    /// It was written, and read back as something else.
    Unverified(&'static str),
}

/// What a copied record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    /// No format of this library: it is copied as it is.
    Undecodable,
    /// What a session leaves for half a minute under the id that it had before.
    Trace,
}

/// How many records had which fate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) copied: u64,
    /// Of the copied ones.
    pub(super) undecodable: u64,
    /// Of the copied ones.
    pub(super) traces: u64,
    pub(super) already_there: u64,
    pub(super) different: u64,
    pub(super) expired: u64,
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) unverified: BTreeMap<String, u64>,
    /// Live records whose key the source does not know.
    pub(super) unnamed: u64,
}

impl Counts {
    pub(super) fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Copied(kind) => {
                self.copied += 1;
                self.undecodable += u64::from(kind == Kind::Undecodable);
                self.traces += u64::from(kind == Kind::Trace);
            }
            Fate::Same => self.already_there += 1,
            Fate::Different => self.different += 1,
            Fate::Expired => self.expired += 1,
            Fate::Refused(why) => *self.refused.entry(why).or_default() += 1,
            Fate::Unverified(why) => *self.unverified.entry(why.to_owned()).or_default() += 1,
        }
    }

    /// How many records of the source these are.
    pub(super) fn read(&self) -> u64 {
        let failed = self.refused.values().chain(self.unverified.values()).sum::<u64>();
        self.copied + self.already_there + self.different + self.expired + failed
    }

    /// Whether all that is live in the source is in the target, too, as it is there.
    pub(super) fn is_whole(&self) -> bool {
        self.different == 0
            && self.unnamed == 0
            && self.refused.is_empty()
            && self.unverified.is_empty()
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9}  copied, and read back as they were written", self.copied)?;
        for (count, what) in [
            (self.undecodable, "of these undecodable, and copied as they are"),
            (self.traces, "of these traces of ids that sessions had before"),
            (self.already_there, "already there, with the same payload"),
            (self.different, "NOT COPIED: another record is there, which stays"),
            (self.expired, "expired meanwhile"),
            (self.unnamed, "NOT COPIED: the store does not know their keys"),
        ] {
            if count > 0 {
                write!(f, "\n{count:>9}  {what}")?;
            }
        }
        for (why, count) in &self.refused {
            write!(f, "\n{count:>9}  NOT COPIED: {why}")?;
        }
        for (why, count) in &self.unverified {
            write!(f, "\n{count:>9}  NOT VERIFIED: {why}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Fate, Kind};

    #[test]
    fn every_fate_is_counted_once_and_said() {
        let mut counts = Counts::default();
        let fates = [
            Fate::Copied(Kind::Session),
            Fate::Copied(Kind::Undecodable),
            Fate::Copied(Kind::Trace),
            Fate::Same,
            Fate::Expired,
        ];
        fates.into_iter().for_each(|fate| counts.add(fate));
        assert_eq!(counts.read(), 5);
        assert!(counts.is_whole());
        let spoilers =
            [Fate::Different, Fate::Refused("too large".to_owned()), Fate::Unverified("changed")];
        for fate in spoilers {
            let mut counts = counts.clone();
            counts.add(fate);
            assert_eq!(counts.read(), 6);
            assert!(!counts.is_whole() && counts.to_string().contains("NOT "), "{counts}");
        }
        let unnamed = Counts { unnamed: 1, ..counts };
        assert!(!unnamed.is_whole() && unnamed.to_string().contains("NOT COPIED"));
    }
}
