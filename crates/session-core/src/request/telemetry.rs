//! Events and metrics: what happened, in which backend, never to whom.
//!
//! Counters are those of the `metrics` facade (feature `metrics`), events those of `tracing`, which
//! also gets spans under the feature `spans`.

#[cfg(feature = "metrics")]
mod meters;
mod outage;
mod spans;

use super::plan::Plan;
use crate::error::{Error, Result};
#[cfg(feature = "metrics")]
use meters::Meters;
use outage::Outage;
use tokio::time::Instant;

/// Counts one occurrence under a metric name with labels.
macro_rules! count {
    ($telemetry:expr, $name:literal $(, $label:literal => $value:expr)*) => {
        #[cfg(feature = "metrics")]
        metrics::counter!($name, "backend" => $telemetry.backend $(, $label => $value)*)
            .increment(1);
        #[cfg(not(feature = "metrics"))]
        let _ = ($($value,)*);
    };
}

/// The events and metrics of one backend, whose name labels them all.
#[derive(Debug)]
pub(crate) struct Telemetry {
    backend: &'static str,
    loads: Outage,
    commits: Outage,
    updates: Outage,
    touches: Outage,
    orphans: Outage,
    limits: Outage,
    #[cfg(feature = "metrics")]
    meters: Meters,
}

/// A commit, whose time is recorded when it has succeeded. The recorder is asked once for both of its
/// metrics.
pub(crate) struct Timed {
    #[cfg(feature = "metrics")]
    seconds: metrics::Histogram,
}

impl Timed {
    /// The store has answered all that was asked of it.
    pub(crate) fn committed(self, started: Instant) {
        #[cfg(feature = "metrics")]
        self.seconds.record(meters::Since(started));
        #[cfg(not(feature = "metrics"))]
        let _ = started;
    }
}

impl Telemetry {
    pub(crate) fn new(backend: &'static str) -> Self {
        Self {
            backend,
            loads: Outage::default(),
            commits: Outage::default(),
            updates: Outage::default(),
            touches: Outage::default(),
            orphans: Outage::default(),
            limits: Outage::default(),
            #[cfg(feature = "metrics")]
            meters: Meters::new(backend),
        }
    }

    /// A live record was loaded and opened.
    pub(crate) fn hit(&self, payload_len: usize, started: Instant) {
        #[cfg(feature = "metrics")]
        self.meters.hit(payload_len, started);
        #[cfg(not(feature = "metrics"))]
        let _ = (payload_len, started);
    }

    /// A well-formed id had no live record.
    pub(crate) fn missed(&self) {
        #[cfg(feature = "metrics")]
        self.meters.missed();
    }

    /// A record was over its absolute lifetime.
    pub(crate) fn expired(&self) {
        count!(self, "session_loads_total", "result" => "expired");
    }

    /// An id had nothing but the trace of a session that moved.
    pub(crate) fn moved(&self) {
        count!(self, "session_loads_total", "result" => "moved");
    }

    /// A session was opened in a form that is read and not written, while a setting changes.
    pub(crate) fn other_form(&self, form: &'static str) {
        count!(self, "session_other_forms_total", "form" => form);
    }

    /// What was sent as an id was malformed or not signed by us.
    pub(crate) fn forged(&self) {
        count!(self, "session_ids_rejected_total", "reason" => "forged");
        tracing::debug!(backend = self.backend, "session id malformed or unverified");
    }

    /// Several ids were presented, more than one of them live, or too many to be looked up.
    pub(crate) fn ambiguous(&self) {
        count!(self, "session_ids_rejected_total", "reason" => "ambiguous");
        tracing::warn!(
            backend = self.backend,
            "several session ids in one request: none believed until a logout ends them; a browser \
             sends two cookies after SESSION_COOKIE_PATH or SESSION_COOKIE_DOMAIN was changed, \
             unless SESSION_COOKIE_NAME was changed with it"
        );
    }

    /// A stored record could not be decoded.
    pub(crate) fn undecodable(&self, error: &Error) {
        count!(self, "session_loads_total", "result" => "undecodable");
        tracing::error!(
            backend = self.backend,
            error = %error.logged(),
            "stored session undecodable"
        );
    }

    /// The store did not answer a load.
    pub(crate) fn load_failed(&self, error: &Error) {
        count!(self, "session_loads_total", "result" => error.kind().as_str());
        let Some(unsaid) = self.loads.hear(error) else { return };
        tracing::warn!(
            backend = self.backend,
            unsaid,
            error = %error.logged(),
            "session load failed"
        );
    }

