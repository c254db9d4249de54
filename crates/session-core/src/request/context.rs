//! What all requests of an application share.

use super::deadline::Deadline;
use super::telemetry::Telemetry;
use super::turns::Turns;
use crate::config::Config;
use crate::cookie::CookieWriter;
use crate::data::Limits;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdHash, SessionId, StoreKey};
use crate::signer::{BoundSigner, Signer};
use crate::store::{Capabilities, Record, Store};
use session_codec as codec;
use std::sync::Arc;
use tokio::time::Instant;

/// Times that others may write to a session that is to end, before it ends whatever it has become:
/// by key alone, where it cannot be told from a session that moved.
pub(crate) const END_TRIES: usize = 10;

/// A store, a configuration and a signer, and what follows from them.
pub(crate) struct Context {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) config: Config,
    pub(crate) signer: Option<BoundSigner>,
    pub(crate) cookies: CookieWriter,
    /// The length of every id, where nothing else tells ours from others.
    id_len: Option<usize>,
    pub(crate) limits: Limits,
    pub(crate) capabilities: Capabilities,
    pub(crate) turns: Turns,
    pub(crate) telemetry: Telemetry,
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
        let limits = Limits {
            format: config.format(),
            max_depth: config.max_depth(),
            max_payload: config.max_payload().min(capabilities.max_payload.unwrap_or(usize::MAX)),
        };
        let signer = signer.map(|signer| signer.bind(&config.cookie().name));
        let id_len = SessionId::len_for(config.id_length());
        let value_len = signer.as_ref().map_or(id_len, |signer| signer.signed_len(id_len));
        let is_told = signer.is_some() || config.id_hash() == IdHash::Sha256;
        Ok(Self {
            id_len: (!is_told).then_some(id_len),
            signer,
            cookies: CookieWriter::new(config.cookie()).for_values_of(value_len),
            limits,
            telemetry: Telemetry::new(capabilities.name),
            capabilities,
            turns: Turns::new(),
            store,
            config,
        })
    }

    /// The key of the record of `id`.
    pub(crate) fn key(&self, id: &SessionId) -> StoreKey {
        id.to_key(self.config.key_prefix(), self.config.id_hash())
    }

    /// Whether `key` could be the key of a session of ours.
    pub(crate) fn is_key(&self, key: &StoreKey) -> bool {
        let name = key.as_bytes().strip_prefix(self.config.key_prefix().as_bytes());
        name.is_some_and(|name| match self.config.id_hash() {
            IdHash::Plain => self.read_id(name).is_some(),
            IdHash::Sha256 => SessionId::is_digest(name),
        })
    }

    /// Reads an id of ours from a cookie, or from a key.
    ///
    /// Where nothing but its spelling tells an id, it must also have the configured length: under an
    /// empty prefix, `shop` and an id of the application whose prefix that is would be an id, too.
    /// Hashed ids cannot be composed like that, and signatures are of one application.
    pub(crate) fn read_id(&self, text: &[u8]) -> Option<SessionId> {
        let id = SessionId::parse(text, self.config.id_syntax())?;
        (self.id_len.is_none_or(|len| len == text.len()) || id.is_uuid()).then_some(id)
    }

    /// Loads the record of a session; a trace is none.
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
    match (config.use_signer(), signer) {
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
        let name_len = match config.id_hash() {
            IdHash::Plain => SessionId::len_for(config.id_length()),
            IdHash::Sha256 => 64,
        };
        let longest = config.key_prefix().len() + name_len;
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
