//! What a browser is told about the session cookie.

use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;

/// The name and attributes of the session cookie; the default is Flask's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CookieAttributes {
    /// `SESSION_COOKIE_NAME`, a token; default `session`.
    pub name: String,
    /// `SESSION_COOKIE_DOMAIN`; default none, so that only the host itself gets the cookie.
    pub domain: Option<String>,
    /// `SESSION_COOKIE_PATH`; default `/`.
    pub path: String,
    /// `SESSION_COOKIE_SECURE`: sent over HTTPS only; default `false`.
    pub secure: bool,
    /// `SESSION_COOKIE_HTTPONLY`: hidden from scripts; default `true`.
    pub http_only: bool,
    /// `SESSION_COOKIE_SAMESITE`; default none, which leaves the choice to the browser.
    pub same_site: Option<SameSite>,
    /// `SESSION_COOKIE_PARTITIONED`: one cookie jar per embedding site; default `false`.
    pub partitioned: bool,
}

/// Which requests from other sites carry the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// None of them.
    Strict,
    /// Navigation by safe methods only.
    Lax,
    /// All of them.
    None,
}

impl SameSite {
    /// The attribute's value as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

impl Default for CookieAttributes {
    fn default() -> Self {
        Self {
            name: "session".into(),
            domain: None,
            path: "/".into(),
            secure: false,
            http_only: true,
            same_site: None,
            partitioned: false,
        }
    }
}

impl CookieAttributes {
    /// Checks that browsers will keep the cookie, by the rules of RFC 6265bis.
    ///
    /// The name is a token of RFC 9110. Prefixes are compared without regard to case, as browsers
    /// do: `__Secure-`, `__Host-` and `__Http-` need Secure, `__Host-` also Path=/ and no Domain,
    /// `__Http-` and `__Host-Http-` (draft-ietf-httpbis-layered-cookies) also HttpOnly.
    /// SameSite=None and Partitioned need Secure.
    ///
    /// # Errors
    ///
    /// `Config`, with the name of the setting and what to change.
    pub fn validate(&self) -> Result<()> {
        self.validate_text()?;
        self.validate_prefix()?;
        if !self.secure && self.same_site == Some(SameSite::None) {
            return refuse(
                "SESSION_COOKIE_SAMESITE=None needs SESSION_COOKIE_SECURE=true: browsers drop such \
                 a cookie otherwise",
            );
        }
        if !self.secure && self.partitioned {
            return refuse(
                "SESSION_COOKIE_PARTITIONED needs SESSION_COOKIE_SECURE=true: browsers drop such a \
                 cookie otherwise",
            );
        }
        Ok(())
    }

    /// The attributes under which browsers take the removal of a cookie that was set under another
    /// name, with the same path and domain unless its prefix rules them out.
    pub(crate) fn under(&self, name: &str) -> Self {
        let mut other = Self { name: name.to_owned(), ..self.clone() };
        if other.has_prefix("__Host-") {
            (other.domain, other.path) = (None, "/".to_owned());
        }
        other.secure |= ["__Host-", "__Secure-", "__Http-"].iter().any(|p| other.has_prefix(p));
        other
    }

    fn validate_text(&self) -> Result<()> {
        if !is_token(&self.name) {
            return refuse(
                "SESSION_COOKIE_NAME must be one or more letters, digits or any of \
                 !#$%&'*+-.^_`|~",
            );
        }
        if self.domain.as_ref().is_some_and(|domain| !is_domain(domain)) {
            return refuse(
                "SESSION_COOKIE_DOMAIN must be a host name of two parts or more, as `example.com`, \
                 without scheme, port or path, international names in their xn-- form: browsers \
                 drop any other cookie; leave it out for this host only",
            );
        }
        if !self.path.starts_with('/') {
            return refuse("SESSION_COOKIE_PATH must start with `/`");
        }
        if !self.path.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';') {
            return refuse(
                "SESSION_COOKIE_PATH must be free of `;`, control characters and non-ASCII \
                 characters; percent-encode them",
            );
        }
        Ok(())
    }

    /// As browsers compare, without regard to case.
    fn has_prefix(&self, prefix: &str) -> bool {
        self.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }

    fn validate_prefix(&self) -> Result<()> {
        let is_host = self.has_prefix("__Host-");
        let is_http = self.has_prefix("__Http-") || self.has_prefix("__Host-Http-");
        if (is_host || is_http || self.has_prefix("__Secure-")) && !self.secure {
            return refuse(
                "a SESSION_COOKIE_NAME that starts with `__Secure-`, `__Host-` or `__Http-` needs \
                 SESSION_COOKIE_SECURE=true",
            );
        }
        if is_host && self.domain.is_some() {
            return refuse(
                "a SESSION_COOKIE_NAME that starts with `__Host-` allows no SESSION_COOKIE_DOMAIN: \
                 leave it out, or change the prefix to `__Secure-`",
            );
        }
        if is_host && self.path != "/" {
            return refuse(
                "a SESSION_COOKIE_NAME that starts with `__Host-` needs SESSION_COOKIE_PATH=/, or \
                 change the prefix to `__Secure-`",
            );
        }
        if is_http && !self.http_only {
            return refuse(
                "a SESSION_COOKIE_NAME that starts with `__Http-` or `__Host-Http-` needs \
                 SESSION_COOKIE_HTTPONLY=true",
            );
        }
        Ok(())
    }
}

fn refuse(what_to_change: &'static str) -> Result<()> {
    Err(Error::new(ErrorKind::Config, Cow::Borrowed(what_to_change)))
}

