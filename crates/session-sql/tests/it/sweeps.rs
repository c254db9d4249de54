//! Sweeps beside those of others.

use crate::common::{Held, OwnTable, POSTGRES, create, key, open};
use session_core::Store;

const EXPIRED: usize = 20;

/// Fills the table with rows that have expired.
async fn fill(table: &OwnTable, store: &impl Store) {
    for n in 0..EXPIRED {
        create(store, &key(&format!("old-{n}")), "x").await;
    }
    table.tell("UPDATE {} SET expiry = NULL").await;
}

#[tokio::test]
async fn sweep_passes_over_rows_that_others_have_locked() {
    for variable in [POSTGRES] {
        let table = OwnTable::new(variable);
        let store = open(table.options()).await;
        fill(&table, &store).await;
        let held = Held::row(&table, &key("old-0")).await;
        assert_eq!(store.delete_expired().await.unwrap(), EXPIRED as u64 - 1);
        drop(held);
        table.drop().await;
    }
}
