//! What a call costs on the wire.

use crate::probe::{MINUTE, create, fresh_key, fresh_payload, lease};
use crate::verdict::ensure;
use crate::wiretap::{CHANGES, Wiretap};
use crate::{Subject, Verdict};

/// A driver may talk to its server on its own account, so the cheapest trial counts.
const TRIALS: usize = 4;

/// Loading, creating, updating, touching and deleting are one round trip each on an open connection.
pub async fn every_call_is_one_round_trip(subject: &dyn Subject) -> Verdict {
    let tap = Wiretap::open(subject).await?;
    for change in CHANGES {
        let mut fewest = usize::MAX;
        for _ in 0..TRIALS {
            let attempt = tap.prepare(change).await?;
            let before = tap.proxy.round_trips();
            attempt.make(&*tap.store).await?;
            fewest = fewest.min(tap.proxy.round_trips() - before);
        }
        ensure!(fewest == 1, "{change:?} took {fewest} round trips");
    }
    let mut fewest = usize::MAX;
    for _ in 0..TRIALS {
        let key = fresh_key();
        create(&*tap.direct, &key, fresh_payload(), &lease(MINUTE)).await?;
        let before = tap.proxy.round_trips();
        tap.store.load(&key).await?;
        fewest = fewest.min(tap.proxy.round_trips() - before);
    }
    ensure!(fewest == 1, "a load took {fewest} round trips");
    Ok(())
}
