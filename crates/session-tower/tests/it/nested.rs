//! Several session layers on one route, and what a layer makes of failures.

use crate::support::{Answer, request};
use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts as _;
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use session_core::{Config, Error, ErrorKind, MemoryStore, Named, Session, SessionManager, Store};
use session_testkit::{CountingStore, Fault, FaultyStore, Method};
use session_tower::SessionLayer;
use std::sync::Arc;

enum Admin {}
enum Shop {}

fn manager(store: Arc<dyn Store>, name: &str) -> SessionManager {
    let config = Config::builder().cookie_name(name).key_prefix(format!("{name}:")).build();
    SessionManager::new(store, config.unwrap(), None).unwrap()
}

/// `Admin` inside `Main`, each over a store of its own.
fn nested(routes: Router, outer: Arc<dyn Store>, inner: Arc<dyn Store>) -> Router {
    routes
        .layer(SessionLayer::named::<Admin>(manager(inner, "admin")))
        .layer(SessionLayer::new(manager(outer, "session")))
}

fn pairs(answer: &Answer) -> Vec<String> {
    let pairs = answer.set_cookies().into_iter().map(|set| set.split(';').next().unwrap());
    pairs.map(str::to_owned).collect()
}

#[tokio::test]
async fn nested_layers_keep_their_sessions_apart() {
    let routes = Router::new()
        .route(
            "/both",
            get(|user: Session, admin: Named<Admin, Session>| async move {
                user.insert("n", 1)?;
                admin.insert("n", 2)?;
                Ok::<_, Error>(())
            }),
        )
        .route(
            "/read",
            get(|user: Session, admin: Named<Admin, Session>| async move {
                let (user, admin) = (user.get::<u8>("n")?, admin.get::<u8>("n")?);
                Ok::<_, Error>(format!("{user:?} {admin:?}"))
            }),
        )
        .route("/end", get(|admin: Named<Admin, Session>| async move { admin.flush() }));
    let [outer, inner] =
        [(); 2].map(|()| Arc::new(CountingStore::new(Arc::new(MemoryStore::new()))));
    let app = nested(routes, outer.clone(), inner.clone());
    let answer = request(&app, "/both", &[]).await;
    let cookies = pairs(&answer);
    assert!(cookies[0].starts_with("admin=") && cookies[1].starts_with("session="));
    assert_eq!(answer.field("vary").as_deref(), Some("Cookie"));
    assert_eq!(answer.field("cache-control").as_deref(), Some("no-store"));
    let header = cookies.join("; ");
    assert_eq!(request(&app, "/read", &[header.as_bytes()]).await.body, "Some(1) Some(2)");
    outer.take_calls();
    let answer = request(&app, "/end", &[header.as_bytes()]).await;
    assert_eq!(pairs(&answer), ["admin="]);
    assert_eq!(outer.take_calls().total(), 0, "a layer nobody asks does nothing");
    assert_eq!(request(&app, "/read", &[header.as_bytes()]).await.body, "Some(1) None");
}

#[tokio::test]
async fn failure_of_one_layer_discards_the_other_session_too() {
    let routes = || {
        Router::new().route(
            "/",
            get(|user: Session, admin: Named<Admin, Session>| async move {
                user.insert("n", 1)?;
                admin.insert("n", 2)?;
                Ok::<_, Error>(())
            }),
        )
    };
    for (kind, status) in [(ErrorKind::Unavailable, 503), (ErrorKind::Conflict, 409)] {
        let memory = Arc::new(MemoryStore::new());
        let inner = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        inner.push(Method::Write, Fault::Fail(kind));
        let app = nested(routes(), memory.clone(), inner);
        let answer = request(&app, "/", &[]).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(memory.len(), 0, "{kind:?}");
    }
}

/// The inner layer has stored its session when the outer one fails; a new id that nobody is told
/// is a login that is lost.
#[tokio::test]
async fn inner_cookie_outlasts_the_failure_of_the_outer_layer() {
    let routes = Router::new()
        .route(
            "/",
            get(|user: Session, admin: Named<Admin, Session>| async move {
                user.insert("n", 1)?;
                admin.insert("n", 2)?;
                Ok::<_, Error>(([("set-cookie", "own=1"), ("x-own", "1")], ""))
            }),
        )
        .route(
            "/read",
            get(|admin: Named<Admin, Session>| async move {
                admin.get::<u8>("n").map(|n| format!("{n:?}"))
            }),
        );
    let outer = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    outer.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let app = nested(routes, outer, Arc::new(MemoryStore::new()));
    let answer = request(&app, "/", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.field("x-own")), (503, None));
    let cookies = pairs(&answer);
    assert!(cookies.len() == 1 && cookies[0].starts_with("admin="), "{cookies:?}");
    assert_eq!(request(&app, "/read", &[cookies[0].as_bytes()]).await.body, "Some(2)");
}

