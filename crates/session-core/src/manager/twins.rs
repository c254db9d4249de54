//! Managers of one store that would take each other's sessions for their own.

use crate::config::Rollout;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionId;
use crate::request::carrier::{Named, name_of};
use crate::request::context::Context;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What this process has built.
static BUILT: Mutex<Vec<Weak<Context>>> = Mutex::new(Vec::new());

/// Refuses a second manager if one's ids open sessions of the other: a visitor would copy the
/// value of the one cookie into the other and be in the admin area, say.
///
/// # Errors
///
/// `Config`, if another manager that lives has the same store object and key prefix and another
/// cookie, or header field, and signatures do not keep the two apart.
pub(super) fn refuse_twins(context: &Arc<Context>) -> Result<()> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.retain(|other| other.strong_count() > 0);
    for other in built.iter().filter_map(Weak::upgrade) {
        if are_neighbours(&other, context) && (opens(&other, context)? || opens(context, &other)?) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "sessions of {} and {} could be opened by the other one: give each \
                     its own SESSION_KEY_PREFIX, or sign both with SESSION_USE_SIGNER=true, in \
                     Flask's form with a SESSION_SIGNATURE_SALT each",
                    Named(&other.config),
                    Named(&context.config)
                ),
            ));
        }
    }
    built.push(Arc::downgrade(context));
    Ok(())
}

fn are_neighbours(one: &Context, other: &Context) -> bool {
    let is_store_shared = std::ptr::addr_eq(Arc::as_ptr(&one.store), Arc::as_ptr(&other.store));
    is_store_shared
        && one.config.key_prefix() == other.config.key_prefix()
        && is_any_key_shared(one.config.hash_ids(), other.config.hash_ids())
        && (one.config.transport(), name_of(&one.config))
            != (other.config.transport(), name_of(&other.config))
}

fn is_any_key_shared(one: Rollout, other: Rollout) -> bool {
    one.reads_old() && other.reads_old() || one.reads_new() && other.reads_new()
}

/// Whether whoever holds a cookie of `one` can make one of `other` from it: a signature can be cut
/// off, and not be added.
fn opens(one: &Context, other: &Context) -> Result<bool> {
    if other.config.use_signer().reads_old() {
        return Ok(true);
    }
    let Some(signer) = one.signing() else { return Ok(false) };
    let mut value = String::new();
    signer.sign(&SessionId::generate(one.config.id_length())?, &mut value);
    let former = other.carrier.former().into_iter().filter_map(|former| former.signer.as_ref());
    let mut verifiers = other.signer.iter().chain(former);
    let syntax = other.config.id_syntax();
    Ok(verifiers.any(|verifier| verifier.verify(value.as_bytes(), syntax).is_some()))
}

#[cfg(all(test, feature = "flask"))]
mod tests {
    use crate::config::Config;
    use crate::manager::SessionManager;
    use crate::signer::Signer;
    use crate::store::{MemoryStore, Store};
    use std::sync::Arc;

    #[test]
    fn signature_of_flask_is_bound_to_its_salt_alone() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let build = |name: &str, salt: &str| {
            let config = Config::builder().cookie_name(name).use_signer(true).build().unwrap();
            let signer = Signer::shared_with_flask("a key of the app's own", salt).unwrap();
            SessionManager::new(store.clone(), config, signer)
        };
        let _shop = build("session", "flask-session").unwrap();
        build("admin", "admin").unwrap();
        build("admin", "flask-session").unwrap_err();
    }
}