    /// A request was decided.
    pub(crate) fn planned(&self, plan: Plan) -> Timed {
        #[cfg(not(feature = "metrics"))]
        let _ = plan;
        Timed {
            #[cfg(feature = "metrics")]
            seconds: self.meters.planned(plan),
        }
    }

    /// A commit failed.
    pub(crate) fn commit_failed(&self, error: &Error) {
        count!(self, "session_commit_errors_total", "kind" => error.kind().as_str());
        let Some(unsaid) = self.commits.hear(error) else { return };
        tracing::warn!(
            backend = self.backend,
            unsaid,
            kind = error.kind().as_str(),
            error = %error.logged(),
            "session commit failed"
        );
    }

    /// An atomic update failed.
    pub(crate) fn update_failed(&self, error: &Error) {
        count!(self, "session_update_errors_total", "kind" => error.kind().as_str());
        let Some(unsaid) = self.updates.hear(error) else { return };
        tracing::warn!(
            backend = self.backend,
            unsaid,
            kind = error.kind().as_str(),
            error = %error.logged(),
            "session update failed"
        );
    }

    /// A payload was stored.
    pub(crate) fn written(&self, len: usize) {
        #[cfg(feature = "metrics")]
        self.meters.written(len);
        #[cfg(not(feature = "metrics"))]
        let _ = len;
    }

    /// Another request wrote first; this one was replayed on its record.
    pub(crate) fn replayed(&self) {
        count!(self, "session_replays_total");
    }

    /// A write to an ended session was refused.
    pub(crate) fn refused_resurrection(&self) {
        count!(self, "session_refused_resurrections_total");
    }

    /// A session was ended by a call about its owner, or by the limit.
    pub(crate) fn ended(&self) {
        count!(self, "session_owner_ends_total");
    }

    /// An index entry names a record that says it is another owner's.
    pub(crate) fn foreign_entry(&self) {
        count!(self, "session_foreign_entries_total");
        tracing::debug!(backend = self.backend, "index entry of another owner skipped");
    }

    /// A call about an owner's sessions ended some of them and stopped.
    pub(crate) fn end_failed(&self, ended: usize, error: &Error) {
        tracing::warn!(
            backend = self.backend,
            ended,
            error = %error.logged(),
            "ending an owner's sessions failed"
        );
    }

    /// A sign-in left more sessions of its owner than there may be.
    pub(crate) fn limit_failed(&self, error: &Error) {
        count!(self, "session_limit_errors_total", "kind" => error.kind().as_str());
        let Some(unsaid) = self.limits.hear(error) else { return };
        tracing::warn!(
            backend = self.backend,
            unsaid,
            error = %error.logged(),
            "ending the oldest sessions of an owner failed: there are more of them than \
             SESSION_MAX_PER_OWNER until the next sign-in"
        );
    }

    /// A renewal failed; the response stands.
    pub(crate) fn touch_failed(&self, error: &Error) {
        count!(self, "session_touch_errors_total", "kind" => error.kind().as_str());
        let Some(unsaid) = self.touches.hear(error) else { return };
        tracing::warn!(
            backend = self.backend,
            unsaid,
            error = %error.logged(),
            "session renewal failed"
        );
    }

    /// A record nobody knows could not be removed; it expires by itself.
    pub(crate) fn abandon_failed(&self, error: &Error) {
        let Some(unsaid) = self.orphans.hear(error) else { return };
        tracing::warn!(
            backend = self.backend,
            unsaid,
            error = %error.logged(),
            "orphaned session left to expire"
        );
    }

    /// A sweep ended.
    pub(crate) fn swept(&self, result: &Result<u64>) {
        match result {
            Ok(count) => {
                #[cfg(feature = "metrics")]
                metrics::counter!("session_swept_total", "backend" => self.backend)
                    .increment(*count);
                tracing::debug!(backend = self.backend, count, "expired sessions swept");
            }
            Err(error) => {
                count!(self, "session_sweep_errors_total", "kind" => error.kind().as_str());
                tracing::warn!(
                    backend = self.backend,
                    error = %error.logged(),
                    "session sweep failed"
                );
            }
        }
    }

    /// Sweeps were asked for that would find nothing.
    pub(crate) fn nothing_to_sweep(&self) {
        tracing::debug!(
            backend = self.backend,
            "no sweeps: the store expires its records by itself"
        );
    }
}
