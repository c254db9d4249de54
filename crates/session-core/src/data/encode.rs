//! The next payload.

use super::slot::{Cell, Slot};
use super::{Data, too_large};
use crate::codec::{self, MapWriter, Span};
use crate::error::Result;
use bytes::Bytes;

/// What the next payload is put together from.
enum Piece<'a> {
    /// Neighbouring entries nobody touched, as they stand in the loaded payload.
    Run(&'a [u8]),
    /// One entry.
    Entry { key: &'a str, value: &'a [u8] },
}

impl Data {
    /// Encodes what the request leaves behind, in the format that is configured.
    ///
    /// Costs one allocation of the payload's size, unless values have to change format.
    ///
    /// # Errors
    ///
    /// `TooLarge` over the payload limit, `Encode` if the format cannot say a stored value.
    pub(crate) fn encode(&self) -> Result<Bytes> {
        if self.base_format != self.limits.format {
            return self.transcoded()?.encode();
        }
        let format = self.limits.format;
        let entries = self.cells.iter().filter(|cell| !cell.value.is_none()).count();
        let mut pieces = 0;
        let mut size = 0;
        self.for_each_piece(|piece| {
            pieces += 1;
            size += match piece {
                Piece::Run(run) => run.len(),
                Piece::Entry { key, value } => codec::entry_size(format, key, value.len()),
            };
        });
        size += codec::frame_size(format, entries, pieces);
        if size > self.limits.max_payload {
            return Err(too_large(size, self.limits.max_payload));
        }
        let mut payload = Vec::with_capacity(size);
        let mut writer = MapWriter::begin(format, entries, &mut payload);
        self.for_each_piece(|piece| match piece {
            Piece::Run(run) => writer.run(run),
            Piece::Entry { key, value } => writer.entry(key, value),
        });
        writer.end();
        Ok(Bytes::from(payload))
    }

    fn for_each_piece<'a>(&'a self, mut f: impl FnMut(Piece<'a>)) {
        let payload = &self.base.payload;
        let mut run = 0..0;
        for (at, cell) in self.cells.iter().enumerate() {
            if let Some(start) = self.start_in_base(cell) {
                if run.end != start {
                    if !run.is_empty() {
                        f(Piece::Run(&payload[run]));
                    }
                    run = start..start;
                }
                run.end = cell.base.range().end;
            } else if !cell.value.is_none() {
                if !run.is_empty() {
                    f(Piece::Run(&payload[run]));
                }
                run = 0..0;
                f(Piece::Entry { key: self.key(at), value: self.bytes(cell.value) });
            }
        }
        if !run.is_empty() {
            f(Piece::Run(&payload[run]));
        }
    }

    /// Where an entry begins that can be copied as it stands in the loaded payload.
    fn start_in_base(&self, cell: &Cell) -> Option<usize> {
        if cell.value.is_none() || cell.value.is_arena() || cell.key.is_arena() {
            return None;
        }
        let key = cell.key.range();
        let key = Span { start: key.start as u32, end: key.end as u32 };
        Some(codec::entry_start(&self.base.payload, self.base_format, key))
    }

    /// The same entries with every value in the configured format.
    fn transcoded(&self) -> Result<Self> {
        let mut data = Self::empty(self.limits);
        for (at, cell) in self.cells.iter().enumerate() {
            if cell.value.is_none() {
                continue;
            }
            let start = data.arena.len();
            let (from, to) = (self.format_of(cell.value), self.limits.format);
            codec::transcode(self.bytes(cell.value), from, to, &mut data.arena)?;
            let value = Slot::arena(start, data.arena.len() - start);
            let key = data.append_arena(self.key(at).as_bytes());
            let at = data.append(key, Slot::NONE, super::Marks::NONE);
            data.cells[at].value = value;
        }
        Ok(data)
    }
}
