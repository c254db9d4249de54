//! What carries the id, and which settings that leaves without a meaning.

use super::Config;
use crate::cookie::is_token;
use crate::error::{Error, ErrorKind, Result};

/// The default of `SESSION_HEADER_NAME`.
pub(super) const HEADER_NAME: &str = "X-Auth-Token";

/// What carries the id of a session between a client and the application.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{Config, Transport};
///
/// let config = Config::builder().transport(Transport::Header).build()?;
/// assert_eq!(config.header_name(), "X-Auth-Token");
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// `cookie`: browsers send it back by themselves.
    #[default]
    Cookie,
    /// `header`: a field of its own in requests and responses, for clients that are no browsers.
    Header,
}

pub(super) const TRANSPORTS: &[(&str, Transport)] =
    &[("cookie", Transport::Cookie), ("header", Transport::Header)];

/// Settings that only a cookie has a use for.
pub(super) const COOKIE_KEYS: &[&str] = &[
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_NAME_FALLBACK",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_PATH",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_PARTITIONED",
];

/// Fields that say something else, in lower case: those of a credential, of caching, of a message's
/// length and of its way.
const TAKEN: &[&str] = &[
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "location",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
];

/// Refuses a name that can be no field of ours, and settings that this transport has no use for.
/// `cookie_key` is one of [`COOKIE_KEYS`] that was set.
pub(super) fn check(config: &Config, cookie_key: Option<&'static str>) -> Result<()> {
    let fail = |message: String| Err(Error::new(ErrorKind::Config, message));
    let name = config.header_name.as_str();
    if !is_token(name) || TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(name)) {
        return fail(
            "SESSION_HEADER_NAME must be the name of a header field that means nothing else, such \
             as X-Auth-Token"
                .to_owned(),
        );
    }
    match (config.transport, cookie_key) {
        (Transport::Header, Some(key)) => fail(format!(
            "{key} is for cookies, and SESSION_TRANSPORT=header sends none: leave one of the two out"
        )),
        (Transport::Cookie, _) if name != HEADER_NAME => fail(
            "SESSION_HEADER_NAME needs SESSION_TRANSPORT=header: ids are in cookies otherwise"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}
