//! The site of the kit on salvo, by the layer for tower and salvo's own compatibility with that.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]

use salvo::http::header::CONTENT_TYPE;
use salvo::http::{HeaderValue, ResBody};
use salvo::prelude::{
    Depot, FlowCtrl, Handler, Listener as _, Request, Response, Router, Server, StatusCode,
    TcpListener, TowerLayerCompat as _, Writer, handler,
};
use session_core::{
    Error, Exchange, Named, NotSignedIn, Reported, Session, async_trait, mark_failed,
};
use session_testkit::adapter::{Adapter, Admin, Reply, Serving, Site};
use session_tower::SessionLayer;
use std::io;
use std::sync::Arc;
use tokio::task::JoinSet;

session_testkit::adapter_conformance!(OnSalvo);

struct OnSalvo;

#[async_trait]
impl Adapter for OnSalvo {
    async fn serve(&self, site: Site) -> io::Result<Serving> {
        let sessions = SessionLayer::new(site.manager.clone()).with_error_response(page);
        let sessions = sessions.with_sign_in_page(Site::SIGN_IN).unwrap();
        let admin = SessionLayer::named::<Admin>(site.admin.clone()).with_error_response(page);
        let within = Router::new()
            .hoop(sessions.compat())
            .push(Router::with_path("plain").get(plain))
            .push(Router::with_path("run/{**steps}").get(run))
            .push(Router::with_path("teapot/{**steps}").get(teapot))
            .push(Router::with_path("stream/{**steps}").get(stream))
            .push(Router::with_path("member").get(member))
            .push(Router::with_path("admin/{**steps}").hoop(admin.clone().compat()).get(administer))
            .push(Router::with_path("both/{**steps}").hoop(admin.compat()).get(both));
        let without = Router::with_path("bare").get(bare);
        let acceptor = TcpListener::new("127.0.0.1:0").bind().await;
        let addr = acceptor.local_addr()?;
        let mut server = JoinSet::new();
        let site = Router::new().hoop(Given(site)).push(within).push(without);
        server.spawn(Server::new(acceptor).serve(site));
        Ok(Serving::new(addr, server))
    }
}

/// Gives the handlers what is served.
struct Given(Site);

#[async_trait]
impl Handler for Given {
    async fn handle(&self, _: &mut Request, depot: &mut Depot, _: &mut Response, _: &mut FlowCtrl) {
        depot.insert_typed(self.0.clone());
    }
}

/// The page of a failure; the layer sets its head.
fn page(error: &Error) -> http::Response<ResBody> {
    let mut page = http::Response::new(ResBody::from(error.kind().advice()));
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    page.headers_mut().insert(CONTENT_TYPE, text);
    page
}

async fn session(request: &Request) -> Result<Session, Error> {
    let exchange = request.extensions().get::<Exchange>().ok_or_else(Error::no_layer)?;
    exchange.session_of(request.headers()).await
}

async fn admin_session(request: &Request) -> Result<Session, Error> {
    let exchange = request.extensions().get::<Named<Admin, Exchange>>();
    exchange.ok_or_else(Error::no_layer)?.session_of(request.headers()).await
}

async fn acted(
    request: &Request,
    depot: &Depot,
    session: Result<Session, Error>,
) -> Result<Answer, Error> {
    Ok(Answer(depot.get_typed::<Site>().unwrap().run(&session?, request.uri().path()).await?))
}

#[handler]
async fn plain() -> &'static str {
    "plain"
}

#[handler]
async fn run(request: &mut Request, depot: &mut Depot) -> Result<Answer, Failure> {
    Ok(acted(request, depot, session(request).await).await?)
}

#[handler]
async fn administer(request: &mut Request, depot: &mut Depot) -> Result<Answer, Failure> {
    Ok(acted(request, depot, admin_session(request).await).await?)
}

#[handler]
async fn both(request: &mut Request, depot: &mut Depot) -> Result<Answer, Failure> {
    acted(request, depot, session(request).await).await?;
    Ok(acted(request, depot, admin_session(request).await).await?)
}

#[handler]
async fn teapot(request: &mut Request, depot: &mut Depot) -> Result<Answer, Teapot> {
    let answer = acted(request, depot, session(request).await).await;
    answer.map_err(|error| Teapot(error.into()))
}

#[handler]
async fn stream(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), Failure> {
    acted(request, depot, session(request).await).await?;
    response.stream(depot.get_typed::<Site>().unwrap().body());
    Ok(())
}

#[handler]
async fn member(request: &mut Request) -> Result<String, Failure> {
    let exchange = request.extensions().get::<Exchange>().ok_or_else(Error::no_layer)?;
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    Ok(exchange.signed_in_of(request.method().as_str(), target, request.headers()).await?.owner)
}

#[handler]
async fn bare(request: &mut Request) -> Result<(), Failure> {
    session(request).await?;
    Ok(())
}

struct Answer(Reply);

#[async_trait]
impl Writer for Answer {
    async fn write(self, _: &mut Request, _: &mut Depot, response: &mut Response) {
        response.status_code(StatusCode::from_u16(self.0.status).unwrap());
        for (name, value) in self.0.fields {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response.body(self.0.body);
    }
}

/// What an application makes of the library's errors, whose traits are not salvo's.
struct Failure(NotSignedIn);

impl<E: Into<NotSignedIn>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[async_trait]
impl Writer for Failure {
    async fn write(self, _: &mut Request, _: &mut Depot, response: &mut Response) {
        let reason = match self.0 {
            NotSignedIn::Failed(error) => {
                let mut page = page(&error);
                mark_failed(&mut page, &error);
                page.extensions_mut().insert(Reported(Arc::new(error)));
                return response.merge_hyper(page);
            }
            nobody => nobody,
        };
        response.status_code(StatusCode::from_u16(reason.http_status()).unwrap());
        response.body(reason.advice());
        reason.describe(response.headers_mut());
    }
}

/// An error of the application's own.
struct Teapot(Failure);

#[async_trait]
impl Writer for Teapot {
    async fn write(self, request: &mut Request, depot: &mut Depot, response: &mut Response) {
        self.0.write(request, depot, response).await;
        response.status_code(StatusCode::IM_A_TEAPOT);
    }
}
