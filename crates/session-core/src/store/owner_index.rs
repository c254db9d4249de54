//! Whether a store keeps an index of owners, and what it answers without one.

use super::Call;
use crate::config::Settings;
use crate::error::{Error, ErrorKind, Result};

/// Reads `SESSION_OWNER_INDEX`; off if it is not set.
///
/// # Errors
///
/// `Config` if it is no flag.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::config::Settings;
/// use web_session::store;
///
/// let settings: Settings = [("SESSION_OWNER_INDEX", "true")].into_iter().collect();
/// assert!(store::owner_index(&settings)?);
/// assert!(!store::owner_index(&Settings::default())?);
/// # Ok::<(), session_core::Error>(())
/// ```
pub fn owner_index(settings: &Settings) -> Result<bool> {
    Ok(settings.flag("SESSION_OWNER_INDEX")?.unwrap_or_default())
}

/// The answer of [`Store::list_by_owner`](super::Store::list_by_owner) in a store without an owner
/// index; `way_out` says how to get one.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{ErrorKind, store};
///
/// let error = store::no_owner_index("redis", "set SESSION_OWNER_INDEX=true");
/// assert_eq!(error.kind(), ErrorKind::Unsupported);
/// ```
pub fn no_owner_index(store: &str, way_out: &str) -> Error {
    let what = format!("it keeps no owner index; {way_out}");
    Call::List.error(store, ErrorKind::Unsupported, &what)
}
