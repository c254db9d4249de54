//! Fields that every response carries.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response};

/// There is no script anywhere, and nothing comes from elsewhere.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // `no-referrer` would make browsers send `Origin: null` with our own forms (Fetch, section
    // "append a request `Origin` header"), which the origin check refuses.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// After signing out, "back" must not show a page of the account. Where a handler or the session
/// layer chose, their choice stands.
const UNLESS_SET: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

const HTTPS_FOR_A_YEAR: &str = "max-age=31536000";

/// Adds the security fields, and those that pages have unless they said otherwise.
pub(crate) async fn add<B>(mut response: Response<B>, is_https: bool) -> Response<B> {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let (name, value) = UNLESS_SET;
    headers.entry(name).or_insert(HeaderValue::from_static(value));
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_FOR_A_YEAR));
    }
    response
}
