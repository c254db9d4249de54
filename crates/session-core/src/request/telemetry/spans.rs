//! Spans around what waits for the store.

use super::Telemetry;
use crate::request::plan::Plan;
use std::future::Future;

impl Telemetry {
    /// Puts a load into a span `session_load` (feature `spans`).
    pub(crate) fn in_load_span<F: Future>(&self, load: F) -> impl Future<Output = F::Output> {
        #[cfg(feature = "spans")]
        {
            let span = tracing::debug_span!("session_load", backend = self.backend);
            tracing::Instrument::instrument(load, span)
        }
        #[cfg(not(feature = "spans"))]
        {
            load
        }
    }

    /// Puts a commit that calls the store into a span `session_commit` (feature `spans`).
    pub(crate) fn in_commit_span<F: Future>(
        &self,
        plan: Plan,
        commit: F,
    ) -> impl Future<Output = F::Output> {
        #[cfg(feature = "spans")]
        {
            let backend = self.backend;
            let span = tracing::debug_span!("session_commit", backend, plan = plan.as_str());
            tracing::Instrument::instrument(commit, span)
        }
        #[cfg(not(feature = "spans"))]
        {
            let _ = plan;
            commit
        }
    }
}
