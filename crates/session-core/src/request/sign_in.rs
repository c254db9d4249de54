//! Where a visitor is sent who has to sign in, and the way back to what they asked for. No I/O.

use crate::error::{Error, ErrorKind, Result};
use http::uri::PathAndQuery;
use std::fmt::Write as _;
use std::sync::Arc;

/// The parameter of the sign-in page that names the page asked for.
const NEXT: &str = "next";
/// A longer page is not named: encoded, it could be more than servers take in a line.
const LONGEST: usize = 2048;

/// The page on which visitors sign in: a path of the application, as `/sign-in`.
///
/// An adapter is told it, and [`SignedIn`](crate::SignedIn) sends visitors there. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SignInPage(Arc<str>);

impl SignInPage {
    /// Takes the path of the page, with a query if it has one.
    ///
    /// # Errors
    ///
    /// `Config` if `path` does not begin with one `/`, or holds a `#` or anything that a URL does
    /// not hold as it is.
    pub fn new(path: &str) -> Result<Self> {
        if is_local(path) && !path.contains('#') {
            return Ok(Self(path.into()));
        }
        Err(Error::new(
            ErrorKind::Config,
            "send visitors to a sign-in page: it must be a path of this application, as /sign-in, \
             percent-encoded and without a #",
        ))
    }

    /// Where to send a visitor who asked for `target`, if they can be sent back to that; `None` if
    /// they are on the sign-in page already.
    fn location(&self, target: &str, is_way_back: bool) -> Option<String> {
        if path_of(&self.0) == path_of(target) {
            return None;
        }
        let is_named = is_way_back && target.len() <= LONGEST && is_local(target);
        Some(if is_named { with_next(&self.0, target) } else { self.0.to_string() })
    }
}

fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// What one request has to know of the page: which it is, and what was asked for, if an extractor
/// may see less of that.
pub(crate) struct SignIn {
    page: SignInPage,
    asked: Option<PathAndQuery>,
}

impl SignIn {
    pub(crate) fn new(page: SignInPage, asked: Option<PathAndQuery>) -> Self {
        Self { page, asked }
    }

    /// Where to send the visitor, who is sent back after that to what `method` can ask for again:
    /// to `target`, as an extractor sees it, or what that is a part of.
    pub(crate) fn location(&self, method: &str, target: &str) -> Option<String> {
        let target = self.asked.as_ref().map_or(target, PathAndQuery::as_str);
        self.page.location(target, matches!(method, "GET" | "HEAD"))
    }
}

/// Where to go once somebody is signed in: what the sign-in page was told to come back to.
///
/// [`SignedIn`](crate::SignedIn) sends visitors to the sign-in page with the page that they asked
/// for in the query, as `/sign-in?next=/account`. Anybody can write such a link, so only a path of
/// this application counts: what would lead to another site, as `//evil.example` or
/// `https://evil.example`, is as if nothing was there. A form without an `action` sends the query of
/// its page along.
///
/// As an extractor it never fails.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::ReturnTo;
///
/// let next = ReturnTo::of_query(Some("lang=de&next=/cart%3Fpage%3D2"));
/// assert_eq!(next.or("/account"), "/cart?page=2");
/// assert_eq!(next.on("/sign-up"), "/sign-up?next=/cart%3Fpage%3D2");
///
/// let next = ReturnTo::of_query(Some("next=//evil.example"));
/// assert_eq!(next.or("/account"), "/account");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnTo(Option<String>);

impl ReturnTo {
    /// Reads the query of the request for the sign-in page, or for what its form leads to.
    pub fn of_query(query: Option<&str>) -> Self {
        let parameters = query.unwrap_or_default().split('&');
        let mut values = parameters.filter_map(|parameter| parameter.strip_prefix(NEXT));
        let value = values.find_map(|value| value.strip_prefix('='));
        Self(value.and_then(decoded).filter(|path| is_local(path)))
    }

    /// The path, with its query, if there is one.
    pub fn path(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The path, with its query, or `otherwise`.
    pub fn or<'a>(&'a self, otherwise: &'a str) -> &'a str {
        self.path().unwrap_or(otherwise)
    }

    /// A link to `page` that goes on to the same place: from the sign-in page to the one to make an
    /// account on, say.
    pub fn on(&self, page: &str) -> String {
        self.path().map_or_else(|| page.to_owned(), |path| with_next(page, path))
    }
}

/// Adds the page to come back to, which keeps its slashes, to the query of another.
fn with_next(page: &str, target: &str) -> String {
    let separator = if page.contains('?') { '&' } else { '?' };
    let mut link = format!("{page}{separator}{NEXT}=");
    for &byte in target.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                link.push(char::from(byte));
            }
            // A `String` takes everything.
            _ => drop(write!(link, "%{byte:02X}")),
        }
    }
    link
}

