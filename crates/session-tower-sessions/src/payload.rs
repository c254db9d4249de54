//! The values of a session of tower-sessions, as the payload of one of this library.

use serde_json::{Number, Value};
use session_codec as codec;
use session_core::{Bytes, Config, Error, ErrorKind, Result};
use std::collections::HashMap;

/// What tower-sessions holds of a session, in every version that has a feature here.
pub(crate) type Values = HashMap<String, Value>;

/// Encodes values as the session of a handler of this library would be.
///
/// # Errors
///
/// `TooLarge` over `max_payload` or `SESSION_MAX_DEPTH`, `Encode` if the format cannot say them.
pub(crate) fn encode(values: &Values, config: &Config, max_payload: usize) -> Result<Bytes> {
    let mut payload = Vec::new();
    // The map is a value here, and one level of the payload's.
    let depth = config.max_depth().saturating_add(1);
    codec::encode(values, config.format(), depth, &mut payload)?;
    if payload.len() > max_payload {
        let message = format!(
            "store a session of {} bytes where at most {max_payload} are allowed: keep less in it, \
             or raise SESSION_MAX_PAYLOAD if the store takes more",
            payload.len()
        );
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    Ok(payload.into())
}

/// Decodes what this library, or Flask-Session, has stored in any of their formats.
///
/// # Errors
///
/// `Decode` if it is no session, or holds what `serde_json::Value` cannot: bytes, say.
pub(crate) fn decode(payload: &[u8], config: &Config) -> Result<Values> {
    let format = codec::detect(payload)?;
    let (depth, len) = (config.max_depth(), config.max_payload());
    let opened = codec::open(payload, format, config.format(), depth, len)?;
    Ok(match &opened {
        Some(opened) => codec::decode(&opened.payload, opened.format)?,
        None => codec::decode(payload, format)?,
    })
}

/// Whose session it is, as the core tells it: text or a whole number, never empty.
pub(crate) fn owner(values: &Values, config: &Config) -> Option<String> {
    match values.get(config.owner_key())? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(Number::to_string(number)),
        _ => None,
    }
    .filter(|owner| !owner.is_empty())
}
