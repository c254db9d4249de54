//! Set-Cookie, prepared once and finished by appending.

use super::attributes::CookieAttributes;
use crate::signer::MAX_SIGNED_LEN;
use std::time::Duration;

/// The longest Max-Age that RFC 6265bis lets a browser honour: 400 days.
const MAX_AGE_LIMIT: u64 = 400 * 24 * 60 * 60;
const MAX_AGE: &str = "; Max-Age=";

/// Writes the values of Set-Cookie for one session cookie.
#[derive(Debug)]
pub(crate) struct CookieWriter {
    /// `NAME=`.
    start: Box<str>,
    /// All that follows Max-Age.
    attributes: Box<str>,
    removal: Box<str>,
    value_len: usize,
}

impl CookieWriter {
    /// Prepares the cookie of attributes that were validated.
    pub(crate) fn new(cookie: &CookieAttributes) -> Self {
        let attributes = attributes_of(cookie);
        Self {
            start: format!("{}=", cookie.name).into(),
            removal: format!("{}={MAX_AGE}0{attributes}", cookie.name).into(),
            attributes: attributes.into(),
            value_len: MAX_SIGNED_LEN,
        }
    }

    /// Makes room for values of exactly this many bytes, not for the longest there are.
    #[must_use]
    pub(crate) fn for_values_of(mut self, value_len: usize) -> Self {
        self.value_len = value_len;
        self
    }

    /// Sets the cookie to what `write_value` appends, which must be free of `;`.
    ///
    /// `max_age` is rounded up to seconds and cut at 400 days; without one the browser forgets the
    /// cookie when it ends its own session. Allocates once.
    pub(crate) fn set(
        &self,
        max_age: Option<Duration>,
        write_value: impl FnOnce(&mut String),
    ) -> String {
        let mut digits = itoa::Buffer::new();
        let max_age = max_age.map(|max_age| digits.format(whole_seconds(max_age)));
        let max_age_len = max_age.map_or(0, |seconds| MAX_AGE.len() + seconds.len());
        let len = self.start.len() + self.value_len + max_age_len + self.attributes.len();
        let mut cookie = String::with_capacity(len);
        cookie.push_str(&self.start);
        write_value(&mut cookie);
        if let Some(seconds) = max_age {
            cookie.push_str(MAX_AGE);
            cookie.push_str(seconds);
        }
        cookie.push_str(&self.attributes);
        cookie
    }

    /// Removes the cookie: a browser wants name, Domain and Path repeated to find it, and the other
    /// attributes to accept it under the same rules.
    pub(crate) fn removal(&self) -> String {
        self.removal.to_string()
    }
}

fn attributes_of(cookie: &CookieAttributes) -> String {
    let mut attributes = String::new();
    if let Some(domain) = &cookie.domain {
        attributes.push_str("; Domain=");
        attributes.push_str(domain);
    }
    if cookie.secure {
        attributes.push_str("; Secure");
    }
    if cookie.http_only {
        attributes.push_str("; HttpOnly");
    }
    attributes.push_str("; Path=");
    attributes.push_str(&cookie.path);
    if let Some(same_site) = cookie.same_site {
        attributes.push_str("; SameSite=");
        attributes.push_str(same_site.as_str());
    }
    if cookie.partitioned {
        attributes.push_str("; Partitioned");
    }
    attributes
}

fn whole_seconds(max_age: Duration) -> u64 {
    let seconds = max_age.as_secs().saturating_add(u64::from(max_age.subsec_nanos() > 0));
    seconds.min(MAX_AGE_LIMIT)
}

#[cfg(test)]
mod tests {
    use crate::cookie::{CookieAttributes, CookieWriter, SameSite};
    use std::time::Duration;

    fn full() -> CookieAttributes {
        CookieAttributes {
            name: "__Secure-id".into(),
            domain: Some("a.example".into()),
            path: "/app".into(),
            secure: true,
            http_only: true,
            same_site: Some(SameSite::None),
            partitioned: true,
        }
    }

    fn set(attributes: &CookieAttributes, max_age: Option<Duration>) -> String {
        CookieWriter::new(attributes).set(max_age, |value| value.push('v'))
    }

    #[test]
    fn attributes_follow_the_value() {
        let hour = Some(Duration::from_secs(3600));
        let bare = CookieAttributes { http_only: false, ..CookieAttributes::default() };
        let table = [
            (CookieAttributes::default(), None, "session=v; HttpOnly; Path=/"),
            (CookieAttributes::default(), hour, "session=v; Max-Age=3600; HttpOnly; Path=/"),
            (bare, None, "session=v; Path=/"),
            (
                full(),
                hour,
                "__Secure-id=v; Max-Age=3600; Domain=a.example; Secure; HttpOnly; Path=/app; \
                 SameSite=None; Partitioned",
            ),
        ];
        for (attributes, max_age, expected) in table {
            assert_eq!(set(&attributes, max_age), expected);
        }
    }

    #[test]
    fn removal_repeats_every_attribute() {
        assert_eq!(
            CookieWriter::new(&full()).removal(),
            "__Secure-id=; Max-Age=0; Domain=a.example; Secure; HttpOnly; Path=/app; \
             SameSite=None; Partitioned",
        );
        assert_eq!(
            CookieWriter::new(&CookieAttributes::default()).removal(),
            "session=; Max-Age=0; HttpOnly; Path=/",
        );
    }

    #[test]
    fn max_age_is_rounded_up_and_cut_at_400_days() {
        let table = [
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(999), 1),
            (Duration::from_secs(9), 9),
            (Duration::from_millis(9_001), 10),
            (Duration::from_secs(34_560_000), 34_560_000),
            (Duration::from_secs(34_560_001), 34_560_000),
            (Duration::MAX, 34_560_000),
        ];
        for (max_age, expected) in table {
            let cookie = set(&CookieAttributes::default(), Some(max_age));
            assert_eq!(cookie, format!("session=v; Max-Age={expected}; HttpOnly; Path=/"));
        }
    }

    /// A header value is made of a full String without another allocation.
    #[test]
    fn capacity_is_exact_for_values_of_the_prepared_length() {
        let writer = CookieWriter::new(&full()).for_values_of(43);
        for seconds in [None, Some(0), Some(9), Some(10), Some(3_600), Some(u64::MAX)] {
            let cookie = writer.set(seconds.map(Duration::from_secs), |value| {
                value.push_str(&"v".repeat(43));
            });
            assert_eq!(cookie.capacity(), cookie.len());
        }
        assert_eq!(writer.removal().capacity(), writer.removal().len());
    }
}
