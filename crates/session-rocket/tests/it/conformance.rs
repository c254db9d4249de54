//! The site of the kit on Rocket.

use crate::support;
use rocket::futures::StreamExt as _;
use rocket::futures::stream::BoxStream;
use rocket::http::uri::Origin;
use rocket::http::{Header, Method, Status};
use rocket::response::stream::ByteStream;
use rocket::response::{self, Responder, Response};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, State, get, routes};
use session_core::{Bytes, Error, Named, Session, SignedIn, async_trait};
use session_rocket::SessionFairing;
use session_testkit::adapter::{Adapter, Admin, Reply, Serving, Site};
use std::io::{self, Cursor};

session_testkit::adapter_conformance!(OnRocket);

struct OnRocket;

#[async_trait]
impl Adapter for OnRocket {
    async fn serve(&self, site: Site) -> io::Result<Serving> {
        let sessions = SessionFairing::new(site.manager.clone());
        let admin = SessionFairing::named::<Admin>(site.admin.clone());
        let app = support::app()
            .mount("/", routes![plain, run, teapot, stream, member, administer, both])
            .mount("/", [Route::new(Method::Get, "/bare", Bare)])
            .manage(site)
            // Who is attached first is the first to commit.
            .attach(admin)
            .attach(sessions.with_sign_in_page(Site::SIGN_IN).unwrap());
        let (addr, server) = support::serve(app).await;
        Ok(Serving::new(addr, server))
    }

    fn fails(&self) -> &[(&str, &str)] {
        &[("client_that_left_stores_nothing", "Rocket runs each request in a task of its own")]
    }
}

#[get("/plain")]
fn plain() -> &'static str {
    "plain"
}

#[get("/run/<_..>")]
async fn run(site: &State<Site>, session: Session, uri: &Origin<'_>) -> Result<Answer, Error> {
    Ok(Answer(site.run(&session, uri.path().as_str()).await?))
}

#[get("/admin/<_..>")]
async fn administer(
    site: &State<Site>,
    session: Named<Admin, Session>,
    uri: &Origin<'_>,
) -> Result<Answer, Error> {
    Ok(Answer(site.run(&session, uri.path().as_str()).await?))
}

#[get("/both/<_..>")]
async fn both(
    site: &State<Site>,
    outer: Session,
    inner: Named<Admin, Session>,
    uri: &Origin<'_>,
) -> Result<Answer, Error> {
    site.run(&outer, uri.path().as_str()).await?;
    Ok(Answer(site.run(&inner, uri.path().as_str()).await?))
}

#[get("/teapot/<_..>")]
async fn teapot(site: &State<Site>, session: Session, uri: &Origin<'_>) -> Result<Answer, Teapot> {
    Ok(Answer(site.run(&session, uri.path().as_str()).await.map_err(Teapot)?))
}

#[get("/stream/<_..>")]
async fn stream(
    site: &State<Site>,
    session: Session,
    uri: &Origin<'_>,
) -> Result<ByteStream<BoxStream<'static, Bytes>>, Error> {
    site.run(&session, uri.path().as_str()).await?;
    Ok(ByteStream(site.body().map(|chunk| chunk.unwrap()).boxed()))
}

#[get("/member")]
fn member(member: SignedIn) -> String {
    member.owner
}

/// Takes a session whose fairing is not attached, and not in a way that keeps Rocket from starting:
/// fairings are around all routes of an application.
#[derive(Clone)]
struct Bare;

enum Nowhere {}

#[async_trait]
impl Handler for Bare {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        match request.guard::<Named<Nowhere, Session>>().await {
            rocket::outcome::Outcome::Error((_, error)) => Outcome::from(request, error),
            _ => Outcome::from(request, Status::Ok),
        }
    }
}

struct Answer(Reply);

impl<'r> Responder<'r, 'static> for Answer {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response.status(Status::new(self.0.status));
        for (name, value) in self.0.fields {
            response.header(Header::new(name, value));
        }
        response.sized_body(self.0.body.len(), Cursor::new(self.0.body)).ok()
    }
}

/// An error of the application's own.
#[derive(Debug)]
struct Teapot(Error);

impl<'r> Responder<'r, 'static> for Teapot {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.0.respond_to(request)?;
        response.set_status(Status::ImATeapot);
        Ok(response)
    }
}
