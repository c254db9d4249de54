//! A visitor of an application in this process.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;
use web_session::SessionManager;
use web_session::config::Settings;

/// Makes a manager from settings, over a store in memory.
pub(crate) async fn manager<const N: usize>(settings: [(&str, &str); N]) -> SessionManager {
    let settings: Settings = [("SESSION_TYPE", "memory")].into_iter().chain(settings).collect();
    web_session::manager(&settings).await.unwrap()
}

/// Keeps the one cookie of the application, and follows nothing by itself.
pub(crate) struct Browser {
    app: Router,
    agent: &'static str,
    pub(crate) cookie: String,
}

/// What a request got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn new(app: &Router) -> Self {
        Self::called("test", app)
    }

    pub(crate) fn called(agent: &'static str, app: &Router) -> Self {
        Self { app: app.clone(), agent, cookie: String::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    /// Sends a form, as `name=ann&password=x`.
    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.send(Method::POST, path, form).await
    }

    async fn send(&mut self, method: Method, path: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(COOKIE, &self.cookie)
            .header(USER_AGENT, self.agent)
            .header(ACCEPT, "text/html")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        let response = self.app.clone().oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        if let Some(set) = answer.headers.get(SET_COOKIE) {
            let set = set.to_str().unwrap();
            let pair = set.split(';').next().filter(|_| !set.contains("Max-Age=0"));
            self.cookie = pair.unwrap_or_default().to_owned();
        }
        answer
    }
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        assert!(self.status.is_redirection(), "{self:?}");
        self.headers[LOCATION].to_str().unwrap()
    }
}
