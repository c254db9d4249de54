//! Events and metrics: what happened, in which backend, never to whom.
//!
//! Counters are those of the `metrics` facade (feature `metrics`), events those of `tracing`, which
//! also gets spans under the feature `spans`.

use crate::error::{Error, Result};
use crate::manager::Shared;
use crate::plan::Plan;
use crate::store::Capabilities;
use std::future::Future;
use tokio::time::Instant;

/// Counts one occurrence under a metric name with labels.
macro_rules! count {
    ($shared:expr, $name:literal $(, $label:literal => $value:expr)*) => {
        #[cfg(feature = "metrics")]
        metrics::counter!($name, "backend" => $shared.capabilities.name $(, $label => $value)*)
            .increment(1);
        #[cfg(not(feature = "metrics"))]
        let _ = ($shared, $($value)*);
    };
}

/// Puts a load into a span `session_load` (feature `spans`).
pub(crate) fn in_load_span<F: Future>(shared: &Shared, load: F) -> impl Future<Output = F::Output> {
    #[cfg(feature = "spans")]
    {
        let span = tracing::debug_span!("session_load", backend = shared.capabilities.name);
        tracing::Instrument::instrument(load, span)
    }
    #[cfg(not(feature = "spans"))]
    {
        let _ = shared;
        load
    }
}

/// Puts a commit that calls the store into a span `session_commit` (feature `spans`).
pub(crate) fn in_commit_span<F: Future>(
    shared: &Shared,
    plan: Plan,
    commit: F,
) -> impl Future<Output = F::Output> {
    #[cfg(feature = "spans")]
    {
        let backend = shared.capabilities.name;
        let span = tracing::debug_span!("session_commit", backend, plan = plan.as_str());
        tracing::Instrument::instrument(commit, span)
    }
    #[cfg(not(feature = "spans"))]
    {
        let _ = (shared, plan);
        commit
    }
}

/// A live record was loaded and opened.
pub(crate) fn hit(shared: &Shared, payload_len: usize, started: Instant) {
    #[cfg(feature = "metrics")]
    shared.meters.hit(payload_len, started.elapsed());
    #[cfg(not(feature = "metrics"))]
    let _ = (shared, payload_len, started);
}

/// A well-formed id had no live record.
pub(crate) fn missed(shared: &Shared) {
    #[cfg(feature = "metrics")]
    shared.meters.missed();
    #[cfg(not(feature = "metrics"))]
    let _ = shared;
}

/// A record was over its absolute lifetime.
pub(crate) fn expired(shared: &Shared) {
    count!(shared, "session_loads_total", "result" => "expired");
}

/// A cookie of our name was malformed or not signed by us.
pub(crate) fn forged(shared: &Shared) {
    count!(shared, "session_cookies_rejected_total", "reason" => "forged");
    tracing::debug!(backend = shared.capabilities.name, "session cookie malformed or unverified");
}

/// Several ids were presented, more than one of them live.
pub(crate) fn ambiguous(shared: &Shared) {
    count!(shared, "session_cookies_rejected_total", "reason" => "ambiguous");
    tracing::warn!(backend = shared.capabilities.name, "several session cookies: none believed");
}

/// A stored record could not be decoded.
pub(crate) fn undecodable(shared: &Shared, error: &Error) {
    count!(shared, "session_loads_total", "result" => "undecodable");
    tracing::error!(
        backend = shared.capabilities.name,
        error = format_args!("{error:#}"),
        "stored session undecodable"
    );
}

/// The store did not answer a load.
pub(crate) fn load_failed(shared: &Shared, error: &Error) {
    count!(shared, "session_loads_total", "result" => error.kind().as_str());
    tracing::warn!(
        backend = shared.capabilities.name,
        error = format_args!("{error:#}"),
        "session load failed"
    );
}

/// A request was decided.
pub(crate) fn planned(shared: &Shared, plan: Plan) {
    #[cfg(feature = "metrics")]
    shared.meters.planned(plan);
    #[cfg(not(feature = "metrics"))]
    let _ = (shared, plan);
}

/// A commit failed.
pub(crate) fn commit_failed(shared: &Shared, error: &Error) {
    count!(shared, "session_commit_errors_total", "kind" => error.kind().as_str());
    tracing::warn!(
        backend = shared.capabilities.name,
        kind = error.kind().as_str(),
        error = format_args!("{error:#}"),
        "session commit failed"
    );
}

/// A payload was stored.
pub(crate) fn written(shared: &Shared, len: usize) {
    #[cfg(feature = "metrics")]
    shared.meters.written(len);
    #[cfg(not(feature = "metrics"))]
    let _ = (shared, len);
}

/// Another request wrote first; this one was replayed on its record.
pub(crate) fn replayed(shared: &Shared) {
    count!(shared, "session_replays_total");
}

/// A write to an ended session was refused.
pub(crate) fn refused_resurrection(shared: &Shared) {
    count!(shared, "session_refused_resurrections_total");
}

/// A session was ended by a call about its owner.
pub(crate) fn ended(shared: &Shared) {
    count!(shared, "session_owner_ends_total");
}

/// An index entry names a record that says it is another owner's.
pub(crate) fn foreign_entry(shared: &Shared) {
    count!(shared, "session_foreign_entries_total");
    tracing::debug!(backend = shared.capabilities.name, "index entry of another owner skipped");
}

/// A call about an owner's sessions ended some of them and stopped.
pub(crate) fn end_failed(shared: &Shared, ended: usize, error: &Error) {
    tracing::warn!(
        backend = shared.capabilities.name,
        ended,
        error = format_args!("{error:#}"),
        "ending an owner's sessions failed"
    );
}

/// A renewal failed; the response stands.
pub(crate) fn touch_failed(shared: &Shared, error: &Error) {
    count!(shared, "session_touch_errors_total", "kind" => error.kind().as_str());
    tracing::warn!(
        backend = shared.capabilities.name,
        error = format_args!("{error:#}"),
        "session renewal failed"
    );
}

/// A record nobody knows could not be removed; it expires by itself.
pub(crate) fn abandon_failed(shared: &Shared, error: &Error) {
    tracing::warn!(
        backend = shared.capabilities.name,
        error = format_args!("{error:#}"),
        "orphaned session left to expire"
    );
}

/// A sweep ended.
pub(crate) fn swept(shared: &Shared, result: &Result<u64>) {
    match result {
        Ok(count) => {
            #[cfg(feature = "metrics")]
            metrics::counter!("session_swept_total", "backend" => shared.capabilities.name)
                .increment(*count);
            tracing::debug!(backend = shared.capabilities.name, count, "expired sessions swept");
        }
        Err(error) => {
            count!(shared, "session_sweep_errors_total", "kind" => error.kind().as_str());
            tracing::warn!(
                backend = shared.capabilities.name,
                error = format_args!("{error:#}"),
                "session sweep failed"
            );
        }
    }
}

/// Sweeps were asked for that would find nothing.
pub(crate) fn nothing_to_sweep(capabilities: &Capabilities) {
    tracing::debug!(
        backend = capabilities.name,
        "no sweeps: the store expires its records by itself"
    );
}
