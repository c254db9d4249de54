//! The session manager of the site, and the names of what it keeps in sessions.

use crate::cart::Cart;
use crate::settings::Settings;
use jiff::Timestamp;
use std::time::Duration;
use web_session::{Config, ConfigBuilder, Key, Result, SessionManager};

/// What the visitor is about to buy.
pub(crate) const CART: Key<Cart> = Key::new("cart");
/// What the visitor calls the device they signed in on.
pub(crate) const DEVICE: Key<String> = Key::new("device");
/// When they signed in.
pub(crate) const SIGNED_IN_AT: Key<Timestamp> = Key::new("signed_in_at");

/// How long a device that is remembered stays signed in without a visit.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a record outlives the last visit where the browser forgets the cookie by itself.
pub(crate) const NOT_REMEMBERED: Duration = Duration::from_secs(12 * 3600);

/// Makes the manager: a store by `SESSION_TYPE`, the hardened configuration, a signer.
///
/// # Errors
///
/// `Config` if the settings contradict each other, and those of the store's connecting.
pub async fn manager(settings: &Settings) -> Result<SessionManager> {
    let signer = settings.session.secrets()?.map(|secrets| secrets.signer()).transpose()?;
    let store = web_session::connect(&settings.session).await?;
    // Memcached, for one, has no index of owners; the account page says what it cannot do then.
    let has_owners = store.capabilities().owner_index;
    let config = hardened(settings.origins.is_https()).settings(&settings.session)?;
    SessionManager::new(store, config.owner_index(has_owners).build()?, signer)
}

/// Hashed ids, signatures and `SameSite=Lax` everywhere.
///
/// `Secure` and the prefix `__Host-` want HTTPS: Safari, for one, drops such cookies even from
/// `http://localhost`.
fn hardened(is_https: bool) -> ConfigBuilder {
    match is_https {
        true => Config::hardened(),
        false => Config::hardened().cookie_name("session").cookie_secure(false),
    }
}
