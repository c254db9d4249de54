//! The log, and traces for a collector of OpenTelemetry.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::error::Error;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Begins to log, and to send traces if `OTEL_EXPORTER_OTLP_ENDPOINT` says where to. The other
/// variables of OpenTelemetry count as well: `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER` and so on.
///
/// What is returned is to be shut down at the end, or the last spans are lost.
pub(crate) fn init() -> Result<Option<SdkTracerProvider>, Box<dyn Error>> {
    let log =
        tracing_subscriber::fmt::layer().with_filter(Targets::new().with_default(Level::INFO));
    let log = tracing_subscriber::registry().with(log);
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_none() {
        log.init();
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    // Requests, and below them the spans `session_load` and `session_commit`.
    let spans = Targets::new()
        .with_target("tower_http", Level::INFO)
        .with_target("session_core", Level::DEBUG);
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("watching"));
    log.with(traces.with_filter(spans)).init();
    Ok(Some(provider))
}
