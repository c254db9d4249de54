//! A site with a route for each kind of request, and a browser with one cookie.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use http::header::{COOKIE, SET_COOKIE};
use http::{Request, StatusCode};
use tower::ServiceExt as _;
use web_session::{Error, Session, SessionLayer, SessionManager};

type Answer = Result<(), Error>;

pub(crate) fn site(manager: SessionManager) -> Router {
    Router::new()
        .route("/plain", get(async || ()))
        .route("/read", get(read))
        .route("/set/{n}", get(set))
        .route("/login", get(login))
        .route("/logout", get(logout))
        .layer(SessionLayer::new(manager))
}

async fn read(session: Session) -> Answer {
    session.get::<u64>("n")?;
    Ok(())
}

async fn set(session: Session, Path(n): Path<u64>) -> Answer {
    session.insert("n", n)
}

async fn login(session: Session) -> Answer {
    session.set_owner("ann")
}

async fn logout(session: Session) -> Answer {
    session.flush()
}

#[derive(Default)]
pub(crate) struct Browser {
    cookie: Option<String>,
}

impl Browser {
    pub(crate) async fn get(&mut self, site: &Router, path: &str) {
        let request = Request::get(path);
        let request = match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let response = site.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
    }
}
