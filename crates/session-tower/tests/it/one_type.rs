//! One `Session` and one `Error`, whatever serves the request: axum, plain tower, hyper, tonic.

use crate::support::request;
use axum::Router;
use axum::routing::get;
use bytes::{Buf as _, BufMut as _};
use http::header::{COOKIE, SET_COOKIE};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use session_core::{
    Bytes, Config, Error, ErrorKind, Exchange, MemoryStore, Result, Session, SessionManager,
};
use session_testkit::{Fault, FaultyStore, Method};
use session_tower::SessionLayer;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tower::{Layer as _, ServiceExt as _, service_fn};

fn layer() -> SessionLayer {
    let store = Arc::new(MemoryStore::new());
    SessionLayer::new(SessionManager::new(store, Config::default(), None).unwrap())
}

/// What a handler and every other service do with a session.
fn count(session: &Session) -> Result<String> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}"))
}

fn exchange(request: &http::Extensions) -> Result<&Exchange> {
    request.get::<Exchange>().ok_or_else(Error::no_layer)
}

/// A service without an extractor.
async fn plain<B>(request: Request<B>) -> Result<Response<String>, Infallible> {
    let visits = async {
        let exchange = exchange(request.extensions())?;
        count(&exchange.session_of(request.headers()).await?)
    };
    Ok(Response::new(visits.await.unwrap_or_else(|error| error.to_string())))
}

