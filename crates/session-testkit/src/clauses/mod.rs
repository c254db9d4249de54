//! The contract of [`Store`](session_core::Store), one function per clause.
//!
//! A clause works under fresh keys and never wipes, so clauses run alone, together, and on a server
//! that holds other records.

pub mod basics;
pub mod cancellation;
pub mod conditions;
pub mod expiry;
pub mod faults;
pub mod keys;
pub mod leases;
pub mod listings;
pub mod lost_replies;
pub mod owners;
pub mod races;
pub mod round_trips;
pub mod scans;
pub mod sizes;
pub mod sweeps;

pub use crate::clause::Clause;

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
            leases::touch_renews_without_changing
            leases::touch_sets_a_shorter_lease_too
            leases::update_renews_the_lease
            leases::touch_revives_nothing
            leases::stale_touch_does_not_undo_a_longer_lease
            leases::ttl_counts_down
            leases::hundred_writes_leave_the_end
            leases::long_leases_are_held
            leases::short_leases_are_held
            leases::short_lease_is_rounded_up
            leases::endless_lease_is_capped_or_an_error
            leases::lease_is_never_cut_short
            expiry::expired_record_is_not_loaded
            expiry::expired_record_is_not_updated
            expiry::expired_record_is_not_touched
            expiry::expired_record_is_not_deleted
            expiry::create_over_an_expired_record_is_whole_or_refused
            sizes::empty_payload_survives
            sizes::large_payload_survives
            sizes::payload_at_the_limit_survives
            sizes::payload_over_the_limit_is_refused
            keys::keys_match_byte_for_byte
            keys::hostile_prefixes_are_parts_of_keys
            keys::longest_keys_are_told_apart
            keys::overlong_key_is_an_error
            owners::records_are_listed_for_their_owner
            owners::listing_without_an_index_is_unsupported
            owners::update_keeps_a_record_listed
            owners::touch_keeps_a_record_listed
            owners::deleted_record_is_not_listed
            owners::expired_record_is_not_listed
            owners::refused_calls_leave_the_index
            listings::owners_match_byte_for_byte
            listings::long_owners_are_told_apart
            listings::thousand_records_are_listed
            listings::update_lists_a_record_that_had_no_owner
            listings::touch_lists_a_record_that_had_no_owner
            listings::no_entry_is_lost_among_many_writers
            sweeps::sweep_spares_the_living
            sweeps::sweep_removes_the_expired
            scans::scan_lists_whole_records
            scans::scanned_record_is_its_own_version
            scans::scan_is_resumed_by_another_store
            scans::page_is_bounded
            scans::what_lives_all_along_is_listed
            scans::expired_records_are_not_scanned
            scans::prefixes_match_byte_for_byte
            scans::damaged_cursor_is_an_error
            scans::scan_without_a_listing_is_unsupported
            cancellation::cancelled_write_leaves_a_whole_record
            cancellation::cancelled_touch_leaves_a_whole_record
            cancellation::cancelled_delete_leaves_all_or_nothing
            cancellation::cancelled_create_lives_only_if_it_is_listed
            cancellation::cancelled_calls_do_not_mix_replies
            round_trips::every_call_is_one_round_trip
            lost_replies::lost_reply_to_a_create_is_unknown
            lost_replies::lost_reply_to_an_update_is_unknown
            lost_replies::lost_reply_to_a_touch_is_unknown
            lost_replies::lost_reply_to_a_delete_is_unknown
            lost_replies::lost_reply_to_a_load_is_no_miss
            faults::dead_server_is_an_error_in_time
            faults::dead_server_at_opening_is_an_error_in_time
            faults::frozen_server_is_an_error_in_time
            faults::store_recovers_from_a_dead_server
            faults::store_recovers_from_a_frozen_server
            faults::vanished_idle_connections_fail_no_call
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
