//! The server is gone or silent, and comes back.

use crate::probe::{fresh_key, kind_of};
use crate::proxy::{Mode, Proxy};
use crate::verdict::ensure;
use crate::wiretap::{CHANGES, Change, Found, Wiretap, ensure_retryable};
use crate::{Finding, Link, Subject, Verdict};
use session_core::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Long enough for a server to apply what a proxy held back.
const AFTERMATH: Duration = Duration::from_millis(300);

/// As many as a pool has connections, by default.
const LOADS: usize = 10;

/// While the server refuses connections every call fails in time, loads retryably.
pub async fn dead_server_is_an_error_in_time(subject: &dyn Subject) -> Verdict {
    ensure_errors_in_time(subject, Mode::Refuse).await
}

/// Opening a store while the server refuses connections fails, or its calls do, in time.
pub async fn dead_server_at_opening_is_an_error_in_time(subject: &dyn Subject) -> Verdict {
    let Link::Tcp(remote) = subject.link() else {
        // Says why.
        Wiretap::open(subject).await?;
        return Ok(());
    };
    let proxy = Proxy::start(remote.server()).await?;
    proxy.set(Mode::Refuse).await;
    let limit = remote.deadline() * 2 + Duration::from_secs(2);
    let opened = tokio::time::timeout(limit, async {
        remote.store_at(proxy.addr()).await?.load(&fresh_key()).await
    });
    match opened.await {
        Ok(result) => ensure_retryable(result),
        Err(_) => Err(Finding::Broken(format!("opening a store took over {limit:?}"))),
    }
}

/// While the server is silent every call fails in time, loads retryably.
pub async fn frozen_server_is_an_error_in_time(subject: &dyn Subject) -> Verdict {
    ensure_errors_in_time(subject, Mode::Freeze).await
}

/// The same store works again soon after a dead server is back.
pub async fn store_recovers_from_a_dead_server(subject: &dyn Subject) -> Verdict {
    ensure_recovers(subject, Mode::Refuse).await
}

/// The same store works again soon after a frozen server goes on.
pub async fn store_recovers_from_a_frozen_server(subject: &dyn Subject) -> Verdict {
    ensure_recovers(subject, Mode::Freeze).await
}

/// Connections that vanished without a word while nobody used them, as behind a NAT, fail no call,
/// several at once neither, and leave no doubt about a write.
pub async fn vanished_idle_connections_fail_no_call(subject: &dyn Subject) -> Verdict {
    let tap = Wiretap::open_wary(subject).await?;
    for change in CHANGES {
        let attempt = tap.prepare(change).await?;
        tap.proxy.silence();
        let answer = tap.in_time(attempt.make(&*tap.store)).await?;
        ensure!(
            matches!(answer, Ok(true)),
            "{change:?} over a connection that had vanished gave {answer:?}"
        );
        ensure!(attempt.find(&*tap.direct).await? == Found::After, "{change:?} did nothing");
        tap.proxy.silence();
        let mut loads = JoinSet::new();
        for _ in 0..LOADS {
            let (store, key) = (Arc::clone(&tap.store), attempt.key.clone());
            loads.spawn(async move { store.load(&key).await.map(drop) });
        }
        for loaded in tap.in_time(loads.join_all()).await? {
            ensure!(loaded.is_ok(), "a load over a connection that had vanished gave {loaded:?}");
        }
    }
    Ok(())
}

async fn ensure_errors_in_time(subject: &dyn Subject, fault: Mode) -> Verdict {
    let tap = Wiretap::open(subject).await?;
    let mut attempts = Vec::new();
    for change in CHANGES {
        attempts.push(tap.prepare(change).await?);
    }
    tap.proxy.set(fault).await;
    // Twice: the first call may be the one that finds its connection dropped.
    for _ in 0..2 {
        ensure_retryable(tap.in_time(tap.store.load(&fresh_key())).await?)?;
    }
    let mut kinds = Vec::new();
    for attempt in &attempts {
        let answer = tap.in_time(attempt.make(&*tap.store)).await?;
        let kind = kind_of(answer).map_err(|answer| {
            Finding::Broken(format!("a change without its server was answered with {answer}"))
        })?;
        kinds.push(kind);
    }
    // What a frozen server was sent, it may apply when it goes on.
    tap.proxy.set(Mode::Forward).await;
    tokio::time::sleep(AFTERMATH).await;
    for ((attempt, kind), change) in attempts.iter().zip(kinds).zip(CHANGES) {
        let found = attempt.find(&*tap.direct).await?;
        ensure_truthful(change, kind, found)?;
    }
    Ok(())
}

/// `Unavailable` and `Timeout` promise that nothing was written.
fn ensure_truthful(change: Change, kind: ErrorKind, found: Found) -> Verdict {
    let is_true = match kind {
        ErrorKind::Unknown => true,
        ErrorKind::Unavailable | ErrorKind::Timeout => found == Found::Before,
        _ => false,
    };
    ensure!(is_true, "{change:?} without its server gave {kind:?}, and afterwards: {found:?}");
    Ok(())
}

async fn ensure_recovers(subject: &dyn Subject, fault: Mode) -> Verdict {
    let tap = Wiretap::open(subject).await?;
    for _ in 0..2 {
        tap.proxy.set(fault).await;
        // How it fails is another clause's.
        let _ = tap.in_time(tap.store.load(&fresh_key())).await?;
        let _ = tap.in_time(tap.store.load(&fresh_key())).await?;
        tap.restore().await?;
    }
    Ok(())
}
