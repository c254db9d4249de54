//! The fields of a request and the head of a response in Rocket's terms.

use crate::cookie::{Fields, Head};
use bytes::Bytes;
use rocket::Response;
use rocket::http::HeaderMap;

impl Fields for HeaderMap<'_> {
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.get(name).map(str::as_bytes)
    }
}

impl Fields for Response<'_> {
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers().values(name)
    }
}

impl Head for Response<'_> {
    fn remove(&mut self, unwanted: impl Fn(&str) -> bool) {
        let names = self.headers().iter().map(|field| field.name().as_str().to_ascii_lowercase());
        for name in names.filter(|name| unwanted(name)).collect::<Vec<_>>() {
            self.remove_header(&name);
        }
    }

    fn set(&mut self, name: &str, value: Bytes) {
        self.set_raw_header(name.to_owned(), text(&value));
    }

    fn add_unless(&mut self, name: &str, value: Bytes, enough: impl Fn(&[u8]) -> bool) {
        if !self.values(name).any(enough) {
            self.adjoin_raw_header(name.to_owned(), text(&value));
        }
    }

    fn add_secret(&mut self, name: &str, value: Bytes) {
        self.adjoin_raw_header(name.to_owned(), text(&value));
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