/// The failure of the middle layer makes another response, which must pass the cookie on, also
/// where something in between makes a page of it that is no failure.
#[tokio::test]
async fn innermost_cookie_outlasts_the_failures_of_two_layers_around_it() {
    let failing = || {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        store.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
        store
    };
    let routes = Router::new()
        .route(
            "/",
            get(
                |user: Session, shop: Named<Shop, Session>, admin: Named<Admin, Session>| async move {
                    user.insert("n", 1)?;
                    shop.insert("n", 2)?;
                    admin.insert("n", 3)
                },
            ),
        )
        .route(
            "/read",
            get(|admin: Named<Admin, Session>| async move {
                admin.get::<u8>("n").map(|n| format!("{n:?}"))
            }),
        )
        .layer(SessionLayer::named::<Admin>(manager(Arc::new(MemoryStore::new()), "admin")));
    let app = routes
        .layer(SessionLayer::named::<Shop>(manager(failing(), "shop")))
        .layer(map_response(|mut response: Response| async move {
            *response.status_mut() = StatusCode::OK;
            response
        }))
        .layer(SessionLayer::new(manager(failing(), "session")));
    let answer = request(&app, "/", &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let cookies = pairs(&answer);
    assert!(cookies.len() == 1 && cookies[0].starts_with("admin="), "{cookies:?}");
    let answer = request(&app, "/read", &[cookies[0].as_bytes()]).await;
    assert_eq!(answer.body, "Some(3)");
}

/// An id is kept for a layer around, whichever of the two has a name.
#[tokio::test]
async fn id_outlasts_the_failure_of_a_layer_around_whatever_their_names() {
    type InAdmin = Named<Admin, Session>;
    fn both(outer: &Session, inner: &Session) -> Result<(), Error> {
        outer.insert("n", 1).and(inner.insert("n", 2))
    }
    let inner = || manager(Arc::new(MemoryStore::new()), "inner");
    let outer = || {
        let failing = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
        failing.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
        manager(failing, "outer")
    };
    let table = [
        (
            get(|around: Session, within: InAdmin| async move { both(&around, &within) }),
            SessionLayer::named::<Admin>(inner()),
            SessionLayer::new(outer()),
        ),
        (
            get(|around: InAdmin, within: Session| async move { both(&around, &within) }),
            SessionLayer::new(inner()),
            SessionLayer::named::<Admin>(outer()),
        ),
        (
            get(
                |around: Named<Shop, Session>, within: InAdmin| async move { both(&around, &within) },
            ),
            SessionLayer::named::<Admin>(inner()),
            SessionLayer::named::<Shop>(outer()),
        ),
    ];
    for (at, (handler, inner, outer)) in table.into_iter().enumerate() {
        let app = Router::new().route("/", handler).layer(inner).layer(outer);
        let answer = request(&app, "/", &[]).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{at}");
        let cookies = pairs(&answer);
        assert!(cookies.len() == 1 && cookies[0].starts_with("inner="), "{at}: {cookies:?}");
    }
}

#[tokio::test]
async fn missing_layer_is_an_error_that_names_the_fix() {
    let app = Router::new().route("/", get(|_: Session| async {}));
    assert_eq!(request(&app, "/", &[]).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let (mut parts, _) = Request::get("/").body(()).unwrap().into_parts();
    let error = Session::from_request_parts(&mut parts, &()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("no session layer"), "{error}");
    // The layer of another name is not the one asked for.
    let layer = SessionLayer::named::<Admin>(manager(Arc::new(MemoryStore::new()), "admin"));
    let app = Router::new().route("/", get(|_: Session| async {})).layer(layer);
    assert_eq!(request(&app, "/", &[]).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let layer = SessionLayer::new(manager(Arc::new(MemoryStore::new()), "session"));
    let app = Router::new().route("/", get(|_: Named<Admin, Session>| async {})).layer(layer);
    assert_eq!(request(&app, "/", &[]).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn error_response_hook_explains_every_failure() {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let layer = SessionLayer::new(manager(store.clone(), "session")).with_error_response(
        |error: &Error| {
            let body = Body::from(format!("sorry: {}", error.kind().as_str()));
            ([(CONTENT_TYPE, "text/plain")], body).into_response()
        },
    );
    let app = Router::new()
        .route("/write", get(|s: Session| async move { s.insert("n", 1) }))
        .route("/decode", get(|s: Session| async move { s.get::<String>("n").map(drop) }))
        .route(
            "/own",
            get(|s: Session| async move {
                drop(s);
                (StatusCode::BAD_GATEWAY, "my own words")
            }),
        )
        .layer(layer);
    let live = pairs(&request(&app, "/write", &[]).await).remove(0);
    store.push(Method::Load, Fault::Fail(ErrorKind::Timeout));
    let answer = request(&app, "/write", &[live.as_bytes()]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (503, "sorry: timeout"));
    assert_eq!(answer.headers[CONTENT_TYPE], "text/plain");
    assert_eq!(answer.headers["vary"], "Cookie");
    store.push(Method::Write, Fault::Fail(ErrorKind::Unknown));
    let answer = request(&app, "/write", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (503, "sorry: unknown"));
    let answer = request(&app, "/decode", &[live.as_bytes()]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (500, "sorry: decode"));
    let answer = request(&app, "/own", &[live.as_bytes()]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (502, "my own words"));
}
