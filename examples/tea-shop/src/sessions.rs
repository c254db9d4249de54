//! The names of what the site keeps in sessions, and for how long.

use crate::cart::Cart;
use jiff::Timestamp;
use std::time::Duration;
use web_session::Key;

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
