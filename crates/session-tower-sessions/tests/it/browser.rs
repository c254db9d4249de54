//! A visitor of an application in this process.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{Request, StatusCode};
use tower::ServiceExt as _;

/// Keeps the one cookie of the application, and follows nothing by itself.
#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    pub(crate) cookie: String,
}

impl Browser {
    pub(crate) fn new(app: &Router) -> Self {
        Self { app: app.clone(), cookie: String::new() }
    }

    /// The same visitor, whose next requests another release of the application answers.
    pub(crate) fn moved_to(&self, app: &Router) -> Self {
        Self { app: app.clone(), cookie: self.cookie.clone() }
    }

    /// The body of an answer that must be a 200.
    pub(crate) async fn get(&mut self, path: &str) -> String {
        let (status, body) = self.ask(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) async fn ask(&mut self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header(COOKIE, &self.cookie).body(Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(set) = parts.headers.get(SET_COOKIE) {
            let set = set.to_str().unwrap();
            let pair = set.split(';').next().filter(|_| !set.contains("Max-Age=0"));
            self.cookie = pair.unwrap_or_default().to_owned();
        }
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// The id that the cookie holds.
    pub(crate) fn id(&self) -> &str {
        self.cookie.strip_prefix("id=").unwrap_or_default()
    }
}
