//! The next payload.

use super::slot::{Cell, Slot};
use super::{Data, INLINE, too_large};
use crate::codec::{self, Format, MapWriter, Span};
use crate::error::Result;
use bytes::Bytes;
use smallvec::SmallVec;

/// What the next payload is put together from.
enum Piece<'a> {
    /// Neighbouring entries nobody touched, as they stand in the loaded payload.
    Run(&'a [u8]),
    /// One entry.
    Entry { key: &'a [u8], value: &'a [u8] },
}

impl Piece<'_> {
    fn size(&self, format: Format) -> usize {
        match self {
            Self::Run(run) => run.len(),
            Self::Entry { key, value } => codec::entry_size(format, key, value.len()),
        }
    }
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
        let pieces = self.pieces();
        let size = codec::frame_size(format, entries, pieces.len())
            + pieces.iter().map(|piece| piece.size(format)).sum::<usize>();
        if size > self.limits.max_payload {
            return Err(too_large(size, self.limits.max_payload));
        }
        let mut payload = Vec::with_capacity(size);
        let mut writer = MapWriter::begin(format, entries, &mut payload);
        for piece in pieces {
            match piece {
                Piece::Run(run) => writer.run(run),
                Piece::Entry { key, value } => writer.entry(key, value),
            }
        }
        writer.end();
        Ok(Bytes::from(payload))
    }

    fn pieces(&self) -> SmallVec<[Piece<'_>; INLINE]> {
        let payload = &self.base.payload;
        let mut pieces = SmallVec::new();
        let mut run = 0..0;
        for cell in self.cells.iter().filter(|cell| !cell.value.is_none()) {
            let start = self.start_in_base(cell);
            if start == Some(run.end) {
                run.end = cell.base.range().end;
                continue;
            }
            if !run.is_empty() {
                pieces.push(Piece::Run(&payload[run]));
            }
            run = match start {
                Some(start) => start..cell.base.range().end,
                None => {
                    let (key, value) = (self.bytes(cell.key), self.bytes(cell.value));
                    pieces.push(Piece::Entry { key, value });
                    0..0
                }
            };
        }
        if !run.is_empty() {
            pieces.push(Piece::Run(&payload[run]));
        }
        pieces
    }

    /// Where an entry begins that can be copied as it stands in the loaded payload.
    fn start_in_base(&self, cell: &Cell) -> Option<usize> {
        if cell.value.is_arena() || cell.key.is_arena() {
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
            let at = data.append(self.key(at));
            data.cells[at].value = value;
        }
        Ok(data)
    }
}
