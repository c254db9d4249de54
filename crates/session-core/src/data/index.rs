//! From a loaded record to its entries.

use super::slot::{Cell, Marks, Slot};
use super::{Data, Limits};
use crate::error::Result;
use crate::store::Record;
use bytes::Bytes;
use session_codec::{self as codec, Key, Opened};

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
        codec::index(&payload, format, max_depth, |key, value| {
            let value = Slot::base(value);
            match key {
                Key::Raw(text, span) => self.load(text, Slot::base(span), value),
                Key::Owned(text) => {
                    let key = self.append_key(&text);
                    self.load(&text, key, value);
                }
            }
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
            self.load(key.of(&payload), Slot::base(key), Slot::base(value));
        }
    }

    /// Adds an entry of the record; a repeated key replaces the earlier one.
    #[inline]
    fn load(&mut self, text: &[u8], key: Slot, value: Slot) {
        let cell = Cell { key, base: value, value, marks: Marks::NONE };
        match self.find(text) {
            Some(twin) => self.cells[twin] = cell,
            None => drop(self.push_cell(text, cell)),
        }
    }
}
