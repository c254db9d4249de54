//! Whether a change may still be made, agreed between the one who waits and the one who works.

use crate::error::Fault;
use std::sync::atomic::{AtomicU8, Ordering};

const OPEN: u8 = 0;
const STANDING: u8 = 1;
const WITHDRAWN: u8 = 2;

/// A change that was asked for.
///
/// Its worker declares it standing right before the step that takes effect; its caller withdraws
/// it when the deadline has passed. The first of them is heard, so a caller knows whether nothing
/// was written or whether that is open.
#[derive(Debug, Default)]
pub(super) struct Intent(AtomicU8);

impl Intent {
    /// Takes the step after which the change counts as made.
    pub(super) fn stand(&self) -> Result<(), Fault> {
        match self.decide(STANDING) {
            Ok(_) | Err(STANDING) => Ok(()),
            Err(_) => Err(Fault::TooLate),
        }
    }

    /// Calls the change off; `false` if it stands already.
    pub(super) fn withdraw(&self) -> bool {
        self.decide(WITHDRAWN).is_ok()
    }

    fn decide(&self, state: u8) -> Result<u8, u8> {
        self.0.compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::Intent;

    #[test]
    fn the_first_decision_holds() {
        let withdrawn = Intent::default();
        assert!(withdrawn.withdraw());
        assert!(withdrawn.stand().is_err());

        let standing = Intent::default();
        assert!(standing.stand().is_ok());
        assert!(!standing.withdraw());
        assert!(standing.stand().is_ok());
    }
}
