//! Writing payloads and arrays out of values that are encoded already.

use crate::format::Format;
#[cfg(feature = "json")]
use crate::json;
use crate::msgpack;
use crate::payload::Span;
#[cfg(feature = "flask")]
use crate::pickle;

/// Writes a payload entry by entry: [`begin`](Self::begin), then every entry, then
/// [`end`](Self::end).
///
/// With the capacity that [`frame_size`] and [`entry_size`] add up to, the output is allocated
/// once and filled exactly.
#[derive(Debug)]
pub struct MapWriter<'a> {
    out: &'a mut Vec<u8>,
    format: Format,
    pieces: usize,
}

impl<'a> MapWriter<'a> {
    /// Opens a map of `entries` entries.
    #[inline]
    pub fn begin(format: Format, entries: usize, out: &'a mut Vec<u8>) -> Self {
        match format {
            Format::MessagePack => msgpack::write_map_header(entries, out),
            #[cfg(feature = "json")]
            Format::Json => out.push(b'{'),
            #[cfg(feature = "flask")]
            Format::Pickle => pickle::begin_map(entries, out),
        }
        Self { out, format, pieces: 0 }
    }

    /// Appends one entry; `key` is text as [`Key`](crate::Key) has it, and `value` is
    /// encoded in the map's format.
    #[inline]
    pub fn entry(&mut self, key: impl AsRef<[u8]>, value: &[u8]) {
        let key = key.as_ref();
        self.separate();
        match self.format {
            Format::MessagePack => {
                msgpack::write_text_header(key.len(), self.out);
                self.out.extend_from_slice(key);
            }
            #[cfg(feature = "json")]
            Format::Json => {
                json::write_quoted(key, self.out);
                self.out.push(b':');
            }
            #[cfg(feature = "flask")]
            Format::Pickle => {
                pickle::write_text_header(key.len(), self.out);
                self.out.extend_from_slice(key);
            }
        }
        self.out.extend_from_slice(value);
    }

    /// Appends neighbouring entries of a payload of the same format as they stand there: from the
    /// [`entry_start`] of the first to the end of the last one's value.
    #[inline]
    pub fn run(&mut self, entries: &[u8]) {
        self.separate();
        self.out.extend_from_slice(entries);
    }

    /// Closes the map.
    #[inline]
    pub fn end(self) {
        match self.format {
            Format::MessagePack => {}
            #[cfg(feature = "json")]
            Format::Json => self.out.push(b'}'),
            #[cfg(feature = "flask")]
            Format::Pickle => pickle::end_map(self.pieces, self.out),
        }
    }

    #[inline]
    fn separate(&mut self) {
        if self.format.is_text() && self.pieces > 0 {
            self.out.push(b',');
        }
        self.pieces += 1;
    }
}

/// The bytes a payload has beside its pieces: `entries` entries written in `pieces` calls of
/// [`MapWriter::entry`] and [`MapWriter::run`].
#[inline]
pub fn frame_size(format: Format, entries: usize, pieces: usize) -> usize {
    let separators = if format.is_text() { pieces.saturating_sub(1) } else { 0 };
    separators
        + match format {
            Format::MessagePack => msgpack::container_header_size(entries),
            #[cfg(feature = "json")]
            Format::Json => 2,
            #[cfg(feature = "flask")]
            Format::Pickle => pickle::frame_size(entries),
        }
}

/// The bytes that [`MapWriter::entry`] appends for `key` and a value of `value_len` bytes.
#[inline]
pub fn entry_size(format: Format, key: impl AsRef<[u8]>, value_len: usize) -> usize {
    let key = key.as_ref();
    match format {
        Format::MessagePack => msgpack::text_header_size(key.len()) + key.len() + value_len,
        #[cfg(feature = "json")]
        Format::Json => json::quoted_size(key) + 1 + value_len,
        #[cfg(feature = "flask")]
        Format::Pickle => pickle::text_header_size(key.len()) + key.len() + value_len,
    }
}

/// Appends `key` such that with a value behind it there is an entry that [`MapWriter::run`] takes.
///
/// JSON has no such form of a key that may need escapes: its text is appended as it is.
#[inline]
pub fn write_key(format: Format, key: &[u8], out: &mut Vec<u8>) {
    match format {
        Format::MessagePack => msgpack::write_text_header(key.len(), out),
        #[cfg(feature = "json")]
        Format::Json => {}
        #[cfg(feature = "flask")]
        Format::Pickle => pickle::write_text_header(key.len(), out),
    }
    out.extend_from_slice(key);
}

/// Whether [`write_key`] appends keys whole, so that an entry can be copied as it stands.
#[inline]
pub fn has_whole_keys(format: Format) -> bool {
    !format.is_text()
}

/// Where the entry begins whose raw key is `key`, for [`MapWriter::run`].
#[inline]
pub fn entry_start(payload: &[u8], format: Format, key: Span) -> usize {
    match format {
        Format::MessagePack => msgpack::text_header_start(payload, key),
        #[cfg(feature = "json")]
        Format::Json => key.start as usize - 1,
        #[cfg(feature = "flask")]
        Format::Pickle => key.start as usize - pickle::text_header_size(key.len()),
    }
}

/// Adds an element to an array of `len` elements, both encoded; where there are none yet, `array`
/// is empty.
///
/// Takes time in proportion to the element, but where the header of MessagePack gets longer.
pub fn push_element(element: &[u8], format: Format, len: usize, array: &mut Vec<u8>) {
    match format {
        Format::MessagePack => {
            let old = if len == 0 { 0 } else { msgpack::container_header_size(len) };
            let mut header = Vec::with_capacity(5);
            msgpack::write_array_header(len + 1, &mut header);
            array.splice(..old, header);
            array.extend_from_slice(element);
        }
        #[cfg(feature = "json")]
        Format::Json => {
            array.pop();
            array.push(if len == 0 { b'[' } else { b',' });
            array.extend_from_slice(element);
            array.push(b']');
        }
        #[cfg(feature = "flask")]
        Format::Pickle => pickle::push_element(element, len, array),
    }
}
