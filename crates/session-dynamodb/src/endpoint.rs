//! Where the server is, if not where the AWS configuration says, and what follows from that.

use http::Uri;

/// Whether `text` is a URL that a client can be led to.
pub(crate) fn is_endpoint(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    })
}

/// Whether an endpoint is taken for DynamoDB Local.
pub(crate) fn is_local(endpoint: &str) -> bool {
    endpoint.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::is_endpoint;

    #[test]
    fn endpoints() {
        for url in ["http://127.0.0.1:8000", "https://dynamodb.eu-central-1.amazonaws.com/"] {
            assert!(is_endpoint(url), "{url}");
        }
        for url in [
            "",
            "host",
            "host:8000",
            "http://",
            "//host",
            "redis://host",
            "http://u@h",
            "http://a b",
        ] {
            assert!(!is_endpoint(url), "{url}");
        }
    }
}
