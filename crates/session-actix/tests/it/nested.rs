//! Several middlewares on one route.

use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, Route, web};
use session_actix::SessionMiddleware;
use session_core::{Config, Error, ErrorKind, MemoryStore, Named, Session, SessionManager, Store};
use session_testkit::{Fault, FaultyStore, Method};
use std::sync::Arc;

enum Admin {}
enum Shop {}

fn manager(store: Arc<dyn Store>, name: &str) -> SessionManager {
    let config = Config::builder().cookie_name(name).key_prefix(format!("{name}:")).build();
    SessionManager::new(store, config.unwrap(), None).unwrap()
}

async fn cookies_of(
    handler: Route,
    inner: SessionMiddleware,
    outer: SessionMiddleware,
) -> Vec<String> {
    let app = init_service(App::new().route("/", handler).wrap(inner).wrap(outer)).await;
    let response = call_service(&app, TestRequest::get().uri("/").to_request()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let fields = response.headers().get_all(SET_COOKIE);
    fields.map(|field| field.to_str().unwrap().to_owned()).collect()
}

/// An id is kept for a middleware around that fails, whichever of the two has a name.
#[actix_web::test]
async fn id_outlasts_the_failure_of_a_middleware_around_whatever_their_names() {
    type InAdmin = Named<Admin, Session>;
    fn both(outer: &Session, inner: &Session) -> Result<&'static str, Error> {
        outer.insert("n", 1).and(inner.insert("n", 2)).map(|()| "")
    }
    let inner = || manager(Arc::new(MemoryStore::new()), "inner");
    let outer = || {
        let failing = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        failing.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
        manager(failing, "outer")
    };
    let table = [
        (
            web::get().to(async |around: Session, within: InAdmin| both(&around, &within)),
            SessionMiddleware::named::<Admin>(inner()),
            SessionMiddleware::new(outer()),
        ),
        (
            web::get().to(async |around: InAdmin, within: Session| both(&around, &within)),
            SessionMiddleware::new(inner()),
            SessionMiddleware::named::<Admin>(outer()),
        ),
        (
            web::get()
                .to(async |around: Named<Shop, Session>, within: InAdmin| both(&around, &within)),
            SessionMiddleware::named::<Admin>(inner()),
            SessionMiddleware::named::<Shop>(outer()),
        ),
    ];
    for (at, (handler, inner, outer)) in table.into_iter().enumerate() {
        let cookies = cookies_of(handler, inner, outer).await;
        assert!(cookies.len() == 1 && cookies[0].starts_with("inner="), "{at}: {cookies:?}");
    }
}
