//! A browser of few words: it keeps cookies, and asks for one page at a time.

use crate::Finding;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::request::Builder;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// What a request got.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The fields of the head.
    pub fields: HeaderMap,
    /// The whole body.
    pub body: String,
}

impl Answer {
    /// The first value of a field, or nothing.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The values of all `Set-Cookie` fields.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.fields.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).collect()
    }
}

/// A visitor of the site.
#[derive(Clone, Debug)]
pub struct Browser {
    addr: SocketAddr,
    /// Values by name.
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(super) fn new(addr: SocketAddr) -> Self {
        Self { addr, cookies: BTreeMap::new() }
    }

    /// Whether it holds a cookie of this name.
    pub fn holds(&self, name: &str) -> bool {
        self.cookies.contains_key(name)
    }

    /// Asks for a page, and keeps the cookies that come with it.
    ///
    /// # Errors
    ///
    /// If there is no whole answer.
    pub async fn get(&mut self, path: &str) -> Result<Answer, Finding> {
        self.get_with(path, &[]).await
    }

    /// Asks for a page with these fields, too.
    ///
    /// # Errors
    ///
    /// If there is no whole answer.
    pub async fn get_with(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Finding> {
        let response = self.begin(path, fields).await?;
        self.take(response).await
    }

    /// Sends a form, whose fields are encoded already, and keeps the cookies that come back.
    ///
    /// # Errors
    ///
    /// If there is no whole answer.
    pub async fn post(&mut self, path: &str, form: &'static str) -> Result<Answer, Finding> {
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = self.send(request, form).await?;
        self.take(response).await
    }

    async fn take(&mut self, response: Response<Incoming>) -> Result<Answer, Finding> {
        let (status, fields) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.map_err(failed)?.to_bytes();
        let answer = Answer { status, fields, body: String::from_utf8_lossy(&body).into_owned() };
        self.keep(&answer);
        Ok(answer)
    }

    /// Asks for a page whose status must be 200, and returns its body.
    ///
    /// # Errors
    ///
    /// If there is another answer, or none.
    pub async fn ok(&mut self, path: &str) -> Result<String, Finding> {
        let answer = self.get(path).await?;
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(Finding::Broken(format!("{path} is answered with {answer:?}"))),
        }
    }

    /// Asks for a page and returns when its head is there.
    pub(super) async fn begin(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Response<Incoming>, Finding> {
        let request = Request::get(path);
        let fields = fields.iter();
        self.send(fields.fold(request, |request, (name, value)| request.header(*name, *value)), "")
            .await
    }

    async fn send(
        &self,
        mut request: Builder,
        body: &'static str,
    ) -> Result<Response<Incoming>, Finding> {
        let stream = TcpStream::connect(self.addr).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        tokio::spawn(connection);
        request = request.header(HOST, self.addr.to_string());
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        let request = request.body(Full::<Bytes>::from(body)).map_err(failed)?;
        sender.send_request(request).await.map_err(failed)
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.set_cookies() {
            let mut attributes = cookie.split("; ");
            let Some((name, value)) = attributes.next().and_then(|pair| pair.split_once('='))
            else {
                continue;
            };
            if attributes.any(|attribute| attribute == "Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The `Cookie` field that it sends.
    pub(super) fn cookie(&self, name: &str) -> String {
        format!("{name}={}", self.cookies.get(name).map_or("", String::as_str))
    }

    /// One of the same site that holds no cookies.
    pub(super) fn stranger(&self) -> Self {
        Self::new(self.addr)
    }
}

fn failed(error: impl std::fmt::Display) -> Finding {
    Finding::Broken(format!("a request got no answer: {error}"))
}
