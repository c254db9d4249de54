//! One rule of the contract.

use crate::{Subject, Verdict};
use std::fmt;
use std::pin::Pin;

/// What a clause does with a subject.
type Check = for<'a> fn(&'a dyn Subject) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// One rule of the contract and the way to find out whether a store keeps it.
pub struct Clause {
    name: &'static str,
    check: Check,
}

impl Clause {
    #[doc(hidden)]
    pub const fn new(name: &'static str, check: Check) -> Self {
        Self { name, check }
    }

    /// The fact this clause states, as its test is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Finds out whether the store of `subject` keeps the clause.
    ///
    /// # Errors
    ///
    /// How it is broken, or why the clause does not apply.
    pub async fn check(&self, subject: &dyn Subject) -> Verdict {
        (self.check)(subject).await
    }
}

impl fmt::Debug for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clause").field(&self.name).finish()
    }
}
