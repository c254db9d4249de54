//! Answers, and who keeps the cookie that comes with them.

use crate::server::Server;
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

    /// A browser that got this answer first.
    pub fn browser(&self) -> Browser {
        let mut browser = Browser::default();
        browser.heed(self);
        browser
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

/// Keeps the one cookie of the application.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The pair of name and value that it sends.
    pub cookie: Option<String>,
}

impl Browser {
    /// Begins a session by running `program`.
    pub async fn signed_on(server: &Server, program: &str) -> Self {
        let mut browser = Self::default();
        browser.run(server, program).await;
        assert!(browser.cookie.is_some(), "the program stores something");
        browser
    }

    /// Sends the cookie to `path` with `program`, and heeds the cookie in the answer.
    pub async fn send(&mut self, server: &Server, path: &str, program: &str) -> Answer {
        let answer = server.send(path, self.cookie.as_deref(), program).await;
        self.heed(&answer);
        answer
    }

    /// Runs `program`, which must succeed, and returns what it said.
    #[track_caller]
    pub fn run(&mut self, server: &Server, program: &str) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        let sending = server.begin("/run", self.cookie.as_deref(), program);
        async move {
            let answer = sending.answer().await;
            assert!(answer.is_success(), "{program} at {caller}: {answer:?}");
            self.heed(&answer);
            answer.body
        }
    }

    /// Whether the cookie opens a live session.
    pub async fn is_known(&self, server: &Server) -> bool {
        let answer = server.send("/member", self.cookie.as_deref(), "flashes").await;
        assert!(answer.is_success() || answer.status == 401, "{answer:?}");
        answer.is_success()
    }

    fn heed(&mut self, answer: &Answer) {
        if let Some(set) = answer.set_cookie() {
            let pair = set.split(';').next().map(str::to_owned);
            self.cookie = pair.filter(|_| !set.contains("Max-Age=0"));
        }
    }
}
