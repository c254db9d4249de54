//! A browser of one cookie jar in front of a router.

use axum::Router;
use axum::body::Body;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// What a request got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The `Set-Cookie` fields.
    pub(crate) fn set_cookies(&self) -> Vec<String> {
        let fields = self.headers.get_all(SET_COOKIE);
        fields.iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }
}

/// Requests `path` with these `Cookie` fields.
pub(crate) async fn request(app: &Router, path: &str, cookies: &[&[u8]]) -> Answer {
    let mut request = Request::get(path);
    for cookie in cookies {
        request = request.header(COOKIE, *cookie);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Keeps the one cookie that the application sets, as a browser does.
#[derive(Debug, Default, Clone)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
}

impl Browser {
    pub(crate) async fn get(&mut self, app: &Router, path: &str) -> Answer {
        let cookies: Vec<&[u8]> = self.cookie.iter().map(String::as_bytes).collect();
        let answer = request(app, path, &cookies).await;
        for set in answer.set_cookies() {
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = if set.contains("Max-Age=0") { None } else { Some(pair) };
        }
        answer
    }
}
