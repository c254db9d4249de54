//! The fault clauses hold for a sound client over TCP, and find each way to get it wrong.

mod server;
mod store;

use crate::clauses::broken_clauses;
use session_core::{MemoryStore, Result, Store, async_trait};
use session_testkit::{Link, Remote, Subject};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Defect, Rest, WireStore};

struct Wired {
    records: Arc<MemoryStore>,
    server: SocketAddr,
    defect: Defect,
}

impl Wired {
    async fn start(defect: Defect) -> Self {
        let records = Arc::new(MemoryStore::new());
        let server = server::start(records.clone()).await;
        Self { records, server, defect }
    }
}

#[async_trait]
impl Subject for Wired {
    async fn store(&self) -> Result<Arc<dyn Store>> {
        if self.defect == Defect::MixesReplies {
            return self.store_at(self.server).await;
        }
        Ok(self.records.clone())
    }

    fn link(&self) -> Link<'_> {
        Link::Tcp(self)
    }
}

#[async_trait]
impl Remote for Wired {
    fn server(&self) -> SocketAddr {
        self.server
    }

    async fn store_at(&self, addr: SocketAddr) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(WireStore::new(addr, self.deadline(), self.defect, Rest::Any)))
    }

    async fn wary_store_at(&self, addr: SocketAddr) -> Result<Option<Arc<dyn Store>>> {
        match self.defect {
            Defect::None | Defect::TrustsRestedConnections => {
                let store = WireStore::new(addr, self.deadline(), self.defect, Rest::None);
                Ok(Some(Arc::new(store)))
            }
            _ => Ok(None),
        }
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(300)
    }
}

async fn check(defect: Defect, expected: &[&str]) {
    let broken = broken_clauses(|| Wired::start(defect)).await;
    assert_eq!(broken, expected, "{defect:?}");
}

const LOST_CHANGES: [&str; 4] = [
    "lost_reply_to_a_create_is_unknown",
    "lost_reply_to_a_delete_is_unknown",
    "lost_reply_to_a_touch_is_unknown",
    "lost_reply_to_an_update_is_unknown",
];

#[tokio::test(flavor = "multi_thread")]
async fn sound_client_breaks_no_clause() {
    check(Defect::None, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeating_lost_changes_is_found() {
    check(Defect::RepeatsLostChanges, &LOST_CHANGES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reporting_lost_changes_as_refused_is_found() {
    let mut expected = LOST_CHANGES.to_vec();
    expected.push("dead_server_is_an_error_in_time");
    expected.push("frozen_server_is_an_error_in_time");
    expected.sort_unstable();
    check(Defect::ReportsLostChangesAsRefused, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reporting_lost_changes_as_unwritten_is_found() {
    let mut expected = LOST_CHANGES.to_vec();
    expected.push("frozen_server_is_an_error_in_time");
    expected.sort_unstable();
    check(Defect::ReportsLostChangesAsUnwritten, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reporting_an_outage_as_a_miss_is_found() {
    let expected = [
        "dead_server_at_opening_is_an_error_in_time",
        "dead_server_is_an_error_in_time",
        "frozen_server_is_an_error_in_time",
        "lost_reply_to_a_load_is_no_miss",
    ];
    check(Defect::ReportsOutagesAsMisses, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_without_a_deadline_is_found() {
    let expected = ["frozen_server_is_an_error_in_time", "store_recovers_from_a_frozen_server"];
    check(Defect::WaitsForever, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn never_reconnecting_is_found() {
    let mut expected = LOST_CHANGES[..0].to_vec();
    expected.push("lost_reply_to_a_load_is_no_miss");
    expected.push("store_recovers_from_a_dead_server");
    expected.push("store_recovers_from_a_frozen_server");
    check(Defect::NeverReconnects, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_round_trip_is_found() {
    check(Defect::AsksTwice, &["every_call_is_one_round_trip"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trusting_rested_connections_is_found() {
    let expected = ["vanished_idle_connections_fail_no_call"];
    check(Defect::TrustsRestedConnections, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mixing_replies_up_after_a_cancellation_is_found() {
    let broken = broken_clauses(|| Wired::start(Defect::MixesReplies)).await;
    assert!(broken.contains(&"cancelled_calls_do_not_mix_replies"), "{broken:?}");
}
