//! What browsers see of a session, told as stories over HTTP that every adapter must pass.
//!
//! An adapter serves one small [`Site`] with its framework; [`adapter_conformance!`] makes a test of
//! each story, which speaks HTTP/1.1 to it. The stories hold for every framework, since handlers and
//! sessions are the same in each.
//!
//! [`adapter_conformance!`]: crate::adapter_conformance

#[cfg(doctest)]
#[doc = include_str!("../../../../docs/writing-an-adapter.md")]
mod guide {}

mod browser;
mod gate;
mod site;
mod stage;
pub mod stories;

pub use browser::{Answer, Browser};
pub use gate::Gate;
pub use site::{Admin, Reply, Site};
pub use stage::{Serving, Stage, run};

use async_trait::async_trait;
use std::io;

/// A framework with the adapter under test: it serves a [`Site`].
#[async_trait]
pub trait Adapter: Send + Sync {
    /// Serves `site` on a loopback port of its own until the value that is returned is dropped.
    ///
    /// # Errors
    ///
    /// If it cannot listen.
    async fn serve(&self, site: Site) -> io::Result<Serving>;

    /// The stories that its framework keeps this adapter from passing, by name, and why.
    ///
    /// The test of such a story says so on the process's standard error, and passes as long as the
    /// story fails: what is listed here stays true. The adapter's own page says what follows for an
    /// application.
    fn fails(&self) -> &[(&str, &str)] {
        &[]
    }
}

/// Expands to one test per story, each named after it.
///
/// The argument is an expression of a type that implements [`Adapter`](crate::adapter::Adapter). It
/// is evaluated once per test.
#[macro_export]
macro_rules! adapter_conformance {
    (@tests ($adapter:expr) $($module:ident::$story:ident)*) => {
        $(
            #[test]
            fn $story() {
                let transport = $crate::adapter::stories::$module::TRANSPORT;
                $crate::adapter::run(&$adapter, transport, stringify!($story), async |stage| {
                    $crate::adapter::stories::$module::$story(stage).await
                });
            }
        )*
    };
    ($adapter:expr) => {
        $crate::adapter_conformance! {
            @tests ($adapter)
            answers::route_without_a_session_is_left_alone
            answers::reading_sets_no_cookie
            answers::first_write_sets_the_cookie_and_the_next_request_has_its_session
            answers::session_cookie_is_kept_out_of_shared_caches
            answers::cookies_in_several_fields_are_read
            answers::not_found_is_an_answer_and_stores_what_was_asked
            answers::head_is_sent_before_the_body_has_ended
            lives::sign_in_moves_to_a_new_id_and_the_old_one_is_dead
            lives::logout_removes_record_and_cookie
            lives::who_is_not_signed_in_is_told_so_or_sent_to_sign_in
            lives::nested_sessions_have_a_cookie_each
            lives::cookie_of_a_former_name_is_replaced
            headers::first_write_answers_with_the_field_and_the_next_request_has_its_session
            headers::cookie_with_the_id_of_a_field_opens_nothing
            headers::field_is_kept_out_of_shared_caches_and_responses_vary_by_it
            headers::sign_in_answers_with_another_id_and_a_logout_with_an_empty_field
            headers::several_fields_and_malformed_ids_open_nothing
            headers::who_is_not_signed_in_is_told_what_carries_the_id
            headers::field_of_what_is_stored_outlives_a_commit_that_fails
            failures::server_error_stores_nothing
            failures::timeout_within_stores_nothing
            failures::returned_error_stores_nothing_and_says_what_to_do
            failures::session_error_under_a_status_of_the_application_stores_nothing
            failures::panic_stores_nothing
            failures::client_that_left_stores_nothing
            failures::outage_is_felt_only_where_a_session_is_asked_for
            failures::commit_that_fails_is_not_claimed
            failures::cookie_of_an_update_outlives_the_failure_after_it
            failures::cookies_of_what_is_stored_outlive_a_commit_that_fails
            failures::route_without_the_adapter_says_what_to_add
            races::one_of_two_that_read_and_set_a_key_wins
            races::functions_on_one_key_all_count
            races::logout_is_not_undone_by_a_request_that_is_still_running
            races::late_write_with_the_id_of_before_a_sign_in_gets_no_cookie
        }
    };
}
