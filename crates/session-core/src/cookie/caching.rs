//! What a response that belongs to a session may say about caching.

use super::fields::Head;
use bytes::Bytes;
use std::borrow::Cow;

/// Adds to `Vary` the name of a request field, unless the response varies by it already.
pub(crate) fn vary_by(head: &mut impl Head, name: &'static str) {
    head.add_unless("vary", Bytes::from_static(name.as_bytes()), |vary| varies_by(vary, name));
}

/// Does the same with a name that is configured.
///
/// A second use of `add_unless` would keep the compiler from making the first one, which is in most
/// responses, of the name that it knows.
#[inline(never)]
pub(crate) fn vary_by_configured(head: &mut impl Head, name: &Bytes) {
    let varied: Vec<&[u8]> = head.values("vary").collect();
    let shown = String::from_utf8_lossy(name);
    if varied.iter().any(|vary| varies_by(vary, &shown)) {
        return;
    }
    let value = match varied.is_empty() {
        true => name.clone(),
        false => [&varied.join(&b", "[..]), &b", "[..], name].concat().into(),
    };
    head.set("vary", value);
}

/// Whether a value of `Vary` has `name`, or says that everything counts.
fn varies_by(vary: &[u8], name: &str) -> bool {
    let mut varied = vary.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    varied.any(|varied| varied == b"*" || varied.eq_ignore_ascii_case(name.as_bytes()))
}

/// Keeps a response with an id out of shared caches, whatever it said to them.
pub(crate) fn keep_from_shared_caches(head: &mut impl Head) {
    // Several fields mean the same as one with commas (RFC 9110, section 5.3).
    let existing: Vec<_> =
        head.values("cache-control").filter_map(|value| str::from_utf8(value).ok()).collect();
    match cache_control(&existing.join(", ")) {
        Some(value) => set_cache_control(head, value),
        None => head.remove(is_for_some_caches),
    }
}

/// Keeps a response out of every cache, whatever it said to them.
#[cfg(feature = "http")]
pub(crate) fn keep_from_caches(head: &mut impl Head) {
    set_cache_control(head, Cow::Borrowed(NO_STORE));
}

fn set_cache_control(head: &mut impl Head, value: Cow<'static, str>) {
    head.remove(is_for_some_caches);
    head.set(
        "cache-control",
        match value {
            Cow::Borrowed(value) => Bytes::from_static(value.as_bytes()),
            Cow::Owned(value) => Bytes::from(value),
        },
    );
}

const NO_STORE: &str = "no-store";

/// The `Cache-Control` value that keeps a response with an id out of shared caches.
///
/// `None` means that `existing` is fine as it is. Where that is empty the answer is `no-store`.
/// `public` and `s-maxage` (RFC 9111, section 5.2.2) give way to `private`, which is added to all
/// that does not keep shared caches out by itself: they may store a bare `max-age` or `no-cache`,
/// cookie included (section 3), and `no-store` beside `must-understand` (section 5.2.2.3).
fn cache_control(existing: &str) -> Option<Cow<'static, str>> {
    if existing.trim_matches([',', ' ', '\t']).is_empty() {
        return Some(Cow::Borrowed(NO_STORE));
    }
    let directives: Vec<&str> =
        existing.split(',').map(str::trim).filter(|d| !d.is_empty()).collect();
    let has = |name| directives.iter().any(|directive| is(directive, name));
    let is_kept_out = has("private") || has(NO_STORE) && !has("must-understand");
    if is_kept_out && !directives.iter().any(|directive| is_shared(directive)) {
        return None;
    }
    let mut kept = vec!["private"];
    kept.extend(
        directives
            .into_iter()
            .filter(|directive| !is_shared(directive) && !is(directive, "private")),
    );
    Some(Cow::Owned(kept.join(", ")))
}

/// Whether a response field tells some caches what `Cache-Control` tells the others.
///
/// Those caches then overlook `Cache-Control`: the fields of RFC 9213, which end in its name
/// (`CDN-Cache-Control`, `Cloudflare-CDN-Cache-Control`, ..), and those that are older:
/// `Surrogate-Control`, Akamai's `Edge-Control`, nginx's `X-Accel-Expires`.
fn is_for_some_caches(name: &str) -> bool {
    name.ends_with("-cache-control")
        || matches!(name, "surrogate-control" | "edge-control" | "x-accel-expires")
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
            ("", Some("no-store")),
            ("no-store", None),
            ("private, max-age=5", None),
            ("max-age=5", Some("private, max-age=5")),
            ("no-cache", Some("private, no-cache")),
            ("private=\"x-a\", max-age=5", Some("private, private=\"x-a\", max-age=5")),
            ("NO-STORE, max-age=5", None),
            ("public", Some("private")),
            ("PUBLIC, max-age=5", Some("private, max-age=5")),
            ("max-age=5, s-maxage=60", Some("private, max-age=5")),
            ("private, s-maxage = 60", Some("private")),
            ("must-understand, no-store", Some("private, must-understand, no-store")),
            ("must-understand, private", None),
        ];
        for (existing, expected) in table {
            assert_eq!(cache_control(existing).as_deref(), expected, "{existing:?}");
        }
    }
}
