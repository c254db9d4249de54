//! The layer: an exchange goes in with the request, its commit comes out with the response.

use crate::future::ResponseFuture;
use crate::response::{Advice, ErrorResponse, Nesting};
use http::{Extensions, Request, Response};
use session_core::{Exchange, Named, Result, SessionManager, SignInPage};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Gives the services below it a session.
///
/// The layer itself does no I/O: the session is loaded when a handler extracts it, and stored when
/// the handler has answered. The response head is withheld until then; a streamed body is not
/// touched. A response with a 5xx status, a panic or a client that goes away stores nothing.
///
/// The request's [`Exchange`] is in the extensions of the request: the extractors of the core find
/// it there, and so can a service without any ([`Exchange::session_of`]). Where several layers are
/// nested, all but one are [`named`](Self::named), and each has its own cookie name.
///
/// `B` makes the responses to session errors.
///
/// # Examples
///
/// ```
/// # mod web_session { pub use session_core::*; pub use session_tower::*; }
/// use std::sync::Arc;
/// use web_session::{Config, MemoryStore, SessionManager};
/// use web_session::SessionLayer;
///
/// let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
/// let layer = SessionLayer::new(manager);
/// # let _ = layer;
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SessionLayer<B = Advice> {
    // Shared: every request clones the layer.
    shared: Arc<Shared>,
    error_response: B,
}

#[derive(Clone)]
struct Shared {
    manager: SessionManager,
    place: Place,
    sign_in_page: Option<SignInPage>,
}

/// Puts the exchange of a request where its layer's sessions are looked for, and tells whether
/// another layer has done so before.
type Place = fn(&mut Extensions, Exchange) -> Nesting;

/// Marks a request that a layer of [`Named`] sessions has seen: they have a type for each name.
#[derive(Clone)]
struct Layered;

impl SessionLayer {
    /// Makes the application's session layer, whose sessions are extracted as `Session`.
    pub fn new(manager: SessionManager) -> Self {
        let place: Place = |extensions, exchange| {
            let is_within = extensions.insert(exchange).is_some();
            Nesting::of(is_within || extensions.get::<Layered>().is_some())
        };
        Self::placing(manager, place)
    }

    /// Makes a layer whose sessions are extracted as `Named<N, Session>`.
    pub fn named<N: 'static>(manager: SessionManager) -> Self {
        let place: Place = |extensions, exchange| {
            extensions.insert(Named::<N, _>::new(exchange));
            let is_within = extensions.insert(Layered).is_some();
            Nesting::of(is_within || extensions.get::<Exchange>().is_some())
        };
        Self::placing(manager, place)
    }

    fn placing(manager: SessionManager, place: Place) -> Self {
        let shared = Arc::new(Shared { manager, place, sign_in_page: None });
        Self { shared, error_response: Advice }
    }
}

impl<B> SessionLayer<B> {
    /// Makes this layer's 409, 503 and 500 responses in place of [`Advice`].
    pub fn with_error_response<C>(self, error_response: C) -> SessionLayer<C> {
        SessionLayer { shared: self.shared, error_response }
    }

    /// Sends visitors to `path` where a handler wants them [`SignedIn`] and they are not: a path of
    /// this application, as `/sign-in`.
    ///
    /// The page that they asked for goes along in the query, and [`ReturnTo`] reads it. Scripts get a
    /// 401 all the same; without this everybody does. Where routes are nested (`Router::nest`), the
    /// layer goes around the outermost router, since an inner one knows half the path. Behind a
    /// proxy that cuts a prefix off, `path` is the one that browsers see, and the way back lacks the
    /// prefix: the sign-in puts it before what `next.or(..)` gives.
    ///
    /// [`SignedIn`]: session_core::SignedIn
    /// [`ReturnTo`]: session_core::ReturnTo
    ///
    /// # Errors
    ///
    /// `Config` if `path` does not begin with one `/`, or holds what a URL does not hold.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core::{Config, MemoryStore, SessionManager};
    /// # use session_tower::SessionLayer;
    /// # use std::sync::Arc;
    /// # let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
    /// let layer = SessionLayer::new(manager).with_sign_in_page("/sign-in")?;
    /// # let _ = layer;
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn with_sign_in_page(mut self, path: &str) -> Result<Self> {
        Arc::make_mut(&mut self.shared).sign_in_page = Some(SignInPage::new(path)?);
        Ok(self)
    }
}

impl<S, B: Clone> Layer<S> for SessionLayer<B> {
    type Service = SessionService<S, B>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, layer: self.clone() }
    }
}

impl<B> fmt::Debug for SessionLayer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let manager = &self.shared.manager;
        f.debug_struct("SessionLayer").field("manager", manager).finish_non_exhaustive()
    }
}

/// The service that [`SessionLayer`] makes.
#[derive(Clone)]
pub struct SessionService<S, B = Advice> {
    inner: S,
    layer: SessionLayer<B>,
}

impl<S, B, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S, B>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    B: ErrorResponse<ResBody> + Clone,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let SessionLayer { shared, error_response } = &self.layer;
        let Shared { manager, place, sign_in_page } = &**shared;
        let exchange = match sign_in_page {
            None => manager.open(),
            Some(page) => manager.open_with(page, request.uri().path_and_query().cloned()),
        };
        let nesting = place(request.extensions_mut(), exchange.clone());
        ResponseFuture::new(self.inner.call(request), exchange, error_response.clone(), nesting)
    }
}

impl<S, B> fmt::Debug for SessionService<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("layer", &self.layer).finish_non_exhaustive()
    }
}
