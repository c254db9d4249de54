//! Where the server is, if not where the AWS configuration says, and what follows from that.

use http::Uri;

/// What is wrong with a URL that no client can be led to, or that says more than where.
pub(crate) fn complaint(text: &str) -> Option<&'static str> {
    const FORM: &str = "expected http:// or https:// with a host, and perhaps a port";
    let Ok(uri) = text.parse::<Uri>() else { return Some(FORM) };
    let Some(authority) = uri.authority() else { return Some(FORM) };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Some(FORM);
    }
    if authority.as_str().contains('@') {
        return Some(
            "the endpoint has a user; leave it out: credentials are found as the AWS command line \
             finds them (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, a role)",
        );
    }
    if text.contains(['?', '#']) {
        return Some(
            "the endpoint has parameters; leave them out: SESSION_DYNAMODB_REGION and the other \
             settings stand for those of clients",
        );
    }
    if !matches!(uri.path(), "" | "/") {
        return Some(
            "the endpoint has a path; leave it out: SESSION_DYNAMODB_TABLE names the table",
        );
    }
    None
}

/// Whether an endpoint is taken for DynamoDB Local.
pub(crate) fn is_local(endpoint: &str) -> bool {
    endpoint.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn endpoints() {
        for url in ["http://127.0.0.1:8000", "https://dynamodb.eu-central-1.amazonaws.com/"] {
            assert_eq!(complaint(url), None, "{url}");
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
            assert!(complaint(url).is_some(), "{url}");
        }
    }

    /// What users write, with the client or product that it comes from, and a word of the refusal.
    #[test]
    fn no_part_of_an_endpoint_is_dropped_in_silence() {
        for (origin, url, refused) in [
            ("DynamoDB Local", "http://localhost:8000", None),
            ("boto3, endpoint_url", "https://dynamodb.eu-central-1.amazonaws.com", None),
            ("LocalStack", "http://localhost.localstack.cloud:4566/", None),
            ("a VPC endpoint", "https://vpce-1.dynamodb.eu-central-1.vpce.amazonaws.com", None),
            ("ScyllaDB Alternator", "http://scylla:8000", None),
            ("PynamoDB's host and a table", "http://localhost:8000/Sessions", Some("TABLE")),
            ("a region", "http://localhost:8000/?region_name=eu-central-1", Some("REGION")),
            ("a region", "http://localhost:8000?region=eu-central-1#x", Some("REGION")),
            ("credentials", "http://AKIA:hunter2@localhost:8000", Some("AWS_ACCESS_KEY_ID")),
            ("SQLAlchemy's PyDynamoDB", "dynamodb://AKIA:hunter2@host:443/", Some("https://")),
        ] {
            let told = complaint(url);
            assert_eq!(told.is_some(), refused.is_some(), "{origin}: {url}: {told:?}");
            if let (Some(told), Some(refused)) = (told, refused) {
                assert!(told.contains(refused), "{origin}: {url}: {told}");
            }
        }
    }
}
