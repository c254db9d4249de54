//! Counts the visits of each browser, on salvo by its compatibility with tower.
//!
//! ```text
//! cargo run -p salvo-counter                            in memory
//! SESSION_TYPE=filesystem cargo run -p salvo-counter    in ./flask_session, across restarts
//! curl --cookie jar --cookie-jar jar http://localhost:3000/
//! ```

use salvo::http::ResBody;
use salvo::prelude::{
    Listener as _, Request, Response, Router, Server, StatusCode, TcpListener,
    TowerLayerCompat as _, handler,
};
use std::sync::Arc;
use web_session::{Config, MemoryStore, SessionManager, Signer};
use web_session::{Error, Exchange, Result, Session, SessionLayer};

/// What an extractor of axum would do: the layer has put the exchange into the request.
async fn session(request: &Request) -> Result<Session> {
    let exchange = request.extensions().get::<Exchange>().ok_or_else(Error::no_layer)?;
    exchange.session_of(request.headers()).await
}

async fn count(request: &Request) -> Result<String> {
    let session = session(request).await?;
    let count = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {count}\n"))
}

/// The layer stores nothing under a status of 500 and above.
#[handler]
async fn visits(request: &mut Request, response: &mut Response) {
    match count(request).await {
        Ok(page) => response.render(page),
        Err(error) => {
            response.status_code(status_of(&error));
            response.render(sentence(&error));
        }
    }
}

fn status_of(error: &Error) -> StatusCode {
    let status = StatusCode::from_u16(error.kind().http_status());
    status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn sentence(error: &Error) -> String {
    format!("{}\n", error.kind().advice())
}

/// Where another request won, or the store is down when the handler has answered.
fn page(error: &Error) -> http::Response<ResBody> {
    http::Response::new(sentence(error).into())
}

fn app(manager: SessionManager) -> Router {
    let sessions = SessionLayer::new(manager).with_error_response(page);
    Router::new().hoop(sessions.compat()).get(visits)
}

/// As the environment says, or hardened and in memory, signed with a key of this run.
async fn sessions() -> Result<SessionManager> {
    if std::env::var_os("SESSION_TYPE").is_some() {
        return web_session::manager_from_env().await;
    }
    let key: [u8; 32] = rand::random();
    let config = Config::hardened().build()?;
    SessionManager::new(Arc::new(MemoryStore::new()), config, Some(Signer::new(key)?))
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt::init();
    let app = app(sessions().await?);
    let listener = TcpListener::new("127.0.0.1:3000").bind().await;
    eprintln!("http://localhost:3000/ counts visits");
    Server::new(listener).serve(app).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::app;
    use http::Request;
    use http_body_util::BodyExt as _;
    use hyper::client::conn::http1::{SendRequest, handshake};
    use hyper_util::rt::TokioIo;
    use salvo::conn::{Listener as _, TcpListener};
    use salvo::http::StatusCode;
    use salvo::http::header::{COOKIE, HOST, SET_COOKIE};
    use salvo::{Router, Server};
    use std::sync::Arc;
    use tokio::net::TcpStream;
    use web_session::testing::{Browser, Fault, FaultyStore};
    use web_session::{Config, ErrorKind, MemoryStore, SessionManager, Signer};

    type Connection = SendRequest<String>;

    /// A connection to a server of the application.
    async fn start(app: Router) -> Connection {
        let listener = TcpListener::new("127.0.0.1:0").bind().await;
        let address = listener.local_addr().unwrap();
        tokio::spawn(Server::new(listener).serve(app));
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// The page that `browser` gets.
    async fn visit(site: &mut Connection, browser: &mut Browser) -> (StatusCode, String) {
        let request = Request::get("/").header(HOST, "localhost");
        let request = request.header(COOKIE, browser.cookie()).body(String::new()).unwrap();
        let (parts, body) = site.send_request(request).await.unwrap().into_parts();
        browser.heed(parts.headers.get_all(SET_COOKIE));
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn page(status: StatusCode, text: &str) -> (StatusCode, String) {
        (status, text.to_owned())
    }

    #[tokio::test]
    async fn each_browser_has_a_count_of_its_own_also_after_an_outage() {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let signer = Signer::new([7; 32]).unwrap();
        let config = Config::hardened().build().unwrap();
        let manager = SessionManager::new(store.clone(), config, Some(signer)).unwrap();
        let [mut ann, mut bob] = [(); 2].map(|()| Browser::new(&manager));
        let mut site = start(app(manager)).await;
        assert_eq!(visit(&mut site, &mut ann).await, page(StatusCode::OK, "visit 1\n"));
        assert_eq!(visit(&mut site, &mut ann).await, page(StatusCode::OK, "visit 2\n"));
        assert_eq!(visit(&mut site, &mut bob).await, page(StatusCode::OK, "visit 1\n"));
        store.always(Fault::Fail(ErrorKind::Unavailable));
        let advice = format!("{}\n", ErrorKind::Unavailable.advice());
        let down = page(StatusCode::SERVICE_UNAVAILABLE, &advice);
        assert_eq!(visit(&mut site, &mut ann).await, down);
        store.always(Fault::Pass);
        assert_eq!(visit(&mut site, &mut ann).await, page(StatusCode::OK, "visit 3\n"));
    }
}
