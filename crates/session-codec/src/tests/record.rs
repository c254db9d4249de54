//! Payloads as a record of them is read: whatever their format is.

use super::{Entries, FORMATS, text_of};
use crate::Format::{self, Pickle};
use crate::{Key, Moved, Opened, Result, detect, index_any, open, transcode_entry};

/// A payload in our form, if it needs one, whatever its length.
pub(super) fn rewritten(
    payload: &[u8],
    format: Format,
    configured: Format,
    max_depth: usize,
) -> Result<Option<Opened>> {
    open(payload, format, configured, max_depth, usize::MAX)
}

/// The entries of a payload of any format that have a name, and their format.
pub(super) fn opened_anyhow(payload: &[u8], configured: Format) -> Option<(Entries, Format)> {
    let format = detect(payload).ok()?;
    let opened = rewritten(payload, format, configured, 64).ok()?;
    match opened {
        Some(opened) => Some((named(&opened.payload, Pickle).unwrap(), Pickle)),
        None => Some((named(payload, format).ok()?, format)),
    }
}

fn named(payload: &[u8], format: Format) -> Result<Entries> {
    let mut found = Vec::new();
    index_any(payload, format, 64, |key, value| match key {
        Key::Nameless => moves_everywhere(value.of(payload), format),
        key => found.push((text_of(&key), value.of(payload).to_vec())),
    })?;
    Ok(found)
}

/// An entry whose key is no text can be said in another format, and is one entry there, or cannot.
fn moves_everywhere(entry: &[u8], from: Format) {
    for to in FORMATS {
        match transcode_entry(entry, from, to) {
            Ok(Moved::Nameless(same)) if from == to => assert_eq!(same, entry),
            Ok(Moved::Nameless(_)) => assert_ne!(to, Format::Json, "JSON has text keys alone"),
            Ok(Moved::Named(key, _)) => assert!(from != to && std::str::from_utf8(&key).is_ok()),
            Err(_) => assert_ne!(from, to),
        }
    }
}
