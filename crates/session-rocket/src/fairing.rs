//! The fairing: an exchange goes in with the request, its commit comes out with the response.

use crate::response;
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::{Build, Data, Request, Response, Rocket};
use session_core::rocket::{attach, exchange, finish, place};
use session_core::{Result, SessionManager, SignInPage};
use std::fmt;
use std::marker::PhantomData;

/// Gives the routes of an application a session.
///
/// It does no I/O of its own: the session is loaded when a handler has it as a guard, and stored
/// when the handler has answered. The response head is withheld until then; a streamed body is not
/// touched. A response with a 5xx status or a 408 stores nothing, nor does an [`Error`] that a handler
/// returns. A panic is a 500, unless a catcher makes another status of it.
///
/// Where several are attached, all but one are [`named`](Self::named), and each has its own cookie
/// name. An application that has a route with a session, and no fairing for it, is not launched.
///
/// [`Error`]: session_core::Error
///
/// # Examples
///
/// ```no_run
/// # mod web_session { pub use session_core::*; pub use session_rocket::*; }
/// use rocket::{get, routes};
/// use std::sync::Arc;
/// use web_session::{Config, MemoryStore, Result, Session, SessionManager};
/// use web_session::SessionFairing;
///
/// #[get("/")]
/// fn visits(session: Session) -> Result<String> {
///     let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// #[rocket::main]
/// async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
///     let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
///     let app = rocket::build().mount("/", routes![visits]);
///     app.attach(SessionFairing::new(manager)).launch().await?;
///     Ok(())
/// }
/// ```
pub struct SessionFairing<N = ()> {
    manager: SessionManager,
    sign_in_page: Option<SignInPage>,
    name: PhantomData<fn() -> N>,
}

impl SessionFairing {
    /// Makes the application's fairing, whose sessions are `Session` as guards.
    pub fn new(manager: SessionManager) -> Self {
        Self { manager, sign_in_page: None, name: PhantomData }
    }

    /// Makes a fairing whose sessions are `Named<N, Session>` as guards.
    pub fn named<N>(manager: SessionManager) -> SessionFairing<N> {
        SessionFairing { manager, sign_in_page: None, name: PhantomData }
    }
}

impl<N> SessionFairing<N> {
    /// Sends visitors to `path` where a handler wants them [`SignedIn`] and they are not: a path of
    /// this application, as `/sign-in`.
    ///
    /// The page that they asked for goes along in the query, and [`ReturnTo`] reads it. Scripts get a
    /// 401 all the same; without this everybody does.
    ///
    /// [`SignedIn`]: session_core::SignedIn
    /// [`ReturnTo`]: session_core::ReturnTo
    ///
    /// # Errors
    ///
    /// `Config` if `path` does not begin with one `/`, or holds what a URL does not hold.
    pub fn with_sign_in_page(mut self, path: &str) -> Result<Self> {
        self.sign_in_page = Some(SignInPage::new(path)?);
        Ok(self)
    }
}

#[rocket::async_trait]
impl<N: 'static> Fairing for SessionFairing<N> {
    fn info(&self) -> Info {
        Info { name: "sessions", kind: Kind::Ignite | Kind::Request | Kind::Response }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        attach::<N>(rocket)
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let exchange = match &self.sign_in_page {
            None => self.manager.open(),
            Some(page) => self.manager.open_with(page, None),
        };
        place::<N>(request, exchange);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(exchange) = exchange::<N>(request) else { return };
        finish(request, response);
        if response::is_failed(request, response) {
            return response::apply(request, response, exchange.discard());
        }
        let commit = match exchange.commit().await {
            Ok(commit) => commit,
            Err(error) => {
                response::replace(request, response, &error).await;
                exchange.discard()
            }
        };
        response::apply(request, response, commit);
    }
}

impl<N> fmt::Debug for SessionFairing<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFairing").field("manager", &self.manager).finish_non_exhaustive()
    }
}
