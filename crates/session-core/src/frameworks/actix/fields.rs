//! The fields of a message in actix-web's terms: those of `http` 0.2.

use crate::cookie::{Fields, Head};
use actix_web::http::header::{
    CACHE_CONTROL, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY,
};
use bytes::Bytes;

impl Fields for HeaderMap {
    #[inline(always)]
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let values = match name {
            "cookie" => self.get_all(COOKIE),
            "cache-control" => self.get_all(CACHE_CONTROL),
            name => self.get_all(name),
        };
        values.map(HeaderValue::as_bytes)
    }
}

impl Head for HeaderMap {
    fn remove(&mut self, unwanted: impl Fn(&str) -> bool) {
        self.retain(|name, _| !unwanted(name.as_str()));
    }

    fn set(&mut self, name: &str, value: Bytes) {
        if let Some((name, value)) = field(name, value) {
            self.insert(name, value);
        }
    }

    fn add_unless(&mut self, name: &str, value: Bytes, enough: impl Fn(&[u8]) -> bool) {
        if let Some((name, value)) = field(name, value)
            && !self.get_all(&name).any(|value| enough(value.as_bytes()))
        {
            self.append(name, value);
        }
    }

    fn add_secret(&mut self, name: &str, value: Bytes) {
        if let Some((name, mut value)) = field(name, value) {
            // Its `Debug` is blank then, and HPACK never indexes it (RFC 7541, section 7.1.3).
            value.set_sensitive(true);
            self.append(name, value);
        }
    }
}

/// Inlined, the name is known before the program runs.
#[inline(always)]
fn field(name: &str, value: Bytes) -> Option<(HeaderName, HeaderValue)> {
    let name = match name {
        // Those of most responses are not read letter by letter.
        "vary" => VARY,
        "set-cookie" => SET_COOKIE,
        "cache-control" => CACHE_CONTROL,
        name => HeaderName::from_bytes(name.as_bytes()).ok()?,
    };
    Some((name, HeaderValue::from_maybe_shared(value).ok()?))
}
