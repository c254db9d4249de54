//! The changes of one record, each as the blocking steps it takes.

use super::dir::Dir;
use super::draft::Draft;
use super::file::{Access, Contents, RecordFile, remove};
use super::header::{Form, PROBE, expiry_for};
use super::intent::Intent;
use super::names::{FileName, Names};
use super::owners::Entry;
use super::tail::tail;
use super::unless;
use crate::error::Fault;
use session_core::store::unix_time;
use session_core::{Bytes, Outcome, Record, StoreKey};
use std::io::ErrorKind::AlreadyExists;
use std::time::Duration;

const WRITTEN: Outcome = Outcome::Written { cas: 0 };

/// A change of the record of one key, whose locks are held.
pub(crate) struct Change<'a> {
    pub(crate) dir: &'a Dir,
    pub(crate) key: &'a StoreKey,
    pub(crate) names: &'a Names,
    /// Its place in the index of its owner, if there are both.
    pub(crate) entry: Option<&'a Entry>,
    pub(crate) intent: &'a Intent,
}

impl Change<'_> {
    /// Writes a record under a key that has no live one.
    pub(crate) fn create(&self, payload: &Bytes, ttl: Duration) -> Result<Outcome, Fault> {
        if self.find(Access::Read)?.is_some() {
            return Ok(Outcome::Refused);
        }
        let path = self.dir.file(&self.names.first);
        let draft = self.draft(payload, ttl)?;
        self.dir.with_entry(self.entry, || {
            self.intent.stand()?;
            if unless(AlreadyExists, draft.link(&path))?.is_none() {
                // An expired record, or one that a writer without our locks has just put there.
                if self.find(Access::Read)?.is_some() {
                    return Ok(Outcome::Refused);
                }
                self.dir.replace(&draft, &path)?;
            }
            self.flush_names()?;
            Ok(WRITTEN)
        })
    }

    /// Replaces a record that is still `loaded`.
    pub(crate) fn update(
        &self,
        payload: &Bytes,
        ttl: Duration,
        loaded: &Record,
    ) -> Result<Outcome, Fault> {
        match self.find(Access::Read)? {
            Some((name, contents)) if contents.is(loaded) => {
                self.dir.with_entry(self.entry, || self.replace(name, payload, ttl))
            }
            _ => Ok(Outcome::Refused),
        }
    }

    /// Renews a record that is still `loaded`.
    pub(crate) fn touch(&self, ttl: Duration, loaded: &Record) -> Result<Outcome, Fault> {
        let Some((name, contents)) = self.find(Access::Renew)? else { return Ok(Outcome::Refused) };
        if !contents.is(loaded) {
            return Ok(Outcome::Refused);
        }
        self.dir.with_entry(self.entry, || match contents.header.form {
            Form::Plain => {
                let expiry = expiry(ttl, contents.body());
                self.intent.stand()?;
                contents.renew(expiry)?;
                self.dir.flush_data(&contents.file).map_err(Fault::Unflushed)?;
                Ok(WRITTEN)
            }
            // A pickled expiry has no room for a longer one.
            Form::Pickled => self.replace(name, &contents.payload(), ttl),
        })
    }

    /// Removes a record, only if it is still `expected` where that is given.
    pub(crate) fn delete(&self, expected: Option<&Record>) -> Result<bool, Fault> {
        let found = self.find(Access::Read)?;
        if let (Some((_, contents)), Some(expected)) = (&found, expected)
            && !contents.is(expected)
        {
            return Ok(false);
        }
        let is_removed = match found {
            Some((name, _)) => self.remove(name)?,
            None => false,
        };
        if let Some(entry) = self.entry {
            self.dir.leave(entry);
        }
        Ok(is_removed)
    }

    /// Returns the live record, the one under the first name if there are two.
    fn find(&self, access: Access) -> Result<Option<(&FileName, Contents)>, Fault> {
        for name in self.names.both() {
            let file = RecordFile::open(&self.dir.file(name), access)?;
            if let Some(contents) =
                file.map(|file| file.read(self.key.as_bytes())).transpose()?.flatten()
            {
                return Ok(Some((name, contents)));
            }
        }
        Ok(None)
    }

    /// Header, payload and tail, without a name yet.
    fn draft(&self, payload: &[u8], ttl: Duration) -> Result<Draft, Fault> {
        let tail = tail(self.key.as_bytes());
        let start: Vec<u8> = payload.iter().chain(&tail).take(PROBE).copied().collect();
        Ok(self.dir.draft(&[&expiry(ttl, &start), payload, &tail])?)
    }

    fn replace(&self, name: &FileName, payload: &Bytes, ttl: Duration) -> Result<Outcome, Fault> {
        let draft = self.draft(payload, ttl)?;
        self.intent.stand()?;
        self.dir.replace(&draft, &self.dir.file(name))?;
        self.flush_names()?;
        Ok(WRITTEN)
    }

    fn remove(&self, found: &FileName) -> Result<bool, Fault> {
        self.intent.stand()?;
        // What lies under the other name goes first, or it would be what the key holds next.
        for name in self.names.both().into_iter().filter(|name| *name != found) {
            remove(&self.dir.file(name))?;
        }
        let is_removed = remove(&self.dir.file(found))?;
        // Before the entry goes: after a power cut the record may be back, and must be listed.
        self.flush_names()?;
        Ok(is_removed)
    }

    fn flush_names(&self) -> Result<(), Fault> {
        self.dir.flush(&self.dir.path).map_err(Fault::Unflushed)
    }
}

fn expiry(ttl: Duration, body: &[u8]) -> [u8; 4] {
    expiry_for(unix_time(), ttl, body).to_le_bytes()
}
