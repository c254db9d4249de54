//! Who makes the pages of failures, and what remains of a handler's answer.

use crate::support::{app, manager};
use rocket::fairing::AdHoc;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::response::Redirect;
use rocket::{Build, Responder, Rocket, catch, catchers, get, routes};
use session_core::{Error, ErrorKind, NotSignedIn, ReturnTo, Session, SignedIn};
use session_rocket::SessionFairing;
use session_testkit::{Fault, FaultyStore, Method};
use std::sync::Arc;

#[derive(Responder)]
struct Kept {
    redirect: Redirect,
    vary: Header<'static>,
}

#[get("/touch")]
fn touch(session: Session) -> Result<Kept, Error> {
    session.modify("a", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    let vary = Header::new("Vary", "Origin");
    Ok(Kept { redirect: Redirect::to("/"), vary })
}

/// Returns the session's error.
#[get("/broken")]
fn broken(session: Session) -> Result<(), Error> {
    session.insert("b", "text")?;
    session.get::<u64>("b").map(drop)
}

#[get("/sign-in")]
fn sign_in(session: Session) -> Result<(), Error> {
    session.set_owner("ann")
}

#[get("/member")]
fn member(member: SignedIn) -> String {
    member.owner
}

#[get("/who")]
fn who(found: Result<SignedIn, NotSignedIn>) -> Result<String, NotSignedIn> {
    match found {
        Ok(member) => Ok(member.owner),
        Err(NotSignedIn::Nobody { .. }) => Ok("a stranger".to_owned()),
        Err(failed) => Err(failed),
    }
}

#[get("/elsewhere")]
fn elsewhere(found: Option<SignedIn>) -> Redirect {
    assert!(found.is_none(), "nobody is signed in");
    Redirect::to("/who")
}

#[get("/next")]
fn next(next: ReturnTo) -> String {
    next.or("/home").to_owned()
}

async fn client(app: Rocket<Build>) -> (Client, Arc<FaultyStore>) {
    let (manager, store) = manager();
    let fairing = SessionFairing::new(manager).with_sign_in_page("/sign-in").unwrap();
    let routes = routes![touch, broken, sign_in, member, who, elsewhere, next];
    (Client::tracked(app.mount("/", routes).attach(fairing)).await.unwrap(), store)
}

/// What is stored when it begins: a session with an owner, which the client has the cookie of.
async fn signed_in(app: Rocket<Build>) -> (Client, Arc<FaultyStore>) {
    let (client, store) = client(app).await;
    assert_eq!(client.get("/sign-in").dispatch().await.status(), Status::Ok);
    (client, store)
}

fn field<'a>(response: &'a LocalResponse<'_>, name: &str) -> Vec<&'a str> {
    response.headers().get(name).collect()
}

#[catch(503)]
fn down() -> &'static str {
    "our own 503"
}

#[catch(500)]
fn failed() -> &'static str {
    "our own 500"
}

#[catch(default)]
fn of_admin() -> &'static str {
    "another base"
}

#[tokio::test]
async fn guard_that_asks_before_the_fairing_has_its_turn_takes_nothing_from_the_handler() {
    let early = AdHoc::on_request("early", |request, _| {
        Box::pin(async move {
            assert!(!request.guard::<Session>().await.is_success());
        })
    });
    let (client, _) = signed_in(app().attach(early)).await;
    assert_eq!(client.get("/member").dispatch().await.into_string().await.unwrap(), "ann");
}

#[catch(503)]
#[expect(clippy::unimplemented, reason = "it panics")]
fn panics() -> &'static str {
    unimplemented!()
}

#[tokio::test]
async fn catcher_that_panics_leaves_the_sentence() {
    let (client, store) = signed_in(app().register("/", catchers![panics])).await;
    store.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let response = client.get("/touch").dispatch().await;
    assert_eq!(response.status(), Status::ServiceUnavailable);
    assert_eq!(response.into_string().await.unwrap(), ErrorKind::Unavailable.advice());
}

