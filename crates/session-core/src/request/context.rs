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
use crate::store::{Capabilities, Store};
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
        Ok(Self {
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
        let config = &self.config;
        SessionId::is_key(key, config.key_prefix(), config.id_syntax(), config.id_hash())
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
