//! Payloads as a record of them is read: whatever their format is.

use super::{Entries, entries};
use crate::Format::{self, Pickle};
use crate::{Opened, Result, detect, open};

/// A payload in our form, if it needs one, whatever its length.
pub(super) fn rewritten(
    payload: &[u8],
    format: Format,
    configured: Format,
    max_depth: usize,
) -> Result<Option<Opened>> {
    open(payload, format, configured, max_depth, usize::MAX)
}

/// The entries of a payload of any format, and their format.
pub(super) fn opened_anyhow(payload: &[u8], configured: Format) -> Option<(Entries, Format)> {
    let format = detect(payload).ok()?;
    let opened = rewritten(payload, format, configured, 64).ok()?;
    match opened {
        Some(opened) => Some((entries(&opened.payload, Pickle).unwrap(), Pickle)),
        None => Some((entries(payload, format).ok()?, format)),
    }
}
