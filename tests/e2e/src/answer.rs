//! Answers of the application.

use http::header::SET_COOKIE;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A whole response.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// Reads the body of `response`.
    ///
    /// # Errors
    ///
    /// If the connection breaks before its end.
    pub async fn read(response: Response<Incoming>) -> hyper::Result<Self> {
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("the application answers text");
        Ok(Self { status: parts.status, headers: parts.headers, body })
    }

    /// Whether the request was done and stored.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The `Set-Cookie` field, if there is one.
    pub fn set_cookie(&self) -> Option<&str> {
        let mut fields = self.headers.get_all(SET_COOKIE).iter();
        let field = fields.next().map(|value| value.to_str().expect("it is ASCII"));
        assert!(fields.next().is_none(), "one cookie at most");
        field
    }

    /// Asserts the status, and that the browser keeps the cookie it has.
    ///
    /// # Panics
    ///
    /// If it is not so.
    #[track_caller]
    pub fn refuses(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.set_cookie(), None);
        if status == 503 {
            assert!(self.headers.contains_key(http::header::RETRY_AFTER), "{self:?}");
        }
    }
}
