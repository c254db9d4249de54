//! A sweep removes what expired and nothing else.

use crate::probe::{
    MINUTE, create, ensure_holds, fresh_key, fresh_payload, is_written, lease, open, outlive,
    short_ttl,
};
use crate::verdict::{ensure, not_applicable_if};
use crate::{Subject, Verdict};
use session_core::Precondition;

/// Other tests sweep the same server, and may come first this often.
const TRIALS: usize = 5;

/// A live record outlasts a sweep.
pub async fn sweep_spares_the_living(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let payload = fresh_payload();
    create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
    store.delete_expired().await?;
    ensure_holds(&*store, &key, &payload).await
}

/// A sweep counts the expired records it removes and frees their keys.
pub async fn sweep_removes_the_expired(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    not_applicable_if!(!capabilities.needs_sweep, "its records expire without a sweep");
    let ttl = short_ttl(&capabilities);
    let mut counted = 0;
    for _ in 0..TRIALS {
        let key = fresh_key();
        create(&*store, &key, fresh_payload(), &lease(ttl)).await?;
        outlive(subject, ttl, &capabilities).await;
        counted += store.delete_expired().await?;
        let outcome =
            store.write(&key, fresh_payload(), &lease(MINUTE), Precondition::Absent).await?;
        ensure!(is_written(outcome), "an expired record was still in the way after a sweep");
        if counted > 0 {
            return Ok(());
        }
    }
    ensure!(counted > 0, "{TRIALS} sweeps after as many expired records counted none");
    Ok(())
}
