//! The middleware: an exchange goes in with the request, its commit comes out with the response.

use crate::response::{self, ErrorPage, Nesting};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Extensions, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{HttpMessage as _, HttpResponse};
use session_core::{Error, Exchange, Named, Result, SessionManager, SignInPage};
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Gives the routes that it is around a session.
///
/// It does no I/O of its own: the session is loaded when a handler extracts it, and stored when
/// the handler has answered. The response head is withheld until then; a streamed body is not
/// touched. A response with a 5xx status or a 408, a panic or a client that goes away stores nothing.
///
/// Each worker makes one, so that it is made in the closure of `HttpServer::new`, of a
/// [`SessionManager`] that is made once and cloned into it. The request's [`Exchange`] is in the
/// extensions of the request. Where several are nested, all but one are [`named`](Self::named), and
/// each has its own cookie name.
///
/// # Examples
///
/// ```no_run
/// # mod web_session { pub use session_core::*; pub use session_actix::*; }
/// use actix_web::{App, HttpServer, web};
/// use std::sync::Arc;
/// use web_session::{Config, MemoryStore, Result, Session, SessionManager};
/// use web_session::SessionMiddleware;
///
/// async fn visits(session: Session) -> Result<String> {
///     let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// #[actix_web::main]
/// async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
///     let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
///     let server = HttpServer::new(move || {
///         App::new()
///             .route("/", web::get().to(visits))
///             .wrap(SessionMiddleware::new(manager.clone()))
///     });
///     Ok(server.bind("127.0.0.1:8080")?.run().await?)
/// }
/// ```
#[derive(Clone)]
pub struct SessionMiddleware(Rc<Shared>);

#[derive(Clone)]
struct Shared {
    manager: SessionManager,
    place: Place,
    sign_in_page: Option<SignInPage>,
    error_page: Option<ErrorPage>,
}

/// Puts the exchange of a request where its middleware's sessions are looked for, and tells whether
/// another one has done so before.
type Place = fn(&mut Extensions, Exchange) -> Nesting;

/// Marks a request that a middleware of [`Named`] sessions has seen: they have a type for each name.
struct Layered;

impl SessionMiddleware {
    /// Makes the application's middleware, whose sessions are extracted as `Session`.
    pub fn new(manager: SessionManager) -> Self {
        Self::placing(manager, |extensions, exchange| {
            let is_within = extensions.insert(exchange).is_some();
            Nesting::of(is_within || extensions.get::<Layered>().is_some())
        })
    }

    /// Makes a middleware whose sessions are extracted as `Named<N, Session>`.
    pub fn named<N: 'static>(manager: SessionManager) -> Self {
        Self::placing(manager, |extensions, exchange| {
            extensions.insert(Named::<N, _>::new(exchange));
            let is_within = extensions.insert(Layered).is_some();
            Nesting::of(is_within || extensions.get::<Exchange>().is_some())
        })
    }

    fn placing(manager: SessionManager, place: Place) -> Self {
        Self(Rc::new(Shared { manager, place, sign_in_page: None, error_page: None }))
    }

    /// Makes the 409, 503 and 500 responses of this middleware, in place of a sentence of plain
    /// text that says what the visitor can do.
    ///
    /// The middleware then sets the status, `Vary`, `Cache-Control: no-store`, and `Retry-After`
    /// with 503.
    #[must_use]
    pub fn with_error_page(mut self, page: impl Fn(&Error) -> HttpResponse + 'static) -> Self {
        Rc::make_mut(&mut self.0).error_page = Some(Rc::new(page));
        self
    }

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
        Rc::make_mut(&mut self.0).sign_in_page = Some(SignInPage::new(path)?);
        Ok(self)
    }
}

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<std::result::Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(SessionService { inner, shared: Rc::clone(&self.0) }))
    }
}

impl fmt::Debug for SessionMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let manager = &self.0.manager;
        f.debug_struct("SessionMiddleware").field("manager", manager).finish_non_exhaustive()
    }
}

/// The service that [`SessionMiddleware`] makes.
pub struct SessionService<S> {
    inner: S,
    shared: Rc<Shared>,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Self::Error>>>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let shared = Rc::clone(&self.shared);
        let exchange = match &shared.sign_in_page {
            None => shared.manager.open(),
            Some(page) => shared.manager.open_with(page, None),
        };
        let nesting = (shared.place)(&mut request.extensions_mut(), exchange.clone());
        let handler = self.inner.call(request);
        Box::pin(async move {
            let page = shared.error_page.as_ref();
            let response = match handler.await {
                Ok(response) => response.map_into_left_body(),
                // A middleware within this one has failed, and there is no response yet.
                Err(error) => return Err(response::with_id(error, &exchange.discard())),
            };
            if response::is_failed(&response) {
                let commit = exchange.discard();
                return Ok(response::apply(response::explain(response, page), commit, nesting));
            }
            Ok(match exchange.commit().await {
                Ok(commit) => response::apply(response, commit, nesting),
                Err(error) => {
                    let response = response::failure(response, &error, page);
                    response::apply(response, exchange.discard(), nesting)
                }
            })
        })
    }
}

impl<S> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("manager", &self.shared.manager)
            .finish_non_exhaustive()
    }
}
