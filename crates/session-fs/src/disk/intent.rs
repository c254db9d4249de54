//! Whether a change may still be made, agreed between the one who waits and the one who works.

use crate::error::Fault;
use std::sync::OnceLock;

/// A change that was asked for.
///
/// Its worker declares it standing right before the step that takes effect; its caller withdraws
/// it when the deadline has passed. The first of them is heard, so a caller knows whether nothing
/// was written or whether that is open.
#[derive(Debug, Default)]
pub(crate) struct Intent(OnceLock<Decision>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Standing,
    Withdrawn,
}

impl Intent {
    /// Takes the step after which the change counts as made.
    pub(crate) fn stand(&self) -> Result<(), Fault> {
        match self.0.get_or_init(|| Decision::Standing) {
            Decision::Standing => Ok(()),
            Decision::Withdrawn => Err(Fault::TooLate),
        }
    }

    /// Calls the change off; `false` if it stands already.
    pub(crate) fn withdraw(&self) -> bool {
        *self.0.get_or_init(|| Decision::Withdrawn) == Decision::Withdrawn
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
