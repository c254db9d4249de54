//! A visitor of an application in this process, with whatever cookies it sets.

use crate::told::Told;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use std::collections::BTreeMap;
use std::mem;
use tower::ServiceExt as _;

#[derive(Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
    told: Vec<Told>,
}

impl Browser {
    /// The `Cookie` field that it sends.
    pub(crate) fn cookies(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// Keeps what one `Set-Cookie` field says, or removes it.
    pub(crate) fn keep(&mut self, set_cookie: &str) {
        let (name, value) = set_cookie.split(';').next().unwrap().split_once('=').unwrap();
        let is_removed = value.is_empty() || set_cookie.contains("Max-Age=0");
        match is_removed {
            true => self.cookies.remove(name),
            false => self.cookies.insert(name.to_owned(), value.to_owned()),
        };
        self.told.push(Told::read(set_cookie));
    }

    /// What it was told since it was last asked.
    pub(crate) fn take_told(&mut self) -> Vec<Told> {
        mem::take(&mut self.told)
    }

    /// The page, or where it leads.
    pub(crate) async fn get(&mut self, app: &Router, path: &str) -> String {
        let request = Request::get(path)
            .header(COOKIE, self.cookies())
            .header(ACCEPT, "text/html")
            .header(USER_AGENT, "test");
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for set_cookie in parts.headers.get_all(SET_COOKIE) {
            self.keep(set_cookie.to_str().unwrap());
        }
        let page = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        assert!(!parts.status.is_server_error(), "{path}: {} {page}", parts.status);
        parts.headers.get(LOCATION).map_or(page, |to| format!("to {}", to.to_str().unwrap()))
    }
}