#[tokio::test]
async fn catchers_of_the_application_make_the_pages_of_failures() {
    let app = app().register("/", catchers![down, failed]).register("/admin", catchers![of_admin]);
    let (client, store) = signed_in(app).await;
    // A guard that fails, one that wraps the failure, a handler that returns it, and the commit.
    for (path, method) in [
        ("/touch", Method::Load),
        ("/member", Method::Load),
        ("/who", Method::Load),
        ("/touch", Method::Write),
    ] {
        store.push(method, Fault::Fail(ErrorKind::Unavailable));
        let response = client.get(path).dispatch().await;
        assert_eq!(response.status(), Status::ServiceUnavailable, "{path} {method:?}");
        assert_eq!(field(&response, "retry-after"), ["1"], "{path} {method:?}");
        assert_eq!(field(&response, "cache-control"), ["no-store"], "{path} {method:?}");
        assert!(field(&response, "vary").contains(&"Cookie"), "{path} {method:?}");
        assert_eq!(response.into_string().await.unwrap(), "our own 503", "{path} {method:?}");
    }
    let response = client.get("/broken").dispatch().await;
    assert_eq!(response.status(), Status::InternalServerError);
    assert_eq!(response.into_string().await.unwrap(), "our own 500");
}

#[catch(500)]
fn home() -> Redirect {
    Redirect::to("/who")
}

#[tokio::test]
async fn nothing_is_stored_of_an_error_whose_catcher_sends_the_visitor_elsewhere() {
    let (client, store) = signed_in(app().register("/", catchers![home])).await;
    store.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let response = client.get("/broken").dispatch().await;
    assert_eq!(response.status(), Status::SeeOther);
    assert_eq!(field(&response, "location"), ["/who"]);
    assert_eq!(store.pending(), 1, "no write was asked for");
}

#[tokio::test]
async fn only_fields_of_the_fairings_remain_of_an_answer_that_is_not_true() {
    let (client, store) = signed_in(app()).await;
    let response = client.get("/touch").dispatch().await;
    assert_eq!(field(&response, "location"), ["/"]);
    store.push(Method::Write, Fault::Fail(ErrorKind::Conflict));
    let response = client.get("/touch").dispatch().await;
    assert_eq!(response.status(), Status::Conflict);
    assert_eq!(field(&response, "location"), [""; 0]);
    assert_eq!(field(&response, "vary"), ["Origin", "Cookie"]);
    assert_eq!(field(&response, "x-content-type-options"), ["nosniff"]);
    assert_eq!(field(&response, "content-type"), ["text/plain; charset=utf-8"]);
    assert_eq!(response.into_string().await.unwrap(), ErrorKind::Conflict.advice());
}

#[tokio::test]
async fn visitor_is_sent_to_sign_in_and_the_page_of_the_catcher_is_not() {
    let (client, _) = client(app()).await;
    let navigate = || Header::new("sec-fetch-mode", "navigate");
    let response = client.get("/member?a=b").header(navigate()).dispatch().await;
    assert_eq!(response.status(), Status::SeeOther);
    assert_eq!(field(&response, "location"), ["/sign-in?next=/member%3Fa%3Db"]);
    assert_eq!(field(&response, "content-type"), [""; 0]);
    assert_eq!(response.into_string().await.unwrap_or_default(), "");
    let response = client.get("/next?next=/member%3Fa%3Db").dispatch().await;
    assert_eq!(response.into_string().await.unwrap(), "/member?a=b");
}

#[tokio::test]
async fn handler_that_answers_for_a_guard_has_the_last_word() {
    let (client, _) = client(app()).await;
    let navigate = || Header::new("sec-fetch-mode", "navigate");
    let response = client.get("/who").header(navigate()).dispatch().await;
    assert_eq!(response.into_string().await.unwrap(), "a stranger");
    let response = client.get("/elsewhere").header(navigate()).dispatch().await;
    assert_eq!(field(&response, "location"), ["/who"]);
    assert_eq!(field(&response, "cache-control"), [""; 0]);
}
