//! The same value in another format.

use super::{DEPTH_CEILING, Format, decode, encode};
use crate::error::Result;
use crate::value::Value;

/// Appends `value`, encoded as `from`, encoded as `to`; a copy if both are the same.
///
/// # Errors
///
/// `Decode` if `value` is malformed, `Encode` if `to` cannot say it; `out` is then as it was.
pub(crate) fn transcode(value: &[u8], from: Format, to: Format, out: &mut Vec<u8>) -> Result<()> {
    if from == to {
        out.extend_from_slice(value);
        return Ok(());
    }
    encode(&decode::<Value>(value, from)?, to, DEPTH_CEILING, out)
}

/// Whether two encoded values are the same: the same bytes, or the same value across formats.
pub(crate) fn is_equal(a: (&[u8], Format), b: (&[u8], Format)) -> bool {
    if a.1 == b.1 {
        return a.0 == b.0;
    }
    match (decode::<Value>(a.0, a.1), decode::<Value>(b.0, b.1)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
