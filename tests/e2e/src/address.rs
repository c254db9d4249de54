//! Where a store is, in one word, and the settings that say the same.

/// What begins an address, the `SESSION_TYPE` of such stores, and the setting that takes it.
const STORES: &[(&str, &str, &str)] = &[
    ("memory", "memory", ""),
    // Also `redis+cluster:` and `redis+sentinel:`.
    ("redis", "redis", "SESSION_REDIS"),
    ("memcached:", "memcached", "SESSION_MEMCACHED"),
    ("mongodb:", "mongodb", "SESSION_MONGODB"),
    // DynamoDB Local has no scheme of its own; its table may stand in the path.
    ("http:", "dynamodb", "SESSION_DYNAMODB"),
    ("postgres:", "sqlalchemy", "SESSION_SQLALCHEMY"),
    ("mysql:", "sqlalchemy", "SESSION_SQLALCHEMY"),
    ("sqlite:", "sqlalchemy", "SESSION_SQLALCHEMY"),
    ("/", "filesystem", "SESSION_FILE_DIR"),
];

/// The stores whose servers here stand in for others, and take their time over a burst; a request
/// has two seconds.
const SLOW: &[&str] = &["mongodb", "dynamodb"];

/// The settings that open the store at `address`: `memory`, a URL, or an absolute path.
///
/// # Panics
///
/// If it is none of those.
pub fn settings(address: &str) -> Vec<(&'static str, String)> {
    let (_, kind, key) = STORES
        .iter()
        .find(|(start, ..)| address.starts_with(start))
        .expect("the address is that of a store");
    let mut settings = vec![("SESSION_TYPE", (*kind).to_owned())];
    if !key.is_empty() {
        // Memcached has no URLs of its own.
        let mut place = address.strip_prefix("memcached://").unwrap_or(address);
        if let Some((endpoint, table)) = place.rsplit_once('/').filter(|_| has_table(address)) {
            place = endpoint;
            settings.push(("SESSION_DYNAMODB_TABLE", table.to_owned()));
        }
        settings.push((key, place.to_owned()));
    }
    if SLOW.contains(kind) {
        settings.push(("SESSION_OPERATION_TIMEOUT", "1.5".to_owned()));
    }
    settings
}

fn has_table(address: &str) -> bool {
    address.strip_prefix("http://").is_some_and(|rest| rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[test]
    fn address_says_type_and_place() {
        let table = [
            ("redis://127.0.0.1:1", "redis", ("SESSION_REDIS", "redis://127.0.0.1:1")),
            ("memcached://127.0.0.1:1", "memcached", ("SESSION_MEMCACHED", "127.0.0.1:1")),
            ("sqlite:////a/b", "sqlalchemy", ("SESSION_SQLALCHEMY", "sqlite:////a/b")),
            ("/a/b", "filesystem", ("SESSION_FILE_DIR", "/a/b")),
        ];
        for (address, kind, (key, place)) in table {
            let expected = [("SESSION_TYPE", kind.to_owned()), (key, place.to_owned())];
            assert_eq!(settings(address), expected);
        }
        let of_dynamodb = [
            ("SESSION_TYPE", "dynamodb"),
            ("SESSION_DYNAMODB_TABLE", "t"),
            ("SESSION_DYNAMODB", "http://127.0.0.1:1"),
            ("SESSION_OPERATION_TIMEOUT", "1.5"),
        ];
        assert_eq!(settings("http://127.0.0.1:1/t"), of_dynamodb.map(|(k, v)| (k, v.to_owned())));
        assert_eq!(settings("memory"), [("SESSION_TYPE", "memory".to_owned())]);
    }
}
