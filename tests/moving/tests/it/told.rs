//! What a response tells a browser of a cookie.

use std::collections::BTreeSet;
use time::OffsetDateTime;
use tower_sessions::cookie::Cookie;

/// The name of a cookie and its attributes, in whatever order and case they are said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) name: String,
    attributes: BTreeSet<String>,
}

impl Told {
    /// Reads one `Set-Cookie` field.
    pub(crate) fn read(set_cookie: &str) -> Self {
        let mut parts = set_cookie.split(';').map(str::trim);
        let name = parts.next().unwrap().split_once('=').unwrap().0.to_owned();
        Self { name, attributes: parts.map(attribute).collect() }
    }

    pub(crate) fn says(&self, wanted: &str) -> bool {
        self.attributes.contains(&attribute(wanted))
    }
}

/// `Max-Age` and `Expires` say the same, and some count the seconds from a moment before: the minutes
/// that are left are compared.
fn attribute(text: &str) -> String {
    let cookie = Cookie::parse(format!("name=value; {text}")).unwrap();
    let to_its_end = cookie.expires_datetime().map(|end| end - OffsetDateTime::now_utc());
    match cookie.max_age().or(to_its_end) {
        Some(left) => format!("{} min", left.whole_seconds().unsigned_abs().div_ceil(60)),
        None => text.to_ascii_lowercase(),
    }
}
