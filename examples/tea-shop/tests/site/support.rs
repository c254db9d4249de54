//! The site on a port of its own, and a browser in front of it.

use e2e::backend::scratch;
use reqwest::header::{ACCEPT, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, StatusCode, redirect};
use session_testkit::server;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tea_shop::settings::Settings;
use tea_shop::{Accounts, Origins, app};
use tempfile::TempDir;
use tokio::net::TcpListener;
use web_session::{Config, ConfigBuilder, SessionManager, Store};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Where sessions are kept in a test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Backend {
    Filesystem,
    Memory,
    Redis,
}

/// A running site with data of its own.
pub(crate) struct Site {
    addr: SocketAddr,
    pub(crate) manager: SessionManager,
    dir: Arc<TempDir>,
}

impl Site {
    /// Starts it as `main` does, with `extra` variables in its environment.
    pub(crate) async fn start(backend: Backend) -> Self {
        Self::start_with(backend, &[]).await
    }

    pub(crate) async fn start_with(backend: Backend, extra: &[(&str, &str)]) -> Self {
        let dir = scratch();
        let mut vars = vec![("DATA_DIR".to_owned(), dir.path().to_str().unwrap().to_owned())];
        match backend {
            Backend::Filesystem => {}
            Backend::Memory => vars.push(("SESSION_TYPE".into(), "memory".into())),
            Backend::Redis => {
                vars.push(("SESSION_TYPE".into(), "redis".into()));
                vars.push(("SESSION_REDIS".into(), server::url("SESSION_TEST_REDIS")));
            }
        }
        vars.extend(extra.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let settings = Settings::from_vars(vars).unwrap();
        let manager = web_session::manager(&settings.session).await.unwrap();
        let origins = extra.iter().any(|(name, _)| *name == "ORIGIN").then_some(settings.origins);
        Self::serve(manager, dir, origins).await
    }

    /// Starts it over a store of the test's own.
    pub(crate) async fn over(store: Arc<dyn Store>) -> Self {
        Self::over_with(store, Config::builder().owner_index(true)).await
    }

    /// The same without an index of owners.
    pub(crate) async fn over_without_owners(store: Arc<dyn Store>) -> Self {
        Self::over_with(store, Config::builder()).await
    }

    async fn over_with(store: Arc<dyn Store>, config: ConfigBuilder) -> Self {
        let manager = SessionManager::new(store, config.build().unwrap(), None).unwrap();
        Self::serve(manager, scratch(), None).await
    }

    async fn serve(manager: SessionManager, dir: TempDir, origins: Option<Origins>) -> Self {
        let accounts = Accounts::open(dir.path().join("accounts.json")).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let origins = origins.unwrap_or_else(|| Origins::local(addr.port()));
        let app = app(manager.clone(), accounts, origins).unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { addr, manager, dir: Arc::new(dir) }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::of(self.addr, &self.dir)
    }

    /// A browser whose owner has just made an account; returns the address of that account, too.
    pub(crate) async fn customer(&self) -> (Browser, String) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let email = format!("ann{}@example.org", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut browser = self.browser();
        let form = [("name", "Ann"), ("email", &email), ("password", PASSWORD)];
        let answer = browser.post("/sign-up", &form).await;
        assert_eq!(answer.location(), Some("/account"), "{}", answer.body);
        (browser, email)
    }
}

/// A browser that keeps the one cookie of the site, and follows nothing by itself.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    addr: SocketAddr,
    pub(crate) origin: String,
    pub(crate) cookie: Option<String>,
    // The site writes there as long as anybody looks at it.
    _dir: Arc<TempDir>,
}

/// What a request got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn of(addr: SocketAddr, dir: &Arc<TempDir>) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        let origin = format!("http://{addr}");
        Self { client, addr, origin, cookie: None, _dir: Arc::clone(dir) }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let request = self.client.get(self.url(path));
        self.send(request).await
    }

    /// Sends a form, as from a page of the browser's origin.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.client.post(self.url(path)).header(ORIGIN, &self.origin).form(form);
        self.send(request).await
    }

    /// Sends a form, and returns the page it leads to.
    pub(crate) async fn submit(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        self.get(answer.location().unwrap()).await
    }

    pub(crate) async fn sign_in(&mut self, email: &str, more: &[(&str, &str)]) -> Answer {
        let form = [&[("email", email), ("password", PASSWORD)], more].concat();
        self.post("/sign-in", &form).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Answer {
        request = request.header(ACCEPT, "text/html,*/*;q=0.8");
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await.unwrap() };
        if let Some(set) = answer.set_cookie() {
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = (!set.contains("Max-Age=0;")).then_some(pair);
        }
        answer
    }
}

impl Answer {
    pub(crate) fn set_cookie(&self) -> Option<&str> {
        let fields = self.headers.get_all(SET_COOKIE);
        assert!(fields.iter().count() <= 1, "the site has one cookie");
        fields.iter().next().map(|value| value.to_str().unwrap())
    }

    /// Whether the page is not for strangers.
    pub(crate) fn leads_to_sign_in(&self) -> bool {
        self.location().is_some_and(|page| page.starts_with("/sign-in"))
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION).map(|value| value.to_str().unwrap())
    }

    /// Whether the page says this, as a person reads it.
    #[track_caller]
    pub(crate) fn assert_says(&self, text: &str) {
        assert!(self.body.contains(text), "no {text:?} in {}", self.body);
    }

    #[track_caller]
    pub(crate) fn assert_keeps_quiet_of(&self, text: &str) {
        assert!(!self.body.contains(text), "{text:?} in {}", self.body);
    }
}
