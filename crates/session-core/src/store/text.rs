//! Records in databases that tell text from bytes.

use super::Record;
use std::time::Duration;

/// What `cas` is of a record that is stored as text.
const TEXT: u64 = 1;

impl Record {
    /// A record that is stored as text, in a database that does not take text and bytes for equal.
    ///
    /// Other programs write such records; those that this library writes are bytes. `cas` says
    /// which it is, so a call that leaves the payload as it is stored, `touch`, answers the `cas`
    /// of the loaded record.
    pub fn from_text(text: String, ttl: Duration) -> Self {
        Self { payload: text.into(), cas: TEXT, ttl }
    }

    /// The payload, if it is stored as text and must be compared as such.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use std::time::Duration;
    /// use web_session::{Bytes, Record};
    ///
    /// let ttl = Duration::from_secs(60);
    /// let text = Record::from_text("{}".to_owned(), ttl);
    /// assert_eq!(text.as_text(), Some("{}"));
    /// let bytes = Record { payload: Bytes::from("{}"), cas: 0, ttl };
    /// assert_eq!(bytes.as_text(), None);
    /// ```
    pub fn as_text(&self) -> Option<&str> {
        str::from_utf8(&self.payload).ok().filter(|_| self.cas == TEXT)
    }
}
