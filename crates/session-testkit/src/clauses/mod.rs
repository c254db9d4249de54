//! The contract of [`Store`](session_core::Store), one function per clause.
//!
//! A clause works under fresh keys and never wipes, so clauses run alone, together, and on a server
//! that holds other records.

pub mod basics;
pub mod conditions;
pub mod races;

use crate::{Subject, Verdict};
use std::fmt;
use std::pin::Pin;

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

/// All clauses, in the order in which they build on each other.
pub static ALL: &[Clause] = crate::store_conformance!(@list table);

/// Expands to one test per clause of the contract, each named after it.
///
/// The argument is an expression of a type that implements [`Subject`](crate::Subject). It is
/// evaluated once per test, inside that test's runtime, and may contain `.await`. Call the macro in
/// a module per deployment to test several.
///
/// # Examples
///
/// ```
/// # use session_core::{MemoryStore, Result, Store, async_trait};
/// # use session_testkit::{Link, Subject};
/// # use std::sync::Arc;
/// # struct Memory(Arc<MemoryStore>);
/// # #[async_trait]
/// # impl Subject for Memory {
/// #     async fn store(&self) -> Result<Arc<dyn Store>> {
/// #         Ok(self.0.clone())
/// #     }
/// #     fn link(&self) -> Link<'_> {
/// #         Link::None { because: "the records are in this process" }
/// #     }
/// # }
/// session_testkit::store_conformance!(Memory(Arc::new(MemoryStore::new())));
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_conformance {
    (@list $then:ident $($with:tt)*) => {
        $crate::store_conformance! {
            @$then $($with)*
            basics::unknown_key_is_none
            basics::bytes_survive
            basics::update_replaces_the_payload
            basics::delete_is_honest
            basics::deleted_key_can_be_created_again
            basics::keys_do_not_share_records
            conditions::create_refuses_a_taken_key
            conditions::update_refuses_a_deleted_key
            conditions::update_refuses_an_unknown_key
            conditions::stale_record_is_refused
            conditions::touch_refuses_a_changed_record
            conditions::conditional_delete_refuses_a_changed_record
            conditions::conditional_delete_removes_the_expected_record
            conditions::outcome_is_the_next_version
            races::one_of_many_creators_wins
            races::one_of_many_deleters_wins
            races::update_and_conditional_delete_never_both_win
            races::no_update_is_lost
        }
    };
    (@table $($theme:ident::$clause:ident)+) => {
        &[$($crate::clauses::Clause::new(stringify!($clause), |subject| {
            Box::pin($crate::clauses::$theme::$clause(subject))
        })),+]
    };
    (@tests $subject:tt $($theme:ident::$clause:ident)+) => {
        $(
            #[test]
            fn $clause() {
                let clause = $crate::clauses::Clause::new(stringify!($clause), |subject| {
                    Box::pin($crate::clauses::$theme::$clause(subject))
                });
                $crate::run(&clause, async { $subject });
            }
        )+
    };
    ($subject:expr) => {
        $crate::store_conformance! { @list tests { $subject } }
    };
}
