//! What all requests of an application share.

use super::carrier::{self, Carrier};
use super::deadline::Deadline;
use super::telemetry::Telemetry;
use super::turns::Turns;
use crate::config::Config;
use crate::data::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdHash, SessionHandle, SessionId, StoreKey};
use crate::observer::Queue;
use crate::signer::{BoundSigner, Signer};
use crate::store::{Capabilities, Record, Store};
use session_codec as codec;
use smallvec::SmallVec;
use std::sync::{Arc, OnceLock};
use tokio::time::Instant;

/// Times that others may write to a session that is to end, before it ends whatever it has become:
/// by key alone, where it cannot be told from a session that moved.
pub(crate) const END_TRIES: usize = 10;

/// A store, a configuration and a signer, and what follows from them.
pub(crate) struct Context {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) config: Config,
    pub(crate) signer: Option<BoundSigner>,
    pub(crate) carrier: Carrier,
    /// The length of every id, where nothing else tells ours from others.
    id_len: Option<usize>,
    /// Whether any setting changes, so that sessions are opened in two forms.
    pub(crate) is_changing: bool,
    pub(crate) turns: Turns,
    pub(crate) telemetry: Telemetry,
    observer: OnceLock<Queue>,
}

impl Context {
    /// Joins the three.
    ///
    /// # Errors
    ///
    /// `Config` if they contradict each other.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        config: Config,
        signer: Option<Signer>,
    ) -> Result<Self> {
        let capabilities = store.capabilities();
        check(&config, signer.as_ref(), &capabilities)?;
        let bound = signer.as_ref().map(|signer| signer.bind(&carrier::name_of(&config)));
        let id_len = SessionId::len_for(config.id_length());
        let signs = |_: &&BoundSigner| config.use_signer().writes_new();
        let value_len =
            bound.as_ref().filter(signs).map_or(id_len, |signer| signer.signed_len(id_len));
        let carrier = Carrier::new(&config, signer.as_ref(), value_len);
        let is_bare = config.use_signer().reads_old() && config.hash_ids().reads_old();
        Ok(Self {
            id_len: is_bare.then_some(id_len),
            is_changing: carrier.former().is_some()
                || config.use_signer().reads_both()
                || config.hash_ids().reads_both(),
            carrier,
            signer: bound,
            telemetry: Telemetry::new(capabilities.name),
            observer: OnceLock::new(),
            turns: Turns::new(),
            store,
            config,
        })
    }

    /// What a session may hold. The store is asked each time: it may have been opened meanwhile, and
    /// hold more or less than it was thought to.
    pub(crate) fn limits(&self) -> Limits {
        let stored = self.store.capabilities().max_payload.unwrap_or(usize::MAX);
        Limits {
            format: self.config.format(),
            max_depth: self.config.max_depth(),
            max_payload: self.config.max_payload().min(stored),
        }
    }

    /// Whoever is told of what happens, if there is one.
    #[inline]
    pub(crate) fn observer(&self) -> Option<&Queue> {
        self.observer.get()
    }

    /// Tells whoever is behind `queue` from now on; returns it if somebody is told already.
    pub(crate) fn set_observer(&self, queue: Queue) -> std::result::Result<(), Queue> {
        self.observer.set(queue)
    }

    /// The signer, if what it signs is written.
    pub(crate) fn signing(&self) -> Option<&BoundSigner> {
        self.signer.as_ref().filter(|_| self.config.use_signer().writes_new())
    }

    /// The key of a new record of `id`.
    pub(crate) fn key(&self, id: &SessionId) -> StoreKey {
        id.to_key(self.config.key_prefix(), self.config.id_hash())
    }

    /// Every key under which a record of `id` may be, the older form first.
    pub(crate) fn keys(&self, id: &SessionId) -> SmallVec<[StoreKey; 1]> {
        let hash_ids = self.config.hash_ids();
        let forms = [(hash_ids.reads_old(), IdHash::Plain), (hash_ids.reads_new(), IdHash::Sha256)];
        let read = forms.into_iter().filter(|(is_read, _)| *is_read);
        read.map(|(_, form)| id.to_key(self.config.key_prefix(), form)).collect()
    }

    /// The id of the session under `key`, if records move from their ids to the hashes of these, and
    /// this one has not.
    pub(crate) fn unmoved(&self, key: &StoreKey) -> Option<SessionId> {
        let is_between = self.config.hash_ids().reads_both();
        is_between.then(|| self.read_id(self.name(key)?)).flatten()
    }

    /// The public name of a session: from its hash as soon as that is read, so that the move there
    /// leaves it as it is.
    pub(crate) fn handle(&self, id: &SessionId) -> SessionHandle {
        let hash_ids = self.config.hash_ids();
        let form = if hash_ids.reads_new() { IdHash::Sha256 } else { IdHash::Plain };
        SessionHandle::of(&id.to_key(self.config.key_prefix(), form))
    }

    /// The public name of the session under `key`.
    pub(crate) fn handle_of(&self, key: &StoreKey) -> SessionHandle {
        self.unmoved(key).map_or_else(|| SessionHandle::of(key), |id| self.handle(&id))
    }

    /// Whether `key` could be the key of a session of ours.
    pub(crate) fn is_key(&self, key: &StoreKey) -> bool {
        let hash_ids = self.config.hash_ids();
        self.name(key).is_some_and(|name| {
            hash_ids.reads_old() && self.read_id(name).is_some()
                || hash_ids.reads_new() && SessionId::is_digest(name)
        })
    }

    /// What follows the prefix.
    fn name<'k>(&self, key: &'k StoreKey) -> Option<&'k [u8]> {
        key.as_bytes().strip_prefix(self.config.key_prefix().as_bytes())
    }

    /// Reads an id of ours from a request, or from a key.
    ///
    /// Where nothing but its spelling tells an id, it must also have the configured length: under an
    /// empty prefix, `shop` and an id of the application whose prefix that is would be an id, too.
    /// Hashed ids cannot be composed like that, and signatures are of one application.
    pub(crate) fn read_id(&self, text: &[u8]) -> Option<SessionId> {
        let id = SessionId::parse(text, self.config.id_syntax())?;
        (self.id_len.is_none_or(|len| len == text.len()) || id.is_uuid()).then_some(id)
    }

    /// Loads the record under a key; a trace is none.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(crate) async fn live(&self, key: &StoreKey, deadline: Deadline) -> Result<Option<Record>> {
        let record = deadline.read(self.store.load(key)).await?;
        Ok(record.filter(|record| !codec::is_trace(&record.payload)))
    }

    /// The deadline of work that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(Instant::now(), self.config.timeout())
    }
}

