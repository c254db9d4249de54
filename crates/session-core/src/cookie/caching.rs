//! What a response that carries a session cookie may say about caching.

/// The `Cache-Control` value that keeps a response with a session cookie out of shared caches.
///
/// `None` means that `existing` is fine as it is. Without one the answer is `no-store`. `public`
/// and `s-maxage` (RFC 9111, section 5.2.2) give way to `private`, which is added to all that does
/// not keep shared caches out by itself: they may store a bare `max-age` or `no-cache`, cookie
/// included (section 3), and `no-store` beside `must-understand` (section 5.2.2.3).
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::cache_control;
///
/// assert_eq!(cache_control(None).as_deref(), Some("no-store"));
/// assert_eq!(cache_control(Some("public, max-age=60")).as_deref(), Some("private, max-age=60"));
/// assert_eq!(cache_control(Some("no-cache")).as_deref(), Some("private, no-cache"));
/// assert_eq!(cache_control(Some("private, no-cache")), None);
/// ```
pub fn cache_control(existing: Option<&str>) -> Option<String> {
    let Some(existing) = existing else { return Some("no-store".to_owned()) };
    let directives: Vec<&str> =
        existing.split(',').map(str::trim).filter(|d| !d.is_empty()).collect();
    if directives.is_empty() {
        return Some("no-store".to_owned());
    }
    let has = |name| directives.iter().any(|directive| is(directive, name));
    let is_kept_out = has("private") || has("no-store") && !has("must-understand");
    if is_kept_out && !directives.iter().any(|directive| is_shared(directive)) {
        return None;
    }
    let mut kept = vec!["private"];
    kept.extend(
        directives
            .into_iter()
            .filter(|directive| !is_shared(directive) && !is(directive, "private")),
    );
    Some(kept.join(", "))
}

/// Whether a response field tells some caches what `Cache-Control` tells the others.
///
/// Those caches then overlook `Cache-Control`: the fields of RFC 9213, which end in its name
/// (`CDN-Cache-Control`, `Cloudflare-CDN-Cache-Control`, ..), and those that are older:
/// `Surrogate-Control`, Akamai's `Edge-Control`, nginx's `X-Accel-Expires`. A response with a
/// session cookie may have none of them. `name` is in lower case, as the crate `http` has it.
#[cfg(feature = "http")]
pub(crate) fn is_for_some_caches(name: &str) -> bool {
    name.ends_with("-cache-control")
        || matches!(name, "surrogate-control" | "edge-control" | "x-accel-expires")
}

/// Whether a `Vary` field says that responses differ by the cookie.
#[cfg(feature = "http")]
pub(crate) fn names_cookie(vary: &[u8]) -> bool {
    vary.split(|&byte| byte == b',').any(|name| {
        let name = name.trim_ascii();
        name == b"*" || name.eq_ignore_ascii_case(b"cookie")
    })
}

/// Whether `directive` stands alone: `private="field"` keeps a shared cache from one field only.
fn is(directive: &str, name: &str) -> bool {
    directive.eq_ignore_ascii_case(name)
}

fn is_shared(directive: &str) -> bool {
    let name = directive.split('=').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("public") || name.eq_ignore_ascii_case("s-maxage")
}

#[cfg(test)]
mod tests {
    use super::cache_control;

    #[test]
    fn no_shared_cache_may_keep_a_session_cookie() {
        let table = [
            (None, Some("no-store")),
            (Some(""), Some("no-store")),
            (Some("no-store"), None),
            (Some("private, max-age=5"), None),
            (Some("max-age=5"), Some("private, max-age=5")),
            (Some("no-cache"), Some("private, no-cache")),
            (Some("private=\"x-a\", max-age=5"), Some("private, private=\"x-a\", max-age=5")),
            (Some("NO-STORE, max-age=5"), None),
            (Some("public"), Some("private")),
            (Some("PUBLIC, max-age=5"), Some("private, max-age=5")),
            (Some("max-age=5, s-maxage=60"), Some("private, max-age=5")),
            (Some("private, s-maxage = 60"), Some("private")),
            (Some("must-understand, no-store"), Some("private, must-understand, no-store")),
            (Some("must-understand, private"), None),
        ];
        for (existing, expected) in table {
            assert_eq!(cache_control(existing).as_deref(), expected, "{existing:?}");
        }
    }
}
