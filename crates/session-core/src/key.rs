//! Names of session entries: any string, or a constant that carries the value's type.

use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::marker::PhantomData;

/// Whether the session outlives the browser (Flask's name).
pub(crate) const PERMANENT: &str = "_permanent";
/// When the session was created, in seconds since 1970 and parts of one; only with an absolute
/// lifetime.
pub(crate) const CREATED: &str = "_created";
/// The session's own lifetime in seconds.
pub(crate) const LIFETIME: &str = "_lifetime";
/// When the session ends, however it is used; only where that is fixed.
pub(crate) const END: &str = "_end";
/// The messages for the next page (Flask's name); written by their own methods alone.
pub(crate) const FLASHES: &str = "_flashes";

/// Whether `key` is kept by the library itself: hidden from handlers, spared by `clear`.
#[inline]
pub(crate) fn is_reserved<K: AsRef<[u8]> + ?Sized>(key: &K) -> bool {
    let key = key.as_ref();
    key.first() == Some(&b'_')
        && [PERMANENT, CREATED, LIFETIME, END].iter().any(|reserved| reserved.as_bytes() == key)
}

/// Refuses the keys that have methods of their own.
///
/// # Errors
///
/// `Unsupported`.
pub(crate) fn check_key(key: &str) -> Result<()> {
    if key == FLASHES || is_reserved(key) { Err(refused(key)) } else { Ok(()) }
}

#[cold]
fn refused(key: &str) -> Error {
    let methods = match key {
        FLASHES => "flash and take_flashes",
        _ => "set_permanent, set_lifetime or set_end",
    };
    Error::new(ErrorKind::Unsupported, format!("write the reserved key {key}: use {methods}"))
}

/// Refuses the keys whose values no function may change.
///
/// # Errors
///
/// `Unsupported`.
pub(crate) fn check_function_of(key: &str, owner_key: &str) -> Result<()> {
    check_key(key)?;
    if key == owner_key {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "change the owner key by a function: it changes with the id, so set it with set_owner",
        ));
    }
    Ok(())
}

/// A key whose value has one type everywhere.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::Key;
///
/// const VISITS: Key<u64> = Key::new("visits");
/// assert_eq!(VISITS.name(), "visits");
/// ```
///
/// What a value is borrowed as can be written, too:
///
/// ```
/// # use session_core::{Key, Result, Session};
/// const NAME: Key<String> = Key::new("name");
/// fn rename(session: &Session) -> Result<()> {
///     session.insert(NAME, "ann")
/// }
/// ```
pub struct Key<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// Names a key.
    pub const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    /// The key as text.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.name).finish()
    }
}

mod sealed {
    pub trait Sealed {}
}

/// What names an entry: a string, or a [`Key`].
pub trait AsKey: sealed::Sealed {
    /// The key as text.
    fn as_key(&self) -> &str;
}

/// A name under which a `T` is read: any string, or a [`Key`] of that type.
pub trait ReadAs<T>: AsKey {}

/// A name under which a `V` is written: any string, or a [`Key`] of that type or what it refers to.
pub trait WriteAs<V>: AsKey {}

impl sealed::Sealed for &str {}
impl AsKey for &str {
    fn as_key(&self) -> &str {
        self
    }
}
impl<T> ReadAs<T> for &str {}
impl<V> WriteAs<V> for &str {}

impl sealed::Sealed for &String {}
impl AsKey for &String {
    fn as_key(&self) -> &str {
        self
    }
}
impl<T> ReadAs<T> for &String {}
impl<V> WriteAs<V> for &String {}

impl<T> sealed::Sealed for Key<T> {}
impl<T> AsKey for Key<T> {
    fn as_key(&self) -> &str {
        self.name
    }
}
impl<T> ReadAs<T> for Key<T> {}
impl<T> WriteAs<T> for Key<T> {}
impl<T> WriteAs<&T> for Key<T> {}
impl WriteAs<&str> for Key<String> {}
impl<T> WriteAs<&[T]> for Key<Vec<T>> {}