/// Whether it may be the name of a cookie: a token of RFC 9110.
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token_byte)
}

/// A `tchar` of RFC 9110, section 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A host name that browsers may take, by its form: several labels of 1 to 63 characters
/// (RFC 1034, section 3.1), or `localhost`.
///
/// A leading dot is read and means nothing (RFC 6265, section 5.2.3). A name of one label is a
/// public suffix, as are some of several (`co.uk`), which only browsers' lists know (section 5.3).
fn is_domain(domain: &str) -> bool {
    let name = domain.strip_prefix('.').unwrap_or(domain);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253
        && name.split('.').all(is_label)
        && (name.contains('.') || name.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::{CookieAttributes, SameSite};
    use crate::error::ErrorKind;

    fn named(name: &str) -> CookieAttributes {
        CookieAttributes { name: name.into(), ..CookieAttributes::default() }
    }

    fn secure(name: &str) -> CookieAttributes {
        CookieAttributes { secure: true, ..named(name) }
    }

    fn in_domain(domain: &str) -> CookieAttributes {
        CookieAttributes { domain: Some(domain.into()), ..CookieAttributes::default() }
    }

    fn under(path: &str) -> CookieAttributes {
        CookieAttributes { path: path.into(), ..CookieAttributes::default() }
    }

    #[test]
    fn what_browsers_keep_is_valid() {
        let valid = [
            CookieAttributes::default(),
            named("a!#$%&'*+-.^_`|~0"),
            named("__Hostess"),
            named("x__Host-session"),
            secure("__Secure-session"),
            secure("__Host-session"),
            secure("__Http-session"),
            secure("__Host-Http-session"),
            CookieAttributes { domain: Some("a.example".into()), ..secure("__Secure-session") },
            CookieAttributes { http_only: false, ..secure("__Host-session") },
            CookieAttributes { path: "/app".into(), ..secure("__Http-session") },
            CookieAttributes { same_site: Some(SameSite::None), ..secure("session") },
            CookieAttributes { partitioned: true, ..secure("session") },
            CookieAttributes { same_site: Some(SameSite::Lax), ..CookieAttributes::default() },
            in_domain("localhost"),
            in_domain(".example.com"),
            in_domain("127.0.0.1"),
            in_domain("xn--bcher-kva.example"),
            under("/shop/a%20b"),
        ];
        for attributes in valid {
            attributes.validate().unwrap_or_else(|error| panic!("{attributes:?}: {error}"));
        }
    }

    #[test]
    fn what_browsers_drop_is_refused_with_the_setting_to_change() {
        let host = || secure("__Host-session");
        let table = [
            ("_NAME", named("")),
            ("_NAME", named("a b")),
            ("_NAME", named("a=b")),
            ("_NAME", named("a;b")),
            ("_NAME", named("a\0")),
            ("_NAME", named("\"a\"")),
            ("_NAME", named("s\u{e9}ance")),
            ("_SECURE", named("__Secure-session")),
            ("_SECURE", named("__Host-session")),
            ("_SECURE", named("__Http-session")),
            ("_SECURE", named("__sEcUrE-session")),
            ("_SECURE", named("__host-session")),
            ("_PATH", CookieAttributes { path: "/app".into(), ..host() }),
            ("_DOMAIN", CookieAttributes { domain: Some("a.example".into()), ..host() }),
            ("_HTTPONLY", CookieAttributes { http_only: false, ..secure("__Http-session") }),
            ("_HTTPONLY", CookieAttributes { http_only: false, ..secure("__HOST-HTTP-session") }),
            ("_PATH", CookieAttributes { path: "/app".into(), ..secure("__Host-Http-session") }),
            ("_SECURE", CookieAttributes { same_site: Some(SameSite::None), ..named("a") }),
            ("_SECURE", CookieAttributes { partitioned: true, ..named("a") }),
            ("_DOMAIN", in_domain("")),
            ("_DOMAIN", in_domain(".")),
            ("_DOMAIN", in_domain("..example.com")),
            ("_DOMAIN", in_domain("None")),
            ("_DOMAIN", in_domain("com")),
            ("_DOMAIN", in_domain(".com")),
            ("_DOMAIN", in_domain("a..b")),
            ("_DOMAIN", in_domain("a.example.")),
            ("_DOMAIN", in_domain("-a.example")),
            ("_DOMAIN", in_domain("a-.example")),
            ("_DOMAIN", in_domain(&format!("{}.example", "a".repeat(64)))),
            ("_DOMAIN", in_domain(&format!("{}example", "a.".repeat(124)))),
            ("_DOMAIN", in_domain("a.example; Path=/admin")),
            ("_DOMAIN", in_domain("a.example\r\n")),
            ("_DOMAIN", in_domain("https://a.example")),
            ("_DOMAIN", in_domain("localhost:5000")),
            ("_DOMAIN", in_domain("b\u{fc}cher.example")),
            ("_PATH", under("")),
            ("_PATH", under("app")),
            ("_PATH", under("/a;Domain=b")),
            ("_PATH", under("/a\r\nX: y")),
            ("_PATH", under("/a\u{7f}")),
            ("_PATH", under("/caf\u{e9}")),
        ];
        for (setting, attributes) in table {
            let error = attributes.validate().expect_err(&format!("{attributes:?}"));
            assert_eq!(error.kind(), ErrorKind::Config);
            let setting = format!("SESSION_COOKIE{setting}");
            assert!(error.to_string().contains(&setting), "{attributes:?}: {error}");
        }
    }
}
