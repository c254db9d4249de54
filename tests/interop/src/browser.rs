//! A browser that visits both sides as one site.

use cookie_store::CookieStore;
use e2e::{Answer, Pending, Server};
use http::header::SET_COOKIE;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use url::Url;

/// Keeps cookies as RFC 6265 says, whichever side sets them.
#[derive(Clone, Debug)]
pub struct Browser {
    site: Url,
    jar: CookieStore,
}

impl Browser {
    /// A browser at `http://localhost/`.
    pub fn new() -> Self {
        Self::at("http://localhost/")
    }

    /// A browser at `site`, wherever the servers really are: cookies depend on what it believes.
    pub fn at(site: &str) -> Self {
        Self { site: site.parse().expect("a URL"), jar: CookieStore::default() }
    }

    /// What it would send.
    pub fn cookies(&self) -> Option<String> {
        let pairs: Vec<String> = self
            .jar
            .get_request_values(&self.site)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Takes a cookie as if a side had set it.
    pub fn keep(&mut self, set_cookie: &str) {
        self.jar.parse(set_cookie, &self.site).expect("the browser takes the cookie");
    }

    /// Sends `body` to `path`, with the cookies, and heeds those of the answer.
    pub async fn send(&mut self, server: &Server, path: &str, body: Json) -> Answer {
        let cookies = self.cookies();
        let answer = server.send(path, cookies.as_deref(), &body.to_string()).await;
        for field in answer.headers.get_all(SET_COOKIE) {
            // A removal of a cookie that is not there is an error to the jar.
            let _ = self.jar.parse(field.to_str().expect("it is ASCII"), &self.site);
        }
        answer
    }

    /// Begins a request that waits at `/hold/gate` with the session open, and then sets `key`.
    pub async fn hold(&self, server: &Server, gate: &str, key: Option<&str>) -> Pending {
        let cookies = self.cookies();
        let body = json!(key).to_string();
        let pending = server.begin(&format!("/hold/{gate}"), cookies.as_deref(), &body);
        server.reached(gate).await;
        pending
    }

    /// Does `path` with `body`, which must succeed.
    #[track_caller]
    pub fn post(
        &mut self,
        server: &Server,
        path: &str,
        body: Json,
    ) -> impl Future<Output = Answer> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = Box::pin(self.send(server, path, body)).await;
            assert!(answer.is_success(), "{path} at {caller}: {answer:?}");
            answer
        }
    }

    /// Asks `path`, which must answer JSON.
    #[track_caller]
    pub fn ask(&mut self, server: &Server, path: &str) -> impl Future<Output = Json> {
        self.ask_with(server, path, Json::Null)
    }

    /// Asks `path` with `body`, which must answer JSON.
    #[track_caller]
    pub fn ask_with(
        &mut self,
        server: &Server,
        path: &str,
        body: Json,
    ) -> impl Future<Output = Json> {
        let asking = self.post(server, path, body);
        async move { serde_json::from_str(&asking.await.body).expect("the answer is JSON") }
    }

    /// Sets one value.
    #[track_caller]
    pub fn set(
        &mut self,
        server: &Server,
        key: &str,
        value: impl Into<Json>,
    ) -> impl Future<Output = Answer> {
        self.post(server, "/set", json!([key, value.into()]))
    }

    /// One value of the session; null if there is none.
    #[track_caller]
    pub fn get(&mut self, server: &Server, key: &str) -> impl Future<Output = Json> {
        let asking = self.ask_with(server, "/get", key.into());
        async move { asking.await[0].take() }
    }

    /// The values of the session as the side's language shows them, by key; none if there is no
    /// session.
    #[track_caller]
    pub fn shown(&mut self, server: &Server) -> impl Future<Output = BTreeMap<String, String>> {
        let asking = self.ask(server, "/show");
        async move {
            let pairs: Vec<(String, String)> =
                serde_json::from_value(asking.await).expect("they are pairs of text");
            pairs.into_iter().collect()
        }
    }

    /// The session as a dictionary, in order, as Python shows it.
    #[track_caller]
    pub fn whole(&mut self, flask: &Server) -> impl Future<Output = String> {
        let asking = self.ask(flask, "/show/whole");
        async move {
            serde_json::from_value::<[String; 1]>(asking.await).expect("it is text")[0].clone()
        }
    }

    /// Whether there is a session that holds anything.
    #[track_caller]
    pub fn is_known(&mut self, server: &Server) -> impl Future<Output = bool> {
        let shown = self.shown(server);
        async move { !shown.await.is_empty() }
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}
