//! Whose session it is.

use super::State;
use crate::config::Config;
use crate::data::{Data, Entry, Intent};
use crate::error::{Error, ErrorKind, Result};
use session_codec as codec;
use std::borrow::Cow;

impl State {
    /// What follows a write of the owner key, under which there was `former`: where another owner had
    /// the session, it ends, and the next one begins with this.
    ///
    /// # Errors
    ///
    /// `Unsupported` if what was written is no owner; it is taken back then.
    #[cold]
    pub(super) fn hand_over(
        &mut self,
        former: Entry,
        intent: Intent,
        config: &Config,
    ) -> Result<()> {
        let key = config.owner_key();
        let Some(owner) = self.owner(config) else {
            self.data.restore(key, former);
            return Err(Error::new(
                ErrorKind::Unsupported,
                "sign in an owner that is no number and no text, or empty: to sign out, flush",
            ));
        };
        let former = former.values(&self.data).map(owner_text);
        if former.iter().flatten().all(|former| *former == owner) {
            return Ok(());
        }
        let value = self.data.peek(key).map_or(&[][..], |(value, _)| value).to_vec();
        self.end(config);
        self.seed(config)?;
        self.data.set(key, intent, |out, _| {
            out.extend_from_slice(&value);
            Ok(())
        })?;
        Ok(())
    }

    /// The owner's name for the store's index, from the value under the owner key.
    pub(crate) fn owner(&self, config: &Config) -> Option<Cow<'_, str>> {
        owner_text(self.data.peek(config.owner_key()))
    }

    /// The owner for whom the loaded record was written.
    pub(crate) fn base_owner(&self, config: &Config) -> Option<Cow<'_, str>> {
        owner_text(self.data.peek_base(config.owner_key()))
    }

    /// The owner to index the record under, if the store keeps an index.
    pub(crate) fn indexed_owner(&self, config: &Config) -> Option<Cow<'_, str>> {
        config.owner_index().then(|| self.owner(config)).flatten()
    }

    /// The owner that the loaded record is indexed under.
    pub(crate) fn indexed_base_owner(&self, config: &Config) -> Option<Cow<'_, str>> {
        config.owner_index().then(|| self.base_owner(config)).flatten()
    }

    /// Stops a request whose session has become another owner's: a Flask app signs owners in
    /// without a new id.
    ///
    /// # Errors
    ///
    /// `Gone`.
    pub(crate) fn check_handover(&self, newer: &Data, config: &Config) -> Result<()> {
        let owner = self.base_owner(config).or_else(|| self.owner(config));
        let newer = owner_text(newer.peek_base(config.owner_key()));
        if owner.is_some() && newer.is_some() && owner != newer {
            return Err(Error::new(
                ErrorKind::Gone,
                "change a session that became another owner's while this request ran",
            ));
        }
        Ok(())
    }
}

fn owner_text(value: Option<(&[u8], codec::Format)>) -> Option<Cow<'_, str>> {
    let (value, format) = value?;
    codec::as_text(value, format).filter(|text| !text.is_empty())
}
