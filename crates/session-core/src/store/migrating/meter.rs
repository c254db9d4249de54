//! In which of the two stores sessions are found: when the old one may go shows here.

use super::side::Side;

/// The metric of one migrating store.
#[derive(Debug)]
pub(super) struct Meter {
    #[cfg(feature = "metrics")]
    backend: &'static str,
}

impl Meter {
    /// `backend` is the name that the two have as one.
    pub(super) fn new(backend: &'static str) -> Self {
        #[cfg(not(feature = "metrics"))]
        let _ = backend;
        Self {
            #[cfg(feature = "metrics")]
            backend,
        }
    }

    /// A record was loaded.
    pub(super) fn found(&self, side: Side) {
        #[cfg(feature = "metrics")]
        metrics::counter!(
            "session_migration_loads_total",
            "backend" => self.backend,
            "store" => side.as_str()
        )
        .increment(1);
        #[cfg(not(feature = "metrics"))]
        let _ = side;
    }
}
