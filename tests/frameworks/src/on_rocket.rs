//! The shop on Rocket.

use crate::forms::{Article, Visitor};
use crate::shop;
use rocket::config::{Config, LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{get, post, routes};
use session_testkit::adapter::Serving;
use std::sync::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use web_session::{
    NotSignedIn, Result, ReturnTo, Session, SessionFairing, SessionManager, SignedIn,
};

/// Serves it until what is returned is dropped.
pub async fn serve(manager: SessionManager) -> Serving {
    let shutdown = Shutdown { ctrlc: false, ..Shutdown::default() };
    let config = Config { port: 0, log_level: LogLevel::Off, shutdown, ..Config::default() };
    let (tell, told) = oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let routes = routes![visits, sign_in, sign_out, account, add, cart, broken];
    let app = rocket::custom(config)
        .mount("/", routes)
        .attach(SessionFairing::new(manager).with_sign_in_page("/sign-in").unwrap())
        .attach(AdHoc::on_liftoff("address", |rocket| {
            Box::pin(async move {
                let addr = (rocket.config().address, rocket.config().port).into();
                tell.lock().unwrap().take().unwrap().send(addr).unwrap();
            })
        }));
    let mut server = JoinSet::new();
    server.spawn(app.launch());
    Serving::new(told.await.unwrap(), server)
}

#[get("/")]
async fn visits(session: Session) -> Result<String> {
    shop::visits(&session).await
}

#[post("/sign-in", data = "<form>")]
async fn sign_in(session: Session, next: ReturnTo, form: Form<Visitor>) -> Result<Redirect> {
    shop::sign_in(&session, &form.name).await?;
    Ok(Redirect::to(next.or("/account").to_owned()))
}

#[post("/sign-out")]
async fn sign_out(session: Session) -> Result<Redirect> {
    shop::sign_out(&session).await?;
    Ok(Redirect::to("/"))
}

#[get("/account")]
async fn account(member: Result<SignedIn, NotSignedIn>) -> Result<String, NotSignedIn> {
    Ok(shop::account(&member?).await?)
}

#[post("/cart", data = "<form>")]
async fn add(session: Session, form: Form<Article>) -> Result<Redirect> {
    shop::add(&session, &form.item).await?;
    Ok(Redirect::to("/cart"))
}

#[get("/cart")]
async fn cart(session: Session) -> Result<String> {
    shop::cart(&session).await
}

#[get("/broken")]
async fn broken(session: Session) -> Result<String> {
    shop::broken(&session).await
}
