//! Metrics, as Prometheus fetches them.

use axum::{Router, routing::get};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use std::time::Duration;

/// Bounds of times, in seconds: a store answers within milliseconds, and a request gives up after
/// `SESSION_TIMEOUT`, two seconds. Without bounds there would be no histograms, and the times of
/// several instances could not be added up.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0];

/// Records all metrics of the process from now on; the page `/metrics` has them.
pub(crate) fn router() -> Result<Router, BuildError> {
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .install_recorder()?;
    let upkeep = metrics.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    Ok(Router::new().route("/metrics", get(async move || metrics.render())))
}