/// The `NAME=VALUE` that a response sets.
fn pair(headers: &http::HeaderMap) -> String {
    headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn handler_returns_the_error_itself() {
    async fn visits(session: Session) -> Result<String> {
        count(&session)
    }
    let app = Router::new().route("/", get(visits)).layer(layer());
    assert_eq!(request(&app, "/", &[]).await.body, "visit 1");
}

/// What failed, and what the visitor reads: in the extractor, in the commit, in the handler.
#[tokio::test]
async fn failure_tells_the_visitor_what_to_do() {
    let table = [
        (Method::Load, ErrorKind::Unavailable, 503, "not available right now"),
        (Method::Write, ErrorKind::Unknown, 503, "not available right now"),
        (Method::Write, ErrorKind::Conflict, 409, "Please try again"),
        (Method::Write, ErrorKind::Gone, 409, "Your session has ended"),
        (Method::Write, ErrorKind::TooLarge, 500, "Something went wrong"),
    ];
    for (method, kind, status, advice) in table {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let manager = SessionManager::new(store.clone(), Config::default(), None).unwrap();
        let visits = |session: Session| async move { count(&session) };
        let type_changed =
            |session: Session| async move { session.get::<String>("visits").map(drop) };
        let app = Router::new().route("/", get(visits)).route("/type", get(type_changed));
        let app = app.layer(SessionLayer::new(manager));
        let cookie = pair(&request(&app, "/", &[]).await.headers);
        store.push(method, Fault::Fail(kind));
        let answer = request(&app, "/", &[cookie.as_bytes()]).await;
        assert_eq!(answer.status.as_u16(), status, "{kind:?}");
        assert!(answer.body.contains(advice), "{kind:?}: {}", answer.body);
        assert_eq!(answer.field("content-type").as_deref(), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
        assert_eq!(answer.set_cookies().len(), 0);
        let answer = request(&app, "/type", &[cookie.as_bytes()]).await;
        assert_eq!(answer.status.as_u16(), 500);
        assert!(answer.body.contains("Something went wrong"), "{}", answer.body);
    }
}

/// A 409 of the handler's own is committed; one that is a session's error stores nothing.
#[tokio::test]
async fn error_that_a_handler_returns_discards_what_it_recorded() {
    let app = Router::new()
        .route("/", get(async |session: Session| count(&session)))
        .route(
            "/conflict",
            get(async |session: Session| -> Result<String> {
                count(&session)?;
                Err(Error::new(ErrorKind::Conflict, "sell what somebody else has bought"))
            }),
        )
        .route(
            "/own",
            get(async |session: Session| count(&session).map(|_| http::StatusCode::CONFLICT)),
        )
        .layer(layer());
    let cookie = pair(&request(&app, "/", &[]).await.headers);
    for (path, next) in [("/conflict", "visit 2"), ("/own", "visit 4")] {
        let answer = request(&app, path, &[cookie.as_bytes()]).await;
        assert_eq!(answer.status.as_u16(), 409, "{path}");
        assert_eq!(request(&app, "/", &[cookie.as_bytes()]).await.body, next, "{path}");
    }
}

#[tokio::test]
async fn plain_tower_service_finds_its_exchange() {
    let service = layer().layer(service_fn(plain::<()>));
    let first = service.clone().oneshot(Request::new(())).await.unwrap();
    let cookie = pair(first.headers());
    assert_eq!(first.into_body(), "visit 1");
    let second = Request::builder().header(COOKIE, cookie).body(()).unwrap();
    assert_eq!(service.oneshot(second).await.unwrap().into_body(), "visit 2");
    let without_layer = plain(Request::new(())).await.unwrap().into_body();
    assert!(without_layer.contains("no session layer"), "{without_layer}");
}

#[tokio::test]
async fn hyper_server_has_sessions() {
    let service = TowerToHyperService::new(layer().layer(service_fn(plain)));
    let mut cookie = String::new();
    for visit in ["visit 1", "visit 2"] {
        let (mut client, server) = tokio::io::duplex(4096);
        let http = hyper::server::conn::http1::Builder::new();
        let served = http.serve_connection(TokioIo::new(server), service.clone());
        let request = format!("GET / HTTP/1.1\r\nhost: a\r\n{cookie}connection: close\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let (served, read) = tokio::join!(served, client.read_to_string(&mut answer));
        served.unwrap();
        read.unwrap();
        assert!(answer.ends_with(visit), "{answer}");
        if let Some((_, set)) = answer.split_once("set-cookie: ") {
            cookie = format!("cookie: {}\r\n", set.split(';').next().unwrap());
        }
    }
}

#[tokio::test]
async fn tonic_service_has_sessions() {
    let service = layer().layer(service_fn(|request: Request<tonic::body::Body>| async {
        let mut grpc = tonic::server::Grpc::new(Text);
        Ok::<_, Infallible>(grpc.unary(service_fn(greet), request).await)
    }));
    let call = |cookie: Option<String>| {
        let frame = Bytes::from_static(b"\0\0\0\0\x03ann");
        let body = tonic::body::Body::new(http_body_util::Full::new(frame));
        let mut request = Request::post("/greeter/greet").body(body).unwrap();
        if let Some(cookie) = cookie {
            request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        }
        service.clone().oneshot(request)
    };
    let first = call(None).await.unwrap();
    assert_eq!(message(first.into_parts()).await, ("ann: visit 1".to_owned(), true));
    let first = call(None).await.unwrap();
    let cookie = pair(first.headers());
    let second = call(Some(cookie)).await.unwrap();
    assert_eq!(message(second.into_parts()).await, ("ann: visit 2".to_owned(), false));
}

/// A handler of tonic has the fields of the request as metadata.
async fn greet(request: tonic::Request<String>) -> Result<tonic::Response<String>, tonic::Status> {
    let visits = async {
        let exchange = exchange(request.extensions())?;
        count(&exchange.session_of(request.metadata().as_ref()).await?)
    };
    let visits = visits.await.map_err(|error| tonic::Status::internal(error.to_string()))?;
    Ok(tonic::Response::new(format!("{}: {visits}", request.get_ref())))
}

/// The message of a unary answer, and whether a cookie came with it.
async fn message((head, body): (http::response::Parts, tonic::body::Body)) -> (String, bool) {
    let frame = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(frame[5..].to_vec()).unwrap();
    (text, head.headers.contains_key(SET_COOKIE))
}

/// Messages that are text, so that no schema has to be compiled.
#[derive(Debug, Clone, Copy)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = tonic::Status;

    fn encode(&mut self, text: String, buffer: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        buffer.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<String>, tonic::Status> {
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
