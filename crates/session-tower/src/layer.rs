//! The layer: an exchange goes in with the request, its commit comes out with the response.

use crate::future::ResponseFuture;
use crate::response::{EmptyResponse, ErrorResponse};
use http::{Request, Response};
use session_core::{Exchange, SessionManager};
use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// The name of an application's only, or innermost, session layer.
#[derive(Debug, Clone, Copy)]
pub enum Main {}

/// Gives the services below it a session.
///
/// The layer itself does no I/O: the session is loaded when a handler extracts it, and stored when
/// the handler has answered. The response head is withheld until then; a streamed body is not
/// touched. A response with a 5xx status, a panic or a client that goes away stores nothing.
///
/// `N` names the layer when several are nested: each needs its own name and its own cookie name.
/// `B` makes its error responses.
///
/// # Examples
///
/// ```
/// use session_core::{Config, MemoryStore, SessionManager};
/// use session_tower::SessionLayer;
/// use std::sync::Arc;
///
/// let manager = SessionManager::new(Arc::new(MemoryStore::new()), Config::default(), None)?;
/// let layer = SessionLayer::new(manager);
/// # let _ = layer;
/// # Ok::<(), session_core::Error>(())
/// ```
pub struct SessionLayer<N = Main, B = EmptyResponse> {
    manager: SessionManager,
    error_response: B,
    name: PhantomData<fn() -> N>,
}

impl SessionLayer {
    /// Makes the application's session layer.
    pub fn new(manager: SessionManager) -> Self {
        Self::named(manager)
    }
}

impl<N> SessionLayer<N> {
    /// Makes a layer whose sessions are extracted as `Session<N>`.
    pub fn named(manager: SessionManager) -> Self {
        Self { manager, error_response: EmptyResponse, name: PhantomData }
    }
}

impl<N, B> SessionLayer<N, B> {
    /// Makes this layer's 409, 503 and 500 responses, which are empty otherwise.
    pub fn with_error_response<C>(self, error_response: C) -> SessionLayer<N, C> {
        SessionLayer { manager: self.manager, error_response, name: PhantomData }
    }
}

impl<S, N, B: Clone> Layer<S> for SessionLayer<N, B> {
    type Service = SessionService<S, N, B>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService {
            inner,
            manager: self.manager.clone(),
            error_response: self.error_response.clone(),
            name: PhantomData,
        }
    }
}

impl<N, B: Clone> Clone for SessionLayer<N, B> {
    fn clone(&self) -> Self {
        Self {
            manager: self.manager.clone(),
            error_response: self.error_response.clone(),
            name: PhantomData,
        }
    }
}

impl<N, B> fmt::Debug for SessionLayer<N, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("manager", &self.manager).finish_non_exhaustive()
    }
}

/// The service that [`SessionLayer`] makes.
pub struct SessionService<S, N = Main, B = EmptyResponse> {
    inner: S,
    manager: SessionManager,
    error_response: B,
    name: PhantomData<fn() -> N>,
}

/// The exchange of the layer named `N` in a request's extensions.
pub(crate) struct Slot<N> {
    pub(crate) exchange: Exchange,
    name: PhantomData<fn() -> N>,
}

impl<N> Clone for Slot<N> {
    fn clone(&self) -> Self {
        Self { exchange: self.exchange.clone(), name: PhantomData }
    }
}

impl<S, N, B, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S, N, B>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    B: ErrorResponse<ResBody> + Clone,
    N: 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let exchange = self.manager.open();
        let slot = Slot::<N> { exchange: exchange.clone(), name: PhantomData };
        request.extensions_mut().insert(slot);
        ResponseFuture::new(self.inner.call(request), exchange, self.error_response.clone())
    }
}

impl<S: Clone, N, B: Clone> Clone for SessionService<S, N, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            manager: self.manager.clone(),
            error_response: self.error_response.clone(),
            name: PhantomData,
        }
    }
}

impl<S, N, B> fmt::Debug for SessionService<S, N, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("manager", &self.manager).finish_non_exhaustive()
    }
}
