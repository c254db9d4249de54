//! A browser in front of an application whose paths say what its handler does.
#![allow(dead_code, reason = "every test binary uses a part of it")]

pub(crate) mod app;
pub(crate) mod bench;
pub(crate) mod capture;
pub(crate) mod gate;
pub(crate) mod ids;
pub(crate) mod index;
pub(crate) mod owners;
pub(crate) mod schedule;
pub(crate) mod yielding;

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
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The one `Set-Cookie` field.
    pub(crate) fn set_cookie(&self) -> &str {
        let [cookie] = self.set_cookies()[..] else { panic!("not one Set-Cookie: {self:?}") };
        cookie
    }

    /// The `Max-Age` of the one `Set-Cookie` field.
    pub(crate) fn max_age(&self) -> Option<u64> {
        Self::max_age_of(self.set_cookie())
    }

    /// The `Max-Age` of a `Set-Cookie` field.
    pub(crate) fn max_age_of(field: &str) -> Option<u64> {
        let mut attributes = field.split("; ");
        attributes.find_map(|a| a.strip_prefix("Max-Age=")).map(|n| n.parse().unwrap())
    }

    /// All values of a field, joined as a cache reads them.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Whether a record is no session, but what tells that one has moved, or is about to.
pub(crate) fn is_trace(payload: &[u8]) -> bool {
    payload.starts_with(b"\xde\0\0")
}

/// Requests `path` with these `Cookie` fields.
pub(crate) async fn request(router: &Router, path: &str, cookies: &[&[u8]]) -> Answer {
    let mut request = Request::get(path);
    for cookie in cookies {
        request = request.header(COOKIE, *cookie);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
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
    /// A browser that holds the cookie of this `Set-Cookie` field.
    pub(crate) fn holding(set_cookie: &str) -> Self {
        Self { cookie: set_cookie.split(';').next().map(str::to_owned) }
    }

    pub(crate) async fn get(&mut self, router: &Router, path: &str) -> Answer {
        let cookies: Vec<&[u8]> = self.cookie.iter().map(String::as_bytes).collect();
        let answer = request(router, path, &cookies).await;
        self.take_cookies(&answer);
        answer
    }

    /// Requests `path` and expects success; the body comes back.
    pub(crate) async fn ok(&mut self, router: &Router, path: &str) -> String {
        let answer = self.get(router, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        answer.body
    }

    fn take_cookies(&mut self, answer: &Answer) {
        for set in answer.set_cookies() {
            *self = if set.contains("Max-Age=0") { Self::default() } else { Self::holding(set) };
        }
    }

    /// The value of its cookie.
    pub(crate) fn id(&self) -> &str {
        self.cookie.as_deref().and_then(|pair| pair.split_once('=')).unwrap().1
    }
}
