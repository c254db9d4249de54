//! The server is gone or silent, and comes back.

use crate::probe::{fresh_key, kind_of};
use crate::proxy::{Mode, Proxy};
use crate::verdict::ensure;
use crate::wiretap::{CHANGES, Change, Found, Wiretap, ensure_retryable};
use crate::{Finding, Link, Subject, Verdict};
use session_core::ErrorKind;
use std::time::Duration;

/// Long enough for a server to apply what a proxy held back.
const AFTERMATH: Duration = Duration::from_millis(300);

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
