//! Telling nested layers apart.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// The [`Session`](crate::Session) or the [`Exchange`](crate::Exchange) of the layer that is
/// called `N`, where several layers are nested.
///
/// `N` is any type of the application; it is never made. Dereferences to what it names.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{Named, Result, Session};
///
/// enum Admin {}
///
/// /// Reads the session of the layer `SessionLayer::named::<Admin>(..)`.
/// async fn audit(admin: Named<Admin, Session>) -> Result<String> {
///     Ok(admin.owner()?.unwrap_or_default())
/// }
/// ```
pub struct Named<N, T> {
    inner: T,
    name: PhantomData<fn() -> N>,
}

impl<N, T> Named<N, T> {
    /// Gives `inner` the name `N`.
    pub fn new(inner: T) -> Self {
        Self { inner, name: PhantomData }
    }

    /// What it names.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<N, T> Deref for Named<N, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<N, T: Clone> Clone for Named<N, T> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

impl<N, T: fmt::Debug> fmt::Debug for Named<N, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
