//! Each clause is broken by a store that is wrong in that one way, on a clock that needs no waiting.

mod changes;
mod index;
mod scans;
mod store;
mod table;

use crate::clauses::broken_clauses;
use session_core::{Result, Store, async_trait};
use session_testkit::clauses::{ALL, Clause};
use session_testkit::{Link, Subject};
use std::sync::Arc;
use store::BrokenStore;
use table::TABLE;

/// Clauses that need a connection; `remote` breaks them.
const ON_THE_WIRE: &[&str] = &[
    "cancelled_calls_do_not_mix_replies",
    "dead_server_at_opening_is_an_error_in_time",
    "dead_server_is_an_error_in_time",
    "every_call_is_one_round_trip",
    "frozen_server_is_an_error_in_time",
    "lost_reply_to_a_create_is_unknown",
    "lost_reply_to_a_delete_is_unknown",
    "lost_reply_to_a_load_is_no_miss",
    "lost_reply_to_a_touch_is_unknown",
    "lost_reply_to_an_update_is_unknown",
    "store_recovers_from_a_dead_server",
    "store_recovers_from_a_frozen_server",
    "vanished_idle_connections_fail_no_call",
];

struct Broken(Arc<BrokenStore>);

#[async_trait]
impl Subject for Broken {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        Ok(self.0.clone())
    }

    fn link(&self) -> Link<'_> {
        Link::None { because: "the records are in this process" }
    }
}

#[tokio::test(start_paused = true)]
async fn every_defect_breaks_the_clauses_about_it_and_no_other() {
    let mut wrong = Vec::new();
    for (defect, expected) in TABLE {
        let broken = broken_clauses(|| {
            let store = Arc::new(BrokenStore::new(*defect));
            async { Broken(store) }
        });
        let broken = broken.await;
        if broken != *expected {
            wrong.push(format!("(Defect::{defect:?}, &{broken:?}),"));
        }
    }
    assert!(wrong.is_empty(), "the table should read:\n{}", wrong.join("\n"));
}

#[test]
fn every_clause_is_broken_by_some_defect() {
    let is_broken = |name| TABLE.iter().any(|(_, broken)| broken.contains(&name));
    let is_found = |name| is_broken(name) || ON_THE_WIRE.contains(&name);
    let untested: Vec<_> = ALL.iter().map(Clause::name).filter(|name| !is_found(name)).collect();
    assert_eq!(untested, Vec::<&str>::new());
}
