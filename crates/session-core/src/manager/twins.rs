//! Managers of one store that would take each other's sessions for their own.

use crate::error::{Error, ErrorKind, Result};
use crate::request::context::Context;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What this process has built without a signer, which would tie each cookie to its name.
static UNSIGNED: Mutex<Vec<Weak<Context>>> = Mutex::new(Vec::new());

/// Refuses a second manager whose cookie opens the sessions of the first one's: a visitor would copy
/// the value of the one cookie into the other and be in the admin area, say.
///
/// # Errors
///
/// `Config`, if another manager that lives has the same store object and key prefix and another
/// cookie name, and neither has a signer.
pub(super) fn refuse_twins(context: &Arc<Context>) -> Result<()> {
    if context.signer.is_some() {
        return Ok(());
    }
    let mut unsigned = UNSIGNED.lock().unwrap_or_else(PoisonError::into_inner);
    unsigned.retain(|other| other.strong_count() > 0);
    if let Some(twin) = unsigned.iter().filter_map(Weak::upgrade).find(|o| are_twins(o, context)) {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "the cookies {} and {} would open each other's sessions: give each its own \
                 SESSION_KEY_PREFIX, or sign them with SESSION_USE_SIGNER=true",
                twin.config.cookie().name,
                context.config.cookie().name
            ),
        ));
    }
    unsigned.push(Arc::downgrade(context));
    Ok(())
}

fn are_twins(one: &Context, other: &Context) -> bool {
    let is_store_shared = std::ptr::addr_eq(Arc::as_ptr(&one.store), Arc::as_ptr(&other.store));
    is_store_shared
        && one.config.key_prefix() == other.config.key_prefix()
        && one.config.id_hash() == other.config.id_hash()
        && one.config.cookie().name != other.config.cookie().name
}
