//! How session data is written into a payload.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::str::FromStr;

/// How session data is written into a payload.
///
/// Whichever is written, all are read: a record in another format is found out by how it begins
/// and changes to this one when it is next written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// [MessagePack](https://msgpack.org), named `msgpack`; the default.
    #[default]
    MessagePack,
    /// [JSON](https://www.rfc-editor.org/rfc/rfc8259), named `json`; behind the feature `json`.
    #[cfg(feature = "json")]
    Json,
    /// Python's pickle, named `pickle`, to share files with Flask: data alone, in protocol 4;
    /// behind the feature `flask`.
    ///
    /// Sequences are lists, tuples and arrays of a fixed length are tuples, structs are
    /// dictionaries; dates, sets, decimals and the like that Python wrote stay what they are until
    /// they are overwritten. Keys are written in a form that Python can hash.
    #[cfg(feature = "flask")]
    Pickle,
}

impl Format {
    /// The name in `SESSION_SERIALIZATION_FORMAT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessagePack => "msgpack",
            #[cfg(feature = "json")]
            Self::Json => "json",
            #[cfg(feature = "flask")]
            Self::Pickle => "pickle",
        }
    }

    /// Whether it is text, with neither bytes, extensions, infinite numbers nor keys but text.
    #[inline]
    pub(crate) fn is_text(self) -> bool {
        match self {
            Self::MessagePack => false,
            #[cfg(feature = "json")]
            Self::Json => true,
            #[cfg(feature = "flask")]
            Self::Pickle => false,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Parses the name of a format.
    ///
    /// # Errors
    ///
    /// `Name` if there is no such format in this build; the message says which feature has it.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "msgpack" => Ok(Self::MessagePack),
            #[cfg(feature = "json")]
            "json" => Ok(Self::Json),
            #[cfg(feature = "flask")]
            "pickle" => Ok(Self::Pickle),
            _ => Err(Error::new(ErrorKind::Name, refusal(name))),
        }
    }
}

fn refusal(name: &str) -> &'static str {
    match name {
        "json" => {
            "read a serialization format: this build leaves `json` out; turn on the feature `json`"
        }
        "pickle" => {
            "read a serialization format: this build leaves `pickle` out; turn on the feature `flask`"
        }
        _ => "read a serialization format: expected `msgpack`, `json` or `pickle`",
    }
}