/// Undoes percent-encoding; `None` if that is malformed or hides bytes that are no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        bytes.push(is_hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Whether a browser that is sent to `path` stays on the origin that it is on.
///
/// One slash, since two begin a host. Browsers read `\` as `/`, and leave tabs and line ends out (URL
/// Standard, "basic URL parser"), so neither may be anywhere, nor what no URL holds.
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// Whether a person waits for a page, and not a script for an answer: such a request is sent to
/// another page when nobody is signed in.
///
/// Browsers say so of every request to a trustworthy origin (Fetch Metadata). Elsewhere it counts
/// that only navigation asks for HTML by name.
pub(crate) fn is_page_load<'h>(
    fetch_mode: Option<&[u8]>,
    accept: impl IntoIterator<Item = &'h [u8]>,
) -> bool {
    const HTML: &[u8] = b"text/html";
    match fetch_mode {
        Some(mode) => mode == b"navigate",
        None => accept
            .into_iter()
            .any(|field| field.windows(HTML.len()).any(|part| part.eq_ignore_ascii_case(HTML))),
    }
}

#[cfg(test)]
mod tests {
    use super::{ReturnTo, SignInPage, is_page_load};
    use crate::error::ErrorKind;

    #[test]
    fn page_is_a_path_of_the_application() {
        for path in ["/", "/sign-in", "/sign-in?lang=de", "/a%20b"] {
            assert!(SignInPage::new(path).is_ok(), "{path}");
        }
        for path in [
            "",
            "sign-in",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/sign in",
            "/sign-in#form",
            "/anmeldung/ü",
            "/a\n",
        ] {
            let error = SignInPage::new(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{path}");
        }
    }

    #[test]
    fn location_names_the_page_asked_for() {
        let table = [
            ("/sign-in", "/account", true, Some("/sign-in?next=/account")),
            ("/sign-in", "/a?b=c&d=%20+e", true, Some("/sign-in?next=/a%3Fb%3Dc%26d%3D%2520%2Be")),
            ("/sign-in?lang=de", "/account", true, Some("/sign-in?lang=de&next=/account")),
            ("/sign-in", "/account", false, Some("/sign-in")),
            ("/sign-in", "//evil.example/x", true, Some("/sign-in")),
            ("/sign-in", "*", true, Some("/sign-in")),
            ("/sign-in", "/sign-in", true, None),
            ("/sign-in?lang=de", "/sign-in?next=/account", false, None),
        ];
        for (page, target, is_way_back, expected) in table {
            let location = SignInPage::new(page).unwrap().location(target, is_way_back);
            assert_eq!(location.as_deref(), expected, "{page} {target}");
        }
        let page = SignInPage::new("/sign-in").unwrap();
        let long = format!("/{}", "a".repeat(2048));
        assert_eq!(page.location(&long, true).as_deref(), Some("/sign-in"));
    }

    #[test]
    fn what_is_named_is_what_comes_back() {
        for target in ["/", "/account", "/a?b=c&d=%20+e&next=//f", "/%E2%82%AC", "/a//b", "/~%"] {
            let page = SignInPage::new("/sign-in").unwrap();
            let location = page.location(target, true).unwrap();
            let next = ReturnTo::of_query(location.split_once('?').map(|(_, query)| query));
            assert_eq!(next.path(), Some(target));
            assert_eq!(next.on("/sign-in"), location);
        }
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for query in [
            "",
            "next",
            "next=",
            "nextpage=/account",
            "lang=de",
            "next=account",
            "next=https://evil.example/",
            "next=https%3A%2F%2Fevil.example",
            "next=//evil.example",
            "next=%2F%2Fevil.example",
            "next=/%5Cevil.example",
            "next=/\\evil.example",
            "next=%09//evil.example",
            "next=/%09/evil.example",
            "next=/%0A/evil.example",
            "next=/a%0D%0ASet-Cookie:%20a=b",
            "next=javascript:alert(1)",
            "next=/%",
            "next=/%4",
            "next=/%+4",
            "next=/%FF",
            "next=%20/account",
            "next=//evil.example&next=/account",
        ] {
            let next = ReturnTo::of_query(Some(query));
            assert_eq!(next.path(), None, "{query}");
            assert_eq!((next.or("/home"), next.on("/sign-up")), ("/home", "/sign-up".to_owned()));
        }
        assert_eq!(ReturnTo::of_query(None), ReturnTo::default());
    }

    #[test]
    fn page_loads_are_told_from_scripts() {
        const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
        let table: [(Option<&str>, &[&str], bool); 9] = [
            (Some("navigate"), &[BROWSER], true),
            (Some("navigate"), &[], true),
            (Some("cors"), &[BROWSER], false),
            (Some("same-origin"), &["*/*"], false),
            (Some("websocket"), &[], false),
            (None, &[BROWSER], true),
            (None, &["application/json", "Text/HTML"], true),
            (None, &["*/*"], false),
            (None, &[], false),
        ];
        for (mode, accept, expected) in table {
            let accept = accept.iter().map(|field| field.as_bytes());
            assert_eq!(is_page_load(mode.map(str::as_bytes), accept), expected, "{mode:?}");
        }
    }
}
