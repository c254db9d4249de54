//! The site of the kit on actix-web.

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::rt::System;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, ResponseError, web};
use session_actix::SessionMiddleware;
use session_core::{Error, Named, Session, SignedIn, async_trait};
use session_testkit::adapter::{Adapter, Admin, Reply, Serving, Site};
use std::{fmt, io, thread};
use tokio::sync::oneshot;

session_testkit::adapter_conformance!(Actix);

struct Actix;

/// Stops the server.
struct Stop(ServerHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        // The command is sent by the call; nobody waits for what becomes of it.
        drop(self.0.stop(false));
    }
}

#[async_trait]
impl Adapter for Actix {
    async fn serve(&self, site: Site) -> io::Result<Serving> {
        let (tell, told) = oneshot::channel();
        thread::spawn(move || {
            System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().configure(|app| routes(app, &site)))
                        .workers(1)
                    // A handler whose client has left is dropped.
                    .h1_allow_half_closed(false)
                        .disable_signals()
                        .bind(("127.0.0.1", 0))
                        .unwrap();
                let addr = server.addrs()[0];
                let running = server.run();
                tell.send((addr, running.handle())).unwrap();
                running.await.unwrap();
            });
        });
        let (addr, handle) = told.await.unwrap();
        Ok(Serving::new(addr, Stop(handle)))
    }
}

fn routes(app: &mut web::ServiceConfig, site: &Site) {
    let sessions = SessionMiddleware::new(site.manager.clone());
    let admin = SessionMiddleware::named::<Admin>(site.admin.clone());
    app.app_data(web::Data::new(site.clone()))
        .route("/bare", web::get().to(async |_: Session| HttpResponse::Ok()))
        .service(
            web::scope("")
                .wrap(sessions.with_sign_in_page(Site::SIGN_IN).unwrap())
                .route("/plain", web::get().to(async || "plain"))
                .route("/run/{steps:.*}", web::get().to(run))
                .route("/teapot/{steps:.*}", web::get().to(teapot))
                .route("/stream/{steps:.*}", web::get().to(stream))
                .route("/member", web::get().to(async |member: SignedIn| member.owner))
                .service(
                    web::scope("")
                        .wrap(admin)
                        .route("/admin/{steps:.*}", web::get().to(administer))
                        .route("/both/{steps:.*}", web::get().to(both)),
                ),
        );
}

async fn run(
    site: web::Data<Site>,
    session: Session,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    Ok(response(site.run(&session, request.path()).await?))
}

async fn administer(
    site: web::Data<Site>,
    session: Named<Admin, Session>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    Ok(response(site.run(&session, request.path()).await?))
}

async fn both(
    site: web::Data<Site>,
    outer: Session,
    inner: Named<Admin, Session>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    site.run(&outer, request.path()).await?;
    Ok(response(site.run(&inner, request.path()).await?))
}

async fn teapot(
    site: web::Data<Site>,
    session: Session,
    request: HttpRequest,
) -> Result<HttpResponse, Teapot> {
    Ok(response(site.run(&session, request.path()).await.map_err(Teapot)?))
}

async fn stream(
    site: web::Data<Site>,
    session: Session,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    site.run(&session, request.path()).await?;
    Ok(HttpResponse::Ok().streaming(site.body()))
}

fn response(reply: Reply) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).unwrap());
    for field in reply.fields {
        response.insert_header(field);
    }
    response.body(reply.body)
}

/// An error of the application's own.
#[derive(Debug)]
struct Teapot(Error);

impl fmt::Display for Teapot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Teapot {
    fn error_response(&self) -> HttpResponse {
        let mut response = self.0.error_response();
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    }
}
