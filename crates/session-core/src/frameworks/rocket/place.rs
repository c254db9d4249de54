//! Where guards and the fairing find what belongs to a request: in its local cache, by type.

use super::super::named::Named;
use crate::error::{Error, ErrorKind};
use crate::request::exchange::Exchange;
use rocket::{Build, Phase, Request, Rocket, fairing};
use std::sync::OnceLock;

/// Keeps the exchange of a request for the guards, under the name of its fairing, which is `()` where
/// that has none.
pub fn place<N: 'static>(request: &Request<'_>, exchange: Exchange) {
    // One that is there already is that of this request, before it was forwarded.
    let _ = slot::<N>(request).set(exchange);
}

/// What the fairing `N` has placed; `None` if it is not attached.
pub fn exchange<'a, N: 'static>(request: &'a Request<'_>) -> Option<&'a Exchange> {
    slot::<N>(request).get()
}

/// Empty where a guard of another fairing asks before the session's fairing has its turn.
fn slot<'a, N: 'static>(request: &'a Request<'_>) -> &'a OnceLock<Exchange> {
    request.local_cache(|| Named::<N, _>::new(OnceLock::new()))
}

/// In the state of an application: its fairing of a name is attached.
struct Attached;

/// Notes that the fairing `N` is attached, which the sentinels of `Session` and `SignedIn` look for.
///
/// # Errors
///
/// The application, which is not launched then, if there is one of this name already.
#[expect(clippy::result_large_err, reason = "the type is Rocket's")]
pub fn attach<N: 'static>(rocket: Rocket<Build>) -> fairing::Result {
    if is_missing::<N, _>(&rocket) {
        return Ok(rocket.manage(Named::<N, _>::new(Attached)));
    }
    let error = Error::new(
        ErrorKind::Config,
        "attach a session fairing: there is one of the same name already; make all but one by \
         `SessionFairing::named`, each with its own cookie name",
    );
    tracing::error!(error = %error.logged(), "application is not launched");
    Err(rocket)
}

/// Says so if an application has no fairing `N`.
pub(super) fn must_abort<N: 'static, P: Phase>(rocket: &Rocket<P>) -> bool {
    let is_missing = is_missing::<N, _>(rocket);
    if is_missing {
        tracing::error!(error = %no_fairing().logged(), "application is not launched");
    }
    is_missing
}

fn is_missing<N: 'static, P: Phase>(rocket: &Rocket<P>) -> bool {
    rocket.state::<Named<N, Attached>>().is_none()
}

pub(super) fn no_fairing() -> Error {
    Error::new(
        ErrorKind::Config,
        "find the session of a request: no session fairing is attached; add \
         `.attach(SessionFairing::new(manager))` to the application, or `SessionFairing::named` for \
         a session that is `Named`",
    )
}
