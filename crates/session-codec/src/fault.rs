//! Why stored bytes are refused, without telling what they are.

use crate::error::{Error, ErrorKind};

/// Why bytes are no payload or no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Truncated,
    Trailing,
    TooDeep,
    TooLong,
    NotMap,
    NotArray,
    NotTextKey,
    NotUtf8,
    Syntax,
    #[cfg(feature = "flask")]
    Class,
    #[cfg(feature = "flask")]
    Object,
    #[cfg(feature = "flask")]
    External,
    #[cfg(feature = "flask")]
    Loop,
    #[cfg(feature = "flask")]
    Expansion,
    #[cfg(feature = "flask")]
    WideInteger,
}

impl From<Fault> for Error {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self::new(
            ErrorKind::Decode,
            match fault {
                Fault::Truncated => "read stored session data: it ends too early",
                Fault::Trailing => "read stored session data: bytes follow its end",
                Fault::TooDeep => "read stored session data: it is nested too deeply",
                Fault::TooLong => "read stored session data: it is over 4 GiB",
                Fault::NotMap => "read stored session data: it is no map",
                Fault::NotArray => "split a stored value: it is no array",
                Fault::NotTextKey => "read stored session data: a key is no text",
                Fault::NotUtf8 => "read stored session data: text is not UTF-8",
                Fault::Syntax => "read stored session data: it is malformed",
                #[cfg(feature = "flask")]
                Fault::Class => {
                    "read stored session data: a pickle holds an object of a class that is not data"
                }
                #[cfg(feature = "flask")]
                Fault::Object => {
                    "read stored session data: a pickle holds an object that its class does not make"
                }
                #[cfg(feature = "flask")]
                Fault::External => "read stored session data: a pickle refers to what is not in it",
                #[cfg(feature = "flask")]
                Fault::Loop => "read stored session data: a value of a pickle contains itself",
                #[cfg(feature = "flask")]
                Fault::Expansion => {
                    "read stored session data: a pickle repeats so much that it is too large"
                }
                #[cfg(feature = "flask")]
                Fault::WideInteger => {
                    "read stored session data: an integer has more than 4,300 digits"
                }
            },
        )
    }
}
