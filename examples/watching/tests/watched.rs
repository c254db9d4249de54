//! The running program, fetched from as Prometheus does, with a collector of traces of our own.
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

use axum::body::Bytes;
use axum::extract::State;
use axum::{Router, routing::post};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use reqwest::Client;
use reqwest::header::{COOKIE, SET_COOKIE};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

/// The program, which ends with this.
struct Program {
    _process: Child,
    site: String,
    metrics: String,
}

/// Starts the program with nothing in its environment but this.
async fn start(environment: &[(&str, &str)]) -> Program {
    let mut process = Command::new(env!("CARGO_BIN_EXE_watching"))
        .env_clear()
        .envs([("PORT", "0"), ("METRICS_PORT", "0")])
        .envs(environment.iter().copied())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut address = async || {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        line.split(' ').next().unwrap().to_owned()
    };
    Program { site: address().await, metrics: address().await, _process: process }
}

/// Visits twice with one cookie, and returns the id in it.
async fn visit(program: &Program) -> String {
    let client = Client::new();
    let first = client.get(&program.site).send().await.unwrap();
    let cookie =
        first.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let second = client.get(&program.site).header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(second.text().await.unwrap(), "visit 2\n");
    cookie.split_once('=').unwrap().1.to_owned()
}

/// A sample of what Prometheus fetches; none is 0.
async fn sample(program: &Program, series: &str) -> f64 {
    let page = Client::new().get(&program.metrics).send().await.unwrap().text().await.unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix(series));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}

#[tokio::test]
async fn prometheus_sees_loads_commits_and_their_times_move() {
    let program = start(&[]).await;
    let series = [
        r#"session_loads_total{backend="memory",result="hit"}"#,
        r#"session_commits_total{backend="memory",plan="update"}"#,
        r#"session_load_seconds_bucket{backend="memory",le="+Inf"}"#,
        r#"session_commit_seconds_bucket{backend="memory",plan="update",le="+Inf"}"#,
    ];
    for visits in [0.0, 1.0, 2.0] {
        for series in series {
            assert_eq!(sample(&program, series).await, visits, "{series}");
        }
        visit(&program).await;
    }
}

async fn collect(State(spans): State<UnboundedSender<Span>>, body: Bytes) {
    let batch = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = batch.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        let _ = spans.send(span);
    }
}

/// Where a collector listens, and what it gets.
async fn collector() -> (String, UnboundedReceiver<Span>) {
    let (sender, spans) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/v1/traces", post(collect)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, spans)
}

#[tokio::test]
async fn collector_gets_load_and_commit_below_their_requests() {
    let (address, mut spans) = collector().await;
    let program =
        start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &address), ("OTEL_BSP_SCHEDULE_DELAY", "100")])
            .await;
    let id = visit(&program).await;
    let (mut requests, mut work) = (Vec::new(), Vec::new());
    // Two requests: a commit, then a load and a commit.
    while requests.len() < 2 || work.len() < 3 {
        let span = timeout(PATIENCE, spans.recv()).await.unwrap().unwrap();
        assert!(!format!("{span:?}").contains(&id), "an id was sent");
        match span.name.as_str() {
            "request" => requests.push(span.span_id),
            _ => work.push(span),
        }
    }
    let mut names: Vec<&str> = work.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["session_commit", "session_commit", "session_load"]);
    for span in work {
        assert!(requests.contains(&span.parent_span_id), "{span:?}");
        assert!(span.attributes.iter().any(|attribute| attribute.key == "backend"), "{span:?}");
    }
}
