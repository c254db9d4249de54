//! How long what a store keeps may be.

use super::{Call, StoreKey};
use crate::error::{ErrorKind, Result};

/// The longest payload, key and owner that a store holds, in bytes; `None` is no limit of its own.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{ErrorKind, StoreKey};
/// use web_session::store::{Call, Limits};
///
/// let limits = Limits { payload: Some(1 << 20), key: Some(250), owner: None };
/// let key = StoreKey::new("session:", &"x".repeat(300));
/// let error = limits.check(Call::Load, "memcached", &key, b"", None).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TooLarge);
/// let text = "load a session from memcached: a key holds 250 bytes at most; \
///             shorten SESSION_KEY_PREFIX";
/// assert_eq!(error.to_string(), text);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The largest payload; [`Capabilities::max_payload`](super::Capabilities) tells it.
    pub payload: Option<usize>,
    /// The longest key; [`Capabilities::max_key`](super::Capabilities) tells it.
    pub key: Option<usize>,
    /// The longest owner; `None` too if the store looks at none.
    pub owner: Option<usize>,
}

impl Limits {
    /// Refuses what `store` does not hold; a call without a payload passes an empty one.
    ///
    /// # Errors
    ///
    /// `TooLarge`, which names the limit and what to change, not what is over it. A store whose
    /// server can be told to take larger payloads refuses those itself, and names the option.
    pub fn check(
        &self,
        call: Call,
        store: &str,
        key: &StoreKey,
        payload: &[u8],
        owner: Option<&str>,
    ) -> Result<()> {
        let lengths = [
            ("a payload", payload.len(), self.payload, "keep less in the session"),
            ("a key", key.as_bytes().len(), self.key, "shorten SESSION_KEY_PREFIX"),
            ("an owner", owner.map_or(0, str::len), self.owner, "name owners by a shorter id"),
        ];
        for (what, length, limit, change) in lengths {
            if let Some(limit) = limit.filter(|limit| length > *limit) {
                let what = format!("{what} holds {limit} bytes at most; {change}");
                return Err(call.error(store, ErrorKind::TooLarge, &what));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use crate::error::ErrorKind::TooLarge;
    use crate::store::{Call, StoreKey};

    #[test]
    fn lengths_over_a_limit_are_too_large() {
        let limits = Limits { payload: Some(3), key: Some(2), owner: Some(1) };
        for (limits, key, payload, owner, over) in [
            (limits, "12", "123", Some("1"), None),
            (limits, "", "", None, None),
            (
                limits,
                "12",
                "1234",
                Some("1"),
                Some("a payload holds 3 bytes at most; keep less in the session"),
            ),
            (
                limits,
                "123",
                "123",
                Some("1"),
                Some("a key holds 2 bytes at most; shorten SESSION_KEY_PREFIX"),
            ),
            (
                limits,
                "12",
                "123",
                Some("é"),
                Some("an owner holds 1 bytes at most; name owners by a shorter id"),
            ),
            (Limits::default(), "123", "1234", Some("12"), None),
        ] {
            let key = StoreKey::new("", key);
            let checked = limits.check(Call::Touch, "it", &key, payload.as_bytes(), owner);
            let expected = over.map(|over| (TooLarge, format!("renew a session in it: {over}")));
            let refused = checked.err().map(|error| (error.kind(), error.to_string()));
            assert_eq!(refused, expected);
        }
    }
}
