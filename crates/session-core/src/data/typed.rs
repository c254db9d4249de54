//! Values as Rust has them.

use super::{Data, Intent};
use crate::error::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use session_codec as codec;

impl Data {
    /// Decodes the value under `key`, without marking it as read.
    ///
    /// # Errors
    ///
    /// `Decode` if the value is not a `T`.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        Ok(self.peek(key).map(|(value, format)| codec::decode(value, format)).transpose()?)
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
    }
}
