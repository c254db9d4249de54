//! Forms are taken from our own pages only.
//!
//! `SameSite=Lax` keeps the cookie off posts from other sites. This check stands behind it, for
//! clients that do not know the attribute and for siblings under one domain, which are one site.

use crate::problems;
use axum::extract::{Request, State};
use axum::http::header::{HeaderMap, HeaderName, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;
use url::{Host, Url};
use web_session::{Error, ErrorKind, Result};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins under which the site is visited, spelled as browsers spell them (RFC 6454,
/// section 6.2).
#[derive(Clone, Debug)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// The origins of a site that is visited on this machine, over plain HTTP.
    pub fn local(port: u16) -> Self {
        Self(["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}")).into())
    }

    /// Reads one origin, as `https://shop.example`.
    ///
    /// # Errors
    ///
    /// `Config` if it is none, or is plain HTTP to another machine: its cookies could be read on
    /// the way.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |reason| Err(Error::new(ErrorKind::Config, format!("read ORIGIN: {reason}")));
        let Ok(url) = Url::parse(text) else {
            return refuse("it must be a scheme and a host, as https://shop.example");
        };
        if !matches!(url.path(), "/") || url.query().is_some() || url.fragment().is_some() {
            return refuse("it must end after the host and the port");
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return refuse("plain http is for this machine; use https"),
            _ => return refuse("its scheme must be https"),
        }
        Ok(Self([url.origin().ascii_serialization()].into()))
    }

    /// The origin to tell people.
    pub fn first(&self) -> &str {
        &self.0[0]
    }

    /// Whether visitors come over HTTPS, so that cookies may be bound to it.
    pub fn is_https(&self) -> bool {
        self.first().starts_with("https:")
    }
}

/// Refuses a form that was not sent from one of our pages.
pub(crate) async fn check(State(own): State<Origins>, request: Request, next: Next) -> Response {
    match judge(request.method(), request.headers(), &own) {
        Verdict::Ours => next.run(request).await,
        Verdict::Foreign => (StatusCode::FORBIDDEN, problems::FOREIGN_FORM.page()).into_response(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ours,
    Foreign,
}

/// Decides whether a request may change something.
///
/// Every browser sends `Origin` with a post, and newer ones `Sec-Fetch-Site`. Whatever is there
/// must say that the form is ours, and one of them must be there.
fn judge(method: &Method, headers: &HeaderMap, own: &Origins) -> Verdict {
    if method.is_safe() {
        return Verdict::Ours;
    }
    let fetch_site = only(headers, &FETCH_SITE).map(|value| value.is_some_and(is_same_origin));
    let origin = only(headers, &ORIGIN).map(|value| value.is_some_and(|value| own.has(value)));
    match (fetch_site, origin) {
        (Some(true), None | Some(true)) | (None, Some(true)) => Verdict::Ours,
        (Some(false), _) | (_, Some(false)) | (None, None) => Verdict::Foreign,
    }
}

impl Origins {
    fn has(&self, origin: &HeaderValue) -> bool {
        self.0.iter().any(|own| own.as_bytes() == origin.as_bytes())
    }
}

/// A field's value; `Some(None)` if it is there more than once, so that nobody knows which counts.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Option<&'h HeaderValue>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(values.next().is_none().then_some(first))
}

/// `none` is a person's own doing, such as reloading a page that was the answer to a form.
fn is_same_origin(fetch_site: &HeaderValue) -> bool {
    matches!(fetch_site.as_bytes(), b"same-origin" | b"none")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{FETCH_SITE, ORIGIN, Origins, Verdict, judge};
    use axum::http::header::HeaderMap;
    use axum::http::{HeaderValue, Method};

    #[test]
    fn forms_are_taken_from_our_own_pages_only() {
        use Verdict::{Foreign, Ours};
        let own = "https://shop.example";
        let table: [(&Method, &[&'static str], &[&'static str], Verdict); 16] = [
            (&Method::GET, &[], &[], Ours),
            (&Method::GET, &["https://evil.example"], &["cross-site"], Ours),
            (&Method::HEAD, &["null"], &[], Ours),
            (&Method::POST, &[own], &["same-origin"], Ours),
            (&Method::POST, &[own], &["none"], Ours),
            (&Method::POST, &[own], &[], Ours),
            (&Method::POST, &[], &["same-origin"], Ours),
            (&Method::POST, &[], &[], Foreign),
            (&Method::POST, &["null"], &[], Foreign),
            (&Method::POST, &["null"], &["same-origin"], Foreign),
            (&Method::POST, &[own], &["same-site"], Foreign),
            (&Method::POST, &[own], &["cross-site"], Foreign),
            (&Method::POST, &["http://shop.example"], &[], Foreign),
            (&Method::POST, &["https://shop.example.evil.example"], &[], Foreign),
            (&Method::POST, &[own, own], &[], Foreign),
            (&Method::DELETE, &["https://shop.example:8443"], &[], Foreign),
        ];
        let origins = Origins::parse(own).unwrap();
        for (method, origin, fetch_site, verdict) in table {
            let mut headers = HeaderMap::new();
            for value in origin {
                headers.append(ORIGIN, HeaderValue::from_static(value));
            }
            for value in fetch_site {
                headers.append(FETCH_SITE, HeaderValue::from_static(value));
            }
            assert_eq!(judge(method, &headers, &origins), verdict, "{method} {headers:?}");
        }
    }

    #[test]
    fn an_origin_is_read_as_browsers_spell_it() {
        let table = [
            ("https://shop.example", Some("https://shop.example")),
            ("https://SHOP.example:443/", Some("https://shop.example")),
            ("https://bücher.example", Some("https://xn--bcher-kva.example")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("http://127.0.0.1:3000", Some("http://127.0.0.1:3000")),
            ("http://[::1]:3000", Some("http://[::1]:3000")),
            ("http://shop.example", None),
            ("https://shop.example/shop", None),
            ("https://shop.example/?a", None),
            ("ftp://shop.example", None),
            ("shop.example", None),
            ("", None),
        ];
        for (text, expected) in table {
            let origins = Origins::parse(text).ok();
            assert_eq!(origins.as_ref().map(Origins::first), expected, "{text}");
        }
    }
}
