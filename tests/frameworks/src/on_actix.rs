//! The shop on actix-web.

use crate::forms::{Article, Visitor};
use crate::shop;
use actix_web::dev::ServerHandle;
use actix_web::http::header::LOCATION;
use actix_web::rt::System;
use actix_web::web::{self, Form};
use actix_web::{App, HttpResponse, HttpServer};
use session_testkit::adapter::Serving;
use std::thread;
use tokio::sync::oneshot;
use web_session::{
    NotSignedIn, Result, ReturnTo, Session, SessionManager, SessionMiddleware, SignedIn,
};

/// Stops the server.
struct Stop(ServerHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        // The command is sent by the call; nobody waits for what becomes of it.
        drop(self.0.stop(false));
    }
}

/// Serves it until what is returned is dropped.
pub async fn serve(manager: SessionManager) -> Serving {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        System::new().block_on(async move {
            let app = move || App::new().configure(|app| routes(app, manager.clone()));
            let server = HttpServer::new(app).workers(1).disable_signals();
            let server = server.bind(("127.0.0.1", 0)).unwrap();
            let addr = server.addrs()[0];
            let running = server.run();
            tell.send((addr, running.handle())).unwrap();
            running.await.unwrap();
        });
    });
    let (addr, handle) = told.await.unwrap();
    Serving::new(addr, Stop(handle))
}

fn routes(app: &mut web::ServiceConfig, manager: SessionManager) {
    let sessions = SessionMiddleware::new(manager).with_sign_in_page("/sign-in").unwrap();
    let site = web::scope("")
        .wrap(sessions)
        .route("/", web::get().to(visits))
        .route("/sign-in", web::post().to(sign_in))
        .route("/sign-out", web::post().to(sign_out))
        .route("/account", web::get().to(account))
        .route("/cart", web::get().to(cart))
        .route("/cart", web::post().to(add))
        .route("/broken", web::get().to(broken));
    app.service(site);
}

fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

async fn visits(session: Session) -> Result<String> {
    shop::visits(&session).await
}

async fn sign_in(session: Session, next: ReturnTo, form: Form<Visitor>) -> Result<HttpResponse> {
    shop::sign_in(&session, &form.name).await?;
    Ok(see(next.or("/account")))
}

async fn sign_out(session: Session) -> Result<HttpResponse> {
    shop::sign_out(&session).await?;
    Ok(see("/"))
}

async fn account(member: Result<SignedIn, NotSignedIn>) -> Result<String, NotSignedIn> {
    Ok(shop::account(&member?).await?)
}

async fn add(session: Session, form: Form<Article>) -> Result<HttpResponse> {
    shop::add(&session, &form.item).await?;
    Ok(see("/cart"))
}

async fn cart(session: Session) -> Result<String> {
    shop::cart(&session).await
}

async fn broken(session: Session) -> Result<String> {
    shop::broken(&session).await
}
