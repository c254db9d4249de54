//! Counts the visits of each browser, on hyper and tower alone.
//!
//! ```text
//! cargo run -p hyper-counter                            in memory
//! SESSION_TYPE=filesystem cargo run -p hyper-counter    in ./flask_session, across restarts
//! curl --cookie jar --cookie-jar jar http://127.0.0.1:3000/
//! ```

use http::{Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tower::{Layer as _, service_fn};
use web_session::{Config, MemoryStore, SessionManager};
use web_session::{Error, Exchange, Result, SessionLayer};

/// What an extractor of axum would do: the layer has put the exchange into the request.
async fn visits<B>(request: &Request<B>) -> Result<String> {
    let exchange = request.extensions().get::<Exchange>().ok_or_else(Error::no_layer)?;
    let session = exchange.session_of(request.headers()).await?;
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit {visits}\n"))
}

/// A page for whoever's session failed. The layer stores nothing under a status of 500 and above.
fn sorry(error: &Error) -> Response<String> {
    let mut page = Response::new(format!("{}\n", error.kind().advice()));
    let status = StatusCode::from_u16(error.kind().http_status());
    *page.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    page
}

/// The whole site. An error of its own would close the connection, so it answers failures, too.
async fn site<B>(request: Request<B>) -> Result<Response<String>, Infallible> {
    Ok(match request.uri().path() {
        "/" => visits(&request).await.map_or_else(|error| sorry(&error), Response::new),
        _ => {
            let mut page = Response::new("There is no such page.\n".to_owned());
            *page.status_mut() = StatusCode::NOT_FOUND;
            page
        }
    })
}

/// Serves one connection after the other beside those that are open.
async fn serve(listener: TcpListener, manager: SessionManager) -> std::io::Result<()> {
    let sessions = SessionLayer::new(manager).with_error_response(sorry);
    let service = TowerToHyperService::new(sessions.layer(service_fn(site)));
    loop {
        let (stream, _) = listener.accept().await?;
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let manager = match std::env::var_os("SESSION_TYPE") {
        Some(_) => web_session::manager_from_env().await?,
        None => SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?,
    };
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("http://{}/ counts visits", listener.local_addr()?);
    Ok(serve(listener, manager).await?)
}

#[cfg(test)]
mod tests {
    use super::serve;
    use http::header::{COOKIE, SET_COOKIE};
    use http::{Request, Response, StatusCode};
    use http_body_util::BodyExt as _;
    use hyper::client::conn::http1::{SendRequest, handshake};
    use hyper_util::rt::TokioIo;
    use std::sync::Arc;
    use tokio::net::{TcpListener, TcpStream};
    use web_session::testing::{Browser, Calls, CountingStore, Fault, FaultyStore};
    use web_session::{Config, ErrorKind, MemoryStore, SessionManager, Store};

    type Connection = SendRequest<String>;

    /// A connection to an application on `store`.
    async fn start(store: Arc<dyn Store>) -> (SessionManager, Connection) {
        let manager = SessionManager::new(store, Config::default(), None).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, manager.clone()));
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        (manager, sender)
    }

    async fn get(to: &mut Connection, browser: &mut Browser, path: &str) -> Response<String> {
        let request = Request::get(path).header("host", "localhost");
        let request = request.header(COOKIE, browser.cookie()).body(String::new()).unwrap();
        let (parts, body) = to.send_request(request).await.unwrap().into_parts();
        browser.heed(parts.headers.get_all(SET_COOKIE));
        let body = body.collect().await.unwrap().to_bytes();
        Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_browser_has_a_count_of_its_own() {
        let (manager, mut site) = start(Arc::new(MemoryStore::new())).await;
        let [mut ann, mut bob] = [(); 2].map(|()| Browser::new(&manager));
        assert_eq!(get(&mut site, &mut ann, "/").await.body(), "visit 1\n");
        assert_eq!(get(&mut site, &mut ann, "/").await.body(), "visit 2\n");
        assert_eq!(get(&mut site, &mut bob, "/").await.body(), "visit 1\n");
        assert_eq!(get(&mut site, &mut ann, "/").await.body(), "visit 3\n");
    }

    #[tokio::test]
    async fn a_page_without_a_session_asks_no_store() {
        let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
        let (manager, mut site) = start(store.clone()).await;
        let mut ann = Browser::new(&manager);
        get(&mut site, &mut ann, "/").await;
        store.take_calls();
        let page = get(&mut site, &mut ann, "/favicon.ico").await;
        assert_eq!(page.status(), StatusCode::NOT_FOUND);
        assert_eq!(store.take_calls(), Calls::default());
    }

    #[tokio::test]
    async fn an_outage_is_a_page_that_says_so_wherever_it_is_met() {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        let (manager, mut site) = start(store.clone()).await;
        let (mut ann, mut stranger) = (Browser::new(&manager), Browser::new(&manager));
        get(&mut site, &mut ann, "/").await;
        store.always(Fault::Fail(ErrorKind::Unavailable));
        // Ann's visit fails at the load, that of the stranger at the commit.
        for browser in [&mut ann, &mut stranger] {
            let page = get(&mut site, browser, "/").await;
            assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(*page.body(), format!("{}\n", ErrorKind::Unavailable.advice()));
        }
    }
}
