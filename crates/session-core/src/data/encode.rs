//! The next payload.

use super::slot::{Cell, Slot};
use super::{Data, INLINE, Limits, too_large};
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use session_codec::{self as codec, Format, MapWriter, Moved};
use smallvec::SmallVec;

/// What the next payload is put together from.
enum Piece<'a> {
    /// Neighbouring entries as they stand in the loaded payload, or as the request wrote them.
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
    /// Encodes what the request leaves behind, in the format that is configured, or in that of the
    /// record if the configured one cannot say what the record holds.
    ///
    /// Costs one allocation of the payload's size, unless values have to change format.
    ///
    /// # Errors
    ///
    /// `TooLarge` over the payload limit, `Encode` if neither format can say all values.
    pub(crate) fn encode(&self) -> Result<Bytes> {
        if self.base_format != self.limits.format {
            // One value that cannot change must not keep the session from being written.
            return match self.transcoded(self.limits.format) {
                Ok(data) => data.encode(),
                Err(_) => self.transcoded(self.base_format)?.encode(),
            };
        }
        let format = self.limits.format;
        let entries = self.cells.iter().filter(|cell| !cell.value.is_none()).count();
        let mut pieces = SmallVec::<[_; INLINE]>::new();
        self.pieces(|piece| pieces.push(piece));
        let size = codec::frame_size(format, entries, pieces.len())
            + pieces.iter().map(|piece| piece.size(format)).sum::<usize>();
        if size > self.limits.max_payload {
            return Err(too_large(size, self.limits.max_payload));
        }
        let mut payload = Vec::with_capacity(size);
        let mut writer = MapWriter::begin(format, entries, &mut payload);
        for piece in &pieces {
            match *piece {
                Piece::Run(run) => writer.run(run),
                Piece::Entry { key, value } => writer.entry(key, value),
            }
        }
        writer.end();
        Ok(Bytes::from(payload))
    }

    /// Encodes everything in `format`.
    ///
    /// # Errors
    ///
    /// `TooLarge` over the payload limit, `Encode` if `format` cannot say all values.
    pub(crate) fn encode_as(&self, format: Format) -> Result<Bytes> {
        self.transcoded(format)?.encode()
    }

    /// Calls `sink` with what makes up the next payload, in order.
    fn pieces<'a>(&'a self, mut sink: impl FnMut(Piece<'a>)) {
        let mut run = Slot::NONE;
        for cell in self.cells.iter().filter(|cell| !cell.value.is_none()) {
            let entry = self.entry(cell);
            if let Some(entry) = entry
                && run.touches(entry)
            {
                run = run.up_to(entry);
                continue;
            }
            if !run.is_none() {
                sink(Piece::Run(self.bytes(run)));
            }
            run = entry.unwrap_or_else(|| {
                let (key, value) = (self.bytes(cell.key), self.bytes(cell.value));
                sink(Piece::Entry { key, value });
                Slot::NONE
            });
        }
        if !run.is_none() {
            sink(Piece::Run(self.bytes(run)));
        }
    }

    /// The whole of an entry that can be copied as it stands, in the loaded payload or the arena.
    fn entry(&self, cell: &Cell) -> Option<Slot> {
        let source = if cell.key.is_base() && cell.value.is_base() {
            &self.base.payload[..]
        } else if self.is_whole_in_arena(cell) {
            &self.arena
        } else {
            return cell.key.is_nameless().then_some(cell.value);
        };
        let start = codec::entry_start(source, self.limits.format, cell.key.span());
        Some(cell.key.starting_at(start).up_to(cell.value))
    }

    fn is_whole_in_arena(&self, cell: &Cell) -> bool {
        cell.key.is_arena()
            && cell.value.is_arena()
            && codec::has_whole_keys(self.limits.format)
            && cell.key.touches(cell.value)
    }

    /// The same entries with every value in `format`.
    fn transcoded(&self, format: Format) -> Result<Self> {
        let mut data = Self::empty(Limits { format, ..self.limits });
        for cell in self.cells.iter().filter(|cell| !cell.value.is_none()) {
            if cell.key.is_nameless() {
                self.transcode_nameless(cell.value, &mut data)?;
                continue;
            }
            let key = self.bytes(cell.key);
            if format != self.base_format && std::str::from_utf8(key).is_err() {
                let message = format!("encode a key as {format}: it has half of a surrogate pair");
                return Err(Error::new(ErrorKind::Encode, message));
            }
            let next = data.find_or_add(key);
            let start = data.arena.len();
            let from = self.format_of(cell.value);
            codec::transcode(self.bytes(cell.value), from, format, &mut data.arena)?;
            data.cells[next].value = Slot::arena(start, data.arena.len() - start);
        }
        Ok(data)
    }

    /// Adds an entry whose key is no text to `data`, in whose format it may be.
    #[cold]
    fn transcode_nameless(&self, entry: Slot, data: &mut Self) -> Result<()> {
        let format = data.limits.format;
        let start = data.arena.len();
        match codec::transcode_entry(self.bytes(entry), self.format_of(entry), format)? {
            Moved::Named(key, value) => {
                // `1` and `"1"` are two keys to Python, and one in JSON.
                if self.has(&key) || data.has(&key) {
                    let message = format!("encode a key as {format}: it is the same as another");
                    return Err(Error::new(ErrorKind::Encode, message));
                }
                let at = data.find_or_add(&key);
                let start = data.arena.len();
                data.arena.extend_from_slice(&value);
                data.cells[at].value = Slot::arena(start, value.len());
            }
            Moved::Nameless(entry) => {
                data.arena.extend_from_slice(&entry);
                data.add_nameless(Slot::arena(start, entry.len()));
            }
        }
        Ok(())
    }

    fn has(&self, key: &[u8]) -> bool {
        self.find(key).is_some_and(|at| !self.cells[at].value.is_none())
    }
}
