//! Values as Rust has them.

use super::{Data, Intent};
use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use session_codec::{self as codec, Format};

impl Data {
    /// Decodes the value under `key`, without marking it as read.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        decode(self.peek(key), key)
    }

    /// Decodes the value under `key`, which is then part of what the request relies on.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`.
    pub(crate) fn read_as<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        decode(self.read(key), key)
    }

    /// Sets `key` to `value`; `false` if that is the value it had.
    ///
    /// # Errors
    ///
    /// `Encode` and `TooLarge`; the data stays as it was.
    pub(crate) fn put<V: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        intent: Intent,
    ) -> Result<bool> {
        self.set(key, intent, |out, limits| {
            Ok(codec::encode(value, limits.format, limits.max_depth, out)?)
        })
        .map_err(|error| error.with_key(key))
    }
}

fn decode<T: DeserializeOwned>(value: Option<(&[u8], Format)>, key: &str) -> Result<Option<T>> {
    let Some((value, format)) = value else { return Ok(None) };
    codec::decode(value, format).map(Some).map_err(|error| Error::from(error).with_key(key))
}
