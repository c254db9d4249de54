//! From a loaded record to its entries.

use super::lookup::filter_bit;
use super::slot::{Cell, Marks, Slot};
use super::{Data, Limits};
use crate::codec::{self, Key};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Record;

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
        self.base_format = codec::detect(&base.payload, self.limits.format)
            .ok_or_else(|| Error::new(ErrorKind::Decode, "decode a session of unknown format"))?;
        let payload = base.payload.clone();
        self.base = base;
        codec::index(&payload, self.base_format, self.limits.max_depth, |key, value| {
            let value = Slot::base(value);
            match key {
                Key::Raw(text, span) => self.load(text, Slot::base(span), value),
                Key::Owned(text) => {
                    let key = self.append_key(text.as_bytes());
                    self.load(text.as_bytes(), key, value);
                }
            }
        })
    }

    /// Adds an entry of the record; a repeated key replaces the earlier one.
    #[inline]
    fn load(&mut self, text: &[u8], key: Slot, value: Slot) {
        let bit = filter_bit(text);
        let cell = Cell { key, base: value, value, marks: Marks::NONE };
        if self.filter & bit != 0
            && let Some(twin) = self.position(text)
        {
            self.cells[twin] = cell;
            return;
        }
        self.filter |= bit;
        self.cells.push(cell);
    }
}
