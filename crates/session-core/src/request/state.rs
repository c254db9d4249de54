//! What a request knows of its session and what it asked for; no I/O.

mod lifetime;
mod owner;

use crate::config::{Config, Rollout, Undecodable};
use crate::data::{Data, FlashLog, Intent, ModifyLog};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{PERMANENT, is_reserved};
use crate::request::home::{Ended, Home, Presented};
use crate::request::plan::{Facts, Fate, Origin};
use serde::Serialize;
use std::borrow::Cow;
use tokio::time::Instant;

/// One session during one request.
pub(crate) struct State {
    pub home: Home,
    pub data: Data,
    pub flashes: FlashLog,
    pub modified: ModifyLog,
    pub fate: Fate,
    /// The record that [`end`](Self::end) gave up.
    pub ended: Option<Box<Ended>>,
    pub presented: Presented,
    /// When the store was asked for the record; its ttl counts from here.
    pub loaded_at: Instant,
    /// An `update` already wrote a full lease; the browser's copy of the cookie must follow.
    pub is_renewed: bool,
    /// An `update` created the record, so its id must reach the browser whatever comes.
    pub is_created: bool,
    /// The handler asked for a full lease, due or not.
    pub is_renewal_asked: bool,
    /// The handler gave up what it recorded.
    pub is_abandoned: bool,
    /// The browser holds a cookie of the former name.
    pub is_former_sent: bool,
    /// There is no response that could carry a new id.
    pub is_detached: bool,
}

impl State {
    #[inline]
    pub(crate) fn new(home: Home, data: Data, presented: Presented, loaded_at: Instant) -> Self {
        Self {
            home,
            data,
            flashes: FlashLog::default(),
            modified: ModifyLog::default(),
            fate: Fate::Keep,
            ended: None,
            presented,
            loaded_at,
            is_renewed: false,
            is_created: false,
            is_renewal_asked: false,
            is_abandoned: false,
            is_former_sent: false,
            is_detached: false,
        }
    }

    /// What the request's plan depends on; what cannot decide here is left `false`.
    pub(crate) fn facts(&self, config: &Config) -> Facts {
        let origin = self.home.origin();
        let is_stored = origin == Origin::Stored;
        let is_modified = self.data.is_modified();
        let is_renewal_due =
            is_stored && !is_modified && !self.is_renewed && self.term(config, false).is_due;
        Facts {
            origin,
            fate: self.fate,
            is_modified,
            has_content: !self.is_new() || self.has_content(),
            is_owner_changed: is_modified
                && (is_stored || origin == Origin::Moved)
                && self.data.is_changed(config.owner_key()),
            is_renewal_due,
            is_rekey_due: config.hash_ids() == Rollout::Migrate
                && (is_modified || is_renewal_due || self.is_renewed)
                && self.home.stored().is_some_and(|stored| stored.form() != config.id_hash()),
        }
    }

    /// Whether the record is no session, the setting says that this is an error, and the request has
    /// not ended it.
    pub(crate) fn is_refused(&self, config: &Config) -> bool {
        matches!(self.home, Home::Undecodable(_))
            && config.undecodable() == Undecodable::Error
            && self.fate != Fate::End
    }

    /// Whether what is written now goes to a record that does not exist yet.
    pub(crate) fn is_new(&self) -> bool {
        self.fate == Fate::End || !matches!(self.home, Home::Stored(_))
    }

    /// Ends the session; what is written from here on belongs to another.
    pub(crate) fn end(&mut self, config: &Config) {
        if self.fate != Fate::End {
            self.ended = Some(Box::new(self.to_end(config)));
        }
        self.fate = Fate::End;
        self.data = Data::empty(self.data.limits());
        self.flashes = FlashLog::default();
        self.modified = ModifyLog::default();
    }

    /// What there is to know of the loaded record to end it.
    pub(crate) fn to_end(&self, config: &Config) -> Ended {
        let owner = self.indexed_base_owner(config).map(Cow::into_owned);
        Ended { owner, base: self.data.base().clone(), left: self.remaining() }
    }

    /// Whether a record ends, or what would be stored differs from it.
    pub(crate) fn is_modified(&self) -> bool {
        let is_ended =
            self.fate == Fate::End && !matches!(self.home.origin(), Origin::Fresh | Origin::Moved);
        !self.is_abandoned && (is_ended || self.data.is_modified())
    }

    /// Whether the request looked at a value, changed one, or ended the session.
    pub(crate) fn is_accessed(&self) -> bool {
        self.fate == Fate::End || self.data.is_accessed()
    }

    pub(crate) fn has_content(&self) -> bool {
        self.data.key_bytes().any(|key| !is_reserved(key))
    }

    /// Sets an entry; the first one of a new session is preceded by its permanence, as in Flask.
    pub(crate) fn set<V: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        intent: Intent,
        config: &Config,
    ) -> Result<()> {
        self.seed(config)?;
        let former = (key == config.owner_key()).then(|| self.data.entry_of(key));
        self.data.put(key, value, intent)?;
        former.map_or(Ok(()), |former| self.hand_over(former, intent, config))
    }

    /// Gives a session without a record the reserved entries of a new one.
    pub(crate) fn seed(&mut self, config: &Config) -> Result<()> {
        if self.is_new() && self.data.is_untouched() && config.permanent() {
            self.set_reserved(PERMANENT, &true)?;
        }
        Ok(())
    }

    pub(crate) fn set_reserved<V: Serialize>(&mut self, key: &str, value: &V) -> Result<()> {
        self.data.put(key, value, Intent::Blind).map(drop)
    }

    /// Replays this request on a newer record of the same session.
    ///
    /// # Errors
    ///
    /// `Gone` if it is another owner's, `Encode` for what an `update` stored.
    pub(crate) fn rebase(
        &mut self,
        newer: Data,
        loaded_at: Instant,
        config: &Config,
    ) -> Result<()> {
        self.check_handover(&newer, config)?;
        let mut data = self.data.rebase_on(newer, is_reserved)?;
        self.flashes.replay(&mut data)?;
        self.modified.replay(&mut data)?;
        self.data = data;
        self.loaded_at = loaded_at;
        Ok(())
    }

    /// The error of a request that read a key, wrote it, and finds it changed by another.
    pub(crate) fn conflict(&self) -> Option<Error> {
        self.data.conflict()?;
        tracing::info!(
            "session conflict: another request changed a key that this one read and set; use \
             `modify` or `update` in place of get and insert, `overwrite`, or \
             SESSION_ON_CONFLICT=overwrite"
        );
        Some(Error::new(
            ErrorKind::Conflict,
            "write a value that another request changed since it was read",
        ))
    }
}

#[cfg(test)]
mod tests;
