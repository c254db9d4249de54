//! Where a record is.

use crate::store::{Outcome, Record};

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Old,
    New,
}

/// In [`Record::cas`], says that a record is in the old store. No server's tokens come that far: they
/// count writes.
const OLD: u64 = 1 << 63;

impl Side {
    /// The word, as the metric labels it.
    #[cfg(feature = "metrics")]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// Adds to a record, or to an outcome, where it is.
    fn tagged(self, cas: u64) -> u64 {
        match self {
            Self::Old => cas | OLD,
            Self::New => cas,
        }
    }

    /// Where a record was loaded, and the record as that store knows it.
    pub(super) fn of(record: &Record) -> (Self, Record) {
        let side = if record.cas & OLD == 0 { Self::New } else { Self::Old };
        (side, Record { cas: record.cas & !OLD, ..record.clone() })
    }

    pub(super) fn record(self, record: Record) -> Record {
        Record { cas: self.tagged(record.cas), ..record }
    }

    pub(super) fn outcome(self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Written { cas } => Outcome::Written { cas: self.tagged(cas) },
            Outcome::Refused => Outcome::Refused,
        }
    }
}
