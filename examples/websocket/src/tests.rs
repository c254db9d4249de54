//! The chat with a real client, and the forms around it.

use super::chat::{LONGEST, LOOK_EVERY};
use super::{OURS, app};
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use axum::http::{Request, StatusCode};
use futures_util::{SinkExt as _, StreamExt as _};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tower::ServiceExt as _;
use web_session::testing::{Browser, Fault, FaultyStore};
use web_session::{Config, ErrorKind, MemoryStore, SessionManager, Signer};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The application, served on a port of its own.
struct Site {
    store: Arc<FaultyStore>,
    manager: SessionManager,
    app: Router,
    address: SocketAddr,
}

impl Site {
    async fn start() -> Self {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let signer = Signer::new([7; 32]).unwrap();
        let config = Config::hardened().build().unwrap();
        let manager = SessionManager::new(store.clone(), config, Some(signer)).unwrap();
        let app = app(manager.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = app.clone();
        tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
        Self { store, manager, app, address }
    }

    async fn open(&self, browser: &Browser, origin: &str) -> tungstenite::Result<Socket> {
        let url = format!("ws://{}/chat", self.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(COOKIE, browser.cookie().parse().unwrap());
        request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
        Box::pin(connect_async(request)).await.map(|(socket, _)| socket)
    }

    /// Sends a form as the page does.
    async fn post(&self, browser: &mut Browser, path: &str, form: &'static str) -> StatusCode {
        let request = Request::post(path)
            .header(COOKIE, browser.cookie())
            .header(ORIGIN, OURS)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = self.app.clone().oneshot(request.body(Body::from(form)).unwrap());
        let response = response.await.unwrap();
        browser.heed(response.headers().get_all("set-cookie"));
        response.status()
    }

    /// Ann, who has been to the form.
    async fn ann(&self) -> Browser {
        let mut ann = Browser::new(&self.manager);
        let form = "name=Ann&password=open+sesame";
        assert_eq!(self.post(&mut ann, "/login", form).await, StatusCode::SEE_OTHER);
        ann
    }
}

/// The status that a handshake was refused with.
fn refusal(opened: tungstenite::Result<Socket>) -> StatusCode {
    match opened {
        Err(tungstenite::Error::Http(response)) => response.status(),
        other => unreachable!("{other:?}"),
    }
}

async fn say(socket: &mut Socket, text: &str) -> String {
    socket.send(Message::text(text)).await.unwrap();
    socket.next().await.unwrap().unwrap().into_text().unwrap().to_string()
}

/// The code that the socket is closed with, by itself.
async fn end(socket: &mut Socket) -> u16 {
    match timeout(10 * LOOK_EVERY, socket.next()).await.unwrap() {
        Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_socket_is_for_who_is_logged_in_on_a_page_of_ours() {
    let site = Site::start().await;
    let stranger = Browser::new(&site.manager);
    assert_eq!(refusal(site.open(&stranger, OURS).await), StatusCode::UNAUTHORIZED);
    let ann = site.ann().await;
    let evil = site.open(&ann, "https://evil.example").await;
    assert_eq!(refusal(evil), StatusCode::FORBIDDEN);
    site.store.always(Fault::Fail(ErrorKind::Unavailable));
    assert_eq!(refusal(site.open(&ann, OURS).await), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn an_open_socket_changes_the_session_and_sees_changes_of_others() {
    let site = Site::start().await;
    let mut ann = site.ann().await;
    let mut socket = site.open(&ann, OURS).await.unwrap();
    assert_eq!(say(&mut socket, "hello").await, "1. Ann: hello");
    let status = site.post(&mut ann, "/name", "name=Anna").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(say(&mut socket, "hello").await, "2. Anna: hello");
    assert_eq!(ann.session().await.unwrap().get("messages").unwrap(), Some(2));
}

// The clock stands still, and jumps to the next timer when nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn a_logout_elsewhere_closes_a_socket_that_only_listens() {
    let site = Site::start().await;
    let mut ann = site.ann().await;
    let mut socket = site.open(&ann, OURS).await.unwrap();
    assert_eq!(say(&mut socket, "hello").await, "1. Ann: hello");
    assert_eq!(site.post(&mut ann, "/logout", "").await, StatusCode::SEE_OTHER);
    assert_eq!(end(&mut socket).await, 1008);
    let mut again = site.ann().await;
    let mut socket = site.open(&again, OURS).await.unwrap();
    assert_eq!(say(&mut socket, "hello").await, "1. Ann: hello");
    site.post(&mut again, "/login", "name=Bob&password=open+sesame").await;
    assert_eq!(end(&mut socket).await, 1008, "it is Bob's browser now");
}

#[tokio::test(start_paused = true)]
async fn an_outage_asks_to_connect_again() {
    let site = Site::start().await;
    let ann = site.ann().await;
    let mut socket = site.open(&ann, OURS).await.unwrap();
    site.store.always(Fault::Fail(ErrorKind::Unavailable));
    assert_eq!(end(&mut socket).await, 1013);
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_socket() {
    let site = Site::start().await;
    let ann = site.ann().await;
    let mut socket = site.open(&ann, OURS).await.unwrap();
    socket.send(Message::text("a".repeat(LONGEST + 1))).await.unwrap();
    let end = socket.next().await;
    assert!(!matches!(end, Some(Ok(Message::Text(_)))), "{end:?}");
}
