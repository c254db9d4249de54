//! From a loaded record to its entries.

use super::slot::{Cell, Slot};
use super::{Data, Limits};
use crate::error::Result;
use crate::store::Record;
use bytes::Bytes;
use session_codec::{self as codec, Key, Opened, Span};

impl Data {
    /// Indexes a loaded record.
    ///
    /// # Errors
    ///
    /// `Decode` if the payload is no session in any known format.
    pub(crate) fn parse(base: Record, limits: Limits) -> Result<Self> {
        let mut data = Self::empty(limits);
        data.fill(base)?;
        Ok(data)
    }

    /// Indexes a loaded record in place: data is too large to be moved for nothing.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse); the data is then without a record.
    pub(crate) fn fill(&mut self, base: Record) -> Result<()> {
        let filled = self.index(base);
        if filled.is_err() {
            *self = Self::empty(self.limits);
        }
        filled
    }

    fn index(&mut self, base: Record) -> Result<()> {
        self.base_format = codec::detect(&base.payload)?;
        let format = self.base_format;
        let Limits { format: configured, max_depth, max_payload } = self.limits;
        if let Some(opened) =
            codec::open(&base.payload, format, configured, max_depth, max_payload)?
        {
            self.adopt(base, opened);
            return Ok(());
        }
        let payload = base.payload.clone();
        self.base = base;
        let indexed = codec::index(&payload, format, max_depth, |key, value| match key {
            Key::Raw(text, span) => self.load(text, Slot::base(span), Slot::base(value)),
            key => self.load_any(key, value),
        });
        if indexed.is_err() {
            self.index_any(&payload)?;
        }
        Ok(())
    }

    /// Indexes the record from its start, where [`codec::index`] has met a key that is no text: it
    /// does not take them, so that all other records pay nothing for them.
    #[cold]
    fn index_any(&mut self, payload: &Bytes) -> Result<()> {
        let (base, format) = (self.base.clone(), self.base_format);
        *self = Self { base, base_format: format, ..Self::empty(self.limits) };
        codec::index_any(payload, format, self.limits.max_depth, |key, value| {
            self.load_any(key, value);
        })?;
        Ok(())
    }

    /// Takes over a payload that was rewritten as it was read; the stored one stays for comparisons.
    #[cold]
    fn adopt(&mut self, stored: Record, opened: Opened) {
        let payload = Bytes::from(opened.payload);
        self.base = Record { payload: payload.clone(), cas: stored.cas, ttl: stored.ttl };
        self.base_format = opened.format;
        self.stored = Some(Box::new(stored));
        for (key, value) in opened.entries {
            let key = key.map_or(Key::Nameless, |key| Key::Raw(key.of(&payload), key));
            self.load_any(key, value);
        }
    }

    /// Does what [`load`](Self::load) does, and is not a second copy of it in every request.
    #[cold]
    fn load_any(&mut self, key: Key<'_>, value: Span) {
        let value = Slot::base(value);
        match key {
            Key::Raw(text, span) => self.load(text, Slot::base(span), value),
            Key::Owned(text) => {
                let key = self.append_key(&text);
                self.load(&text, key, value);
            }
            Key::Nameless => self.add_nameless(value),
        }
    }

    /// Adds an entry of the record; a repeated key replaces the earlier one.
    #[inline(always)]
    fn load(&mut self, text: &[u8], key: Slot, value: Slot) {
        let cell = Cell::new(key, value);
        match self.find_or_expect(text) {
            Ok(twin) => self.cells[twin] = Cell { tag: self.cells[twin].tag, ..cell },
            Err(print) => drop(self.push_cell(print, text, cell)),
        }
    }
}
