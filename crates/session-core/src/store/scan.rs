//! Reading a whole store, page by page.

use super::{Call, Record, StoreKey};
use crate::error::{Error, ErrorKind, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// Whether a store can list its records, and how often it may name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// It cannot: [`Store::scan`](super::Store::scan) is `Unsupported`.
    Unsupported,
    /// No record twice in one scan, also if that is resumed.
    Once,
    /// A record may come twice, as where the server moves records while they are listed.
    MayRepeat,
}

/// A part of the live records of a store.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The keys, with the prefix that was asked for, and what [`load`](super::Store::load) returns
    /// for each, in the store's own order. An empty page is not the last one because of that.
    pub records: Vec<(StoreKey, Record)>,
    /// Live records of which the store knows no key, and so cannot list: files that cachelib wrote.
    pub unnamed: u64,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Cursor>,
}

/// Where a scan stands: printable ASCII that only the store understands.
///
/// It may be kept and used in another process, also after a restart of the server. Some stores
/// put a key into it, which is a credential unless ids are hashed: `Debug` shows nothing of it, and
/// a file that keeps it should be readable by its owner alone.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::store::Cursor;
///
/// let cursor = Cursor::new("session:abc");
/// assert_eq!(cursor.as_str(), "session:abc");
/// assert_eq!(format!("{cursor:?}"), "Cursor(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// A cursor that a store hands out, or that was kept as text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The place after `key`, where a store lists its keys in an order of their own; in base64url,
    /// for others may have made keys that are not ASCII.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::StoreKey;
    /// use web_session::store::Cursor;
    ///
    /// let cursor = Cursor::after_key("session:abc");
    /// assert_eq!(cursor.as_str(), "c2Vzc2lvbjphYmM");
    /// assert_eq!(cursor.to_key("sqlite")?, StoreKey::new("session:", "abc"));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn after_key(key: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(key).into())
    }

    /// The key of [`after_key`](Self::after_key).
    ///
    /// # Errors
    ///
    /// [`Cursor::unknown`] if it is not of that form.
    pub fn to_key(&self, store: &str) -> Result<StoreKey> {
        let bytes = URL_SAFE_NO_PAD.decode(&*self.0).ok();
        let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        key.map(|key| StoreKey::new("", &key)).ok_or_else(|| Self::unknown(store))
    }

    /// What to keep of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The answer of a store to a cursor that it did not hand out.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::ErrorKind;
    /// use web_session::store::Cursor;
    ///
    /// assert_eq!(Cursor::unknown("redis").kind(), ErrorKind::Decode);
    /// ```
    pub fn unknown(store: &str) -> Error {
        let what = "this is no place in a scan of this store; begin anew without a cursor";
        Call::Scan.error(store, ErrorKind::Decode, what)
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursor(..)")
    }
}

/// The answer of [`Store::scan`](super::Store::scan) in a store that cannot; `why` says why.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{ErrorKind, store};
///
/// let error = store::no_scan("memcached", "its protocol lists no keys");
/// assert_eq!(error.kind(), ErrorKind::Unsupported);
/// ```
pub fn no_scan(store: &str, why: &str) -> Error {
    Call::Scan.error(store, ErrorKind::Unsupported, why)
}

/// The first key after all those that begin with `prefix`, in the order of bytes; `None` if there
/// is no text beyond them.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::store::prefix_end;
///
/// assert_eq!(prefix_end("session:").as_deref(), Some("session;"));
/// assert_eq!(prefix_end(""), None);
/// ```
pub fn prefix_end(prefix: &str) -> Option<String> {
    // UTF-8 has the order of the characters it encodes.
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Cursor, prefix_end};
    use crate::ErrorKind;

    #[test]
    fn end_of_a_prefix_is_beyond_all_its_keys() {
        for (prefix, end) in [
            ("a", Some("b")),
            ("a\u{7f}", Some("a\u{80}")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(prefix_end(prefix).as_deref(), end, "{prefix:?}");
            assert!(end.is_none_or(|end| end > format!("{prefix}\u{10ffff}").as_str()));
        }
    }

    #[test]
    fn keys_of_any_text_make_cursors_of_ascii() {
        for key in ["", "session:abc", "\u{e9}\n\0 "] {
            let cursor = Cursor::after_key(key);
            assert!(cursor.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            assert_eq!(cursor.to_key("it").unwrap().as_str(), key);
        }
        for damaged in [":", "\u{e9}", "a", "_w", "c2Vzc2lvbjphYmM="] {
            let error = Cursor::new(damaged).to_key("it").unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Decode, false));
        }
    }
}
