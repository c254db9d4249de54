//! What only this adapter has to say: its pages for errors, and errors of other middlewares.

use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, try_call_service};
use actix_web::{App, HttpResponse, ResponseError, error, web};
use session_actix::SessionMiddleware;
use session_core::{
    Config, ErrorKind, MemoryStore, NotSignedIn, Session, SessionManager, SignedIn, Transport,
};
use session_testkit::{Fault, FaultyStore, Method};
use std::sync::Arc;

fn manager() -> (SessionManager, Arc<FaultyStore>) {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    (SessionManager::new(store.clone(), Config::default(), None).unwrap(), store)
}

async fn cookie_of(manager: &SessionManager) -> String {
    let session = manager.create();
    session.set_owner("ann").unwrap();
    let cookie = session.commit().await.unwrap().id_field().unwrap().to_owned();
    cookie.split(';').next().unwrap().to_owned()
}

#[actix_web::test]
async fn application_makes_the_pages_of_failures() {
    let (manager, store) = manager();
    let cookie = cookie_of(&manager).await;
    let page = |error: &session_core::Error| {
        HttpResponse::Ok().insert_header(("x-page", "own")).body(format!("{:?}", error.kind()))
    };
    let app = init_service(
        App::new()
            .route("/touch", web::get().to(async |s: Session| s.insert("a", 1).map(|()| "done")))
            .route("/member", web::get().to(async |member: SignedIn| member.owner))
            .wrap(SessionMiddleware::new(manager).with_error_page(page)),
    )
    .await;
    // An extractor that fails, one that wraps the failure, and the commit.
    for (path, method) in
        [("/touch", Method::Load), ("/member", Method::Load), ("/touch", Method::Write)]
    {
        store.push(method, Fault::Fail(ErrorKind::Unavailable));
        let request = TestRequest::get().uri(path).insert_header(("cookie", &*cookie));
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path} {method:?}");
        assert_eq!(response.headers().get("x-page").unwrap(), "own", "{path} {method:?}");
        assert_eq!(response.headers().get("retry-after").unwrap(), "1");
    }
}

/// An error of an application's own, which sends the visitor elsewhere.
#[derive(Debug)]
struct Elsewhere(session_core::Error);

impl std::fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Elsewhere {
    fn error_response(&self) -> HttpResponse {
        let mut response = self.0.error_response();
        *response.status_mut() = StatusCode::SEE_OTHER;
        response
    }
}

#[actix_web::test]
async fn nothing_is_stored_of_an_error_that_is_answered_with_a_redirect() {
    let broken = async |session: Session| {
        let read = session.insert("a", "text").and_then(|()| session.get::<u64>("a"));
        read.map(|_| "done").map_err(Elsewhere)
    };
    let app = App::new().route("/", web::get().to(broken));
    let app = init_service(app.wrap(SessionMiddleware::new(manager().0))).await;
    let response = call_service(&app, TestRequest::get().uri("/").to_request()).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert!(response.headers().get(SET_COOKIE).is_none());
}

#[actix_web::test]
async fn cookie_of_an_update_goes_with_the_error_of_a_middleware() {
    let (manager, _) = manager();
    let app = init_service(
        App::new()
            .route(
                "/",
                web::get().to(async |session: Session| {
                    session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).await.map(|_| "done")
                }),
            )
            .wrap(from_fn(async |request, next: actix_web::middleware::Next<_>| {
                next.call(request).await?;
                Err::<actix_web::dev::ServiceResponse, _>(error::ErrorBadGateway("it broke"))
            }))
            .wrap(SessionMiddleware::new(manager)),
    )
    .await;
    let Err(error) = try_call_service(&app, TestRequest::get().uri("/").to_request()).await else {
        panic!("the middleware has failed");
    };
    let response = error.error_response();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(response.headers().get(SET_COOKIE).is_some());
}

#[test]
fn page_of_the_applications_that_is_no_url_is_a_401() {
    for page in ["/sign-in\r\nx: y", "/anmeldung/\u{fc}", "/sign in"] {
        let (sign_in, transport) = (Some(page.to_owned()), Transport::Cookie);
        let nobody = NotSignedIn::Nobody { sign_in, transport };
        assert_eq!(nobody.status_code(), StatusCode::UNAUTHORIZED, "{page}");
        let response = nobody.error_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{page}");
        assert_eq!(response.headers().get("www-authenticate").unwrap(), "Cookie");
        assert!(response.headers().get("location").is_none());
    }
}