fn check(config: &Config, signer: Option<&Signer>, capabilities: &Capabilities) -> Result<()> {
    let fail = |message: String| Err(Error::new(ErrorKind::Config, message));
    match (config.use_signer().reads_new(), signer) {
        (true, None) => {
            return fail("SESSION_USE_SIGNER is on: give a signer, made of SECRET_KEY".to_owned());
        }
        (false, Some(_)) => {
            return fail(
                "a signer is given: turn SESSION_USE_SIGNER on, or leave it out".to_owned(),
            );
        }
        _ => {}
    }
    let name = capabilities.name;
    if config.owner_index() && !capabilities.owner_index {
        return fail(format!(
            "the {name} store has no owner index: turn SESSION_OWNER_INDEX off, or open a redis, \
             filesystem, mongodb, sqlalchemy, dynamodb or memory store with one"
        ));
    }
    if let Some(limit) = capabilities.max_key {
        let plain =
            SessionId::len_for(config.id_length()) * usize::from(config.hash_ids().reads_old());
        let hashed = SessionId::DIGEST_LEN * usize::from(config.hash_ids().reads_new());
        let longest = config.key_prefix().len() + plain.max(hashed);
        if longest > limit {
            return fail(format!(
                "keys of {longest} bytes do not fit the {name} store's {limit}: shorten \
                 SESSION_KEY_PREFIX or SESSION_ID_LENGTH"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Context;
    use crate::config::Config;
    use crate::id::{IdHash, StoreKey};
    use crate::store::MemoryStore;
    use std::sync::Arc;

    const FLASK: &str = "KbGRSDJLrd_lLDHhTiWkh6tPnzdzrGhIRKTQd0sFyck";
    const UUID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

    #[test]
    fn keys_under_another_prefix_or_in_another_form_are_not_ours() {
        let is_key = |prefix: &str, name: &str, hash| {
            let config = Config::builder().key_prefix("shop:").hash_ids(hash == IdHash::Sha256);
            let context =
                Context::new(Arc::new(MemoryStore::new()), config.build().unwrap(), None).unwrap();
            context.is_key(&StoreKey::new(prefix, name))
        };
        let digest = "0".repeat(64);
        let longer = format!("eu__{FLASK}");
        for (prefix, name, plain, hashed) in [
            ("shop:", FLASK, true, false),
            ("shop:", digest.as_str(), false, true),
            ("shop:", longer.as_str(), false, false),
            ("session:", FLASK, false, false),
            ("session:", digest.as_str(), false, false),
            ("", FLASK, false, false),
            ("shop:eu:", FLASK, false, false),
            ("shop:", UUID, false, false),
            ("shop:", "", false, false),
        ] {
            assert_eq!(is_key(prefix, name, IdHash::Plain), plain, "{prefix}{name}");
            assert_eq!(is_key(prefix, name, IdHash::Sha256), hashed, "{prefix}{name}");
        }
    }
}
