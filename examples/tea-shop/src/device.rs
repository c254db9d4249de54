//! What to call a device before its owner says so.

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

/// The longest label, in characters.
pub(crate) const LONGEST: usize = 40;

// Order matters: most browsers also claim to be the ones below them.
const BROWSERS: [(&str, &str); 5] = [
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 6] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
];

/// Guesses a label from what the browser says of itself.
pub(crate) fn guess(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "This device".to_owned(),
    }
}

/// The label that was typed, cut to what fits; without one, a guess.
pub(crate) fn label(typed: &str, headers: &HeaderMap) -> String {
    match typed.trim() {
        "" => guess(headers),
        typed => typed.chars().take(LONGEST).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{guess, label};
    use axum::http::header::{HeaderMap, HeaderValue, USER_AGENT};

    #[test]
    fn a_browser_names_its_device() {
        let table = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.17.0", "This device"),
            ("", "This device"),
        ];
        for (agent, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            assert_eq!(guess(&headers), expected, "{agent}");
        }
    }

    #[test]
    fn a_typed_label_is_kept_and_cut() {
        let headers = HeaderMap::new();
        assert_eq!(label("  Ann's laptop ", &headers), "Ann's laptop");
        assert_eq!(label(&"ü".repeat(50), &headers).chars().count(), 40);
        assert_eq!(label(" ", &headers), "This device");
    }
}
