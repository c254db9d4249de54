//! From the URL of a store to the settings that name it.

use percent_encoding::percent_decode_str;
use session_core::{Error, ErrorKind, Result};

/// The settings that the URL of a store stands for: `SESSION_TYPE`, and where it is.
///
/// The schemes are those that the settings of each store take (`redis`, `rediss`, `unix`, `valkey`,
/// `postgres`, `postgresql`, `mysql`, `mariadb`, `sqlite`, `mongodb`, each with what may follow a
/// `+`), and `memcached://HOST:PORT,HOST:PORT`, `file:///DIRECTORY` and
/// `dynamodb://TABLE?region=REGION&endpoint=http://HOST:PORT`, whose parts may be percent-encoded.
/// Whether it is well-formed, the store that reads it says.
///
/// # Errors
///
/// `Config` for another scheme; the message does not show the URL, which may hold a password.
///
/// # Examples
///
/// ```
/// let settings = web_session::store_url("redis://cache.internal:6379/0")?;
/// assert_eq!(settings[0], ("SESSION_TYPE", "redis".to_owned()));
/// assert_eq!(settings[1], ("SESSION_REDIS", "redis://cache.internal:6379/0".to_owned()));
/// # Ok::<(), web_session::Error>(())
/// ```
pub fn store_url(url: &str) -> Result<Vec<(&'static str, String)>> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    let scheme = scheme.to_ascii_lowercase();
    let part = || rest.strip_prefix("//").filter(|rest| !rest.is_empty());
    let named =
        |word: &str, key, value: String| vec![("SESSION_TYPE", word.to_owned()), (key, value)];
    let whole = |word, key| Ok(named(word, key, url.to_owned()));
    match scheme.split('+').next().unwrap_or_default() {
        "redis" | "rediss" | "valkey" | "valkeys" | "unix" => whole("redis", "SESSION_REDIS"),
        "postgres" | "postgresql" | "mysql" | "mariadb" | "sqlite" => {
            whole("sqlalchemy", "SESSION_SQLALCHEMY")
        }
        "mongodb" => whole("mongodb", "SESSION_MONGODB"),
        "memcached" | "memcache" => part()
            .map(|servers| servers.trim_end_matches('/'))
            .filter(|servers| !servers.is_empty())
            .map(|servers| named("memcached", "SESSION_MEMCACHED", servers.to_owned()))
            .ok_or_else(|| unknown().with_note("memcached://HOST:PORT,HOST:PORT")),
        "file" => part()
            .filter(|path| path.starts_with('/'))
            .and_then(decoded)
            .map(|path| named("filesystem", "SESSION_FILE_DIR", path))
            .ok_or_else(|| unknown().with_note("file:///DIRECTORY")),
        "dynamodb" => part().and_then(dynamodb).ok_or_else(|| {
            unknown().with_note("dynamodb://TABLE?region=REGION&endpoint=http://HOST:PORT")
        }),
        _ => Err(unknown()),
    }
}

/// Whether `text` is the URL of a store, and not a word of `SESSION_TYPE`.
pub(crate) fn is_url(text: &str) -> bool {
    text.contains(':')
}

fn dynamodb(rest: &str) -> Option<Vec<(&'static str, String)>> {
    let (table, query) = rest.split_once('?').unwrap_or((rest, ""));
    let table = table.trim_end_matches('/');
    let is_table = !table.is_empty() && !table.contains('/');
    let mut settings = vec![
        ("SESSION_TYPE", "dynamodb".to_owned()),
        ("SESSION_DYNAMODB_TABLE", is_table.then(|| decoded(table))??),
    ];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let key = match name {
            "endpoint" => "SESSION_DYNAMODB",
            "region" => "SESSION_DYNAMODB_REGION",
            _ => return None,
        };
        settings.push((key, decoded(value)?));
    }
    Some(settings)
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// Says which shape it should have, and not what it has, where a password may be.
fn unknown() -> Error {
    Error::new(
        ErrorKind::Config,
        "read the URL of a store: expected redis://, rediss://, postgres://, mysql://, sqlite:///, \
         mongodb://, memcached://HOST, dynamodb://TABLE or file:///DIRECTORY",
    )
}

#[cfg(test)]
mod tests {
    use super::store_url;

    #[test]
    fn schemes_name_stores() {
        for (url, word, key, value) in [
            ("redis://a", "redis", "SESSION_REDIS", "redis://a"),
            ("REDISS://a", "redis", "SESSION_REDIS", "REDISS://a"),
            ("redis+cluster://a,b", "redis", "SESSION_REDIS", "redis+cluster://a,b"),
            ("unix:///run/redis.sock", "redis", "SESSION_REDIS", "unix:///run/redis.sock"),
            (
                "postgresql+psycopg2://u:p@h/d",
                "sqlalchemy",
                "SESSION_SQLALCHEMY",
                "postgresql+psycopg2://u:p@h/d",
            ),
            ("sqlite:///x.db", "sqlalchemy", "SESSION_SQLALCHEMY", "sqlite:///x.db"),
            ("mongodb+srv://h/d", "mongodb", "SESSION_MONGODB", "mongodb+srv://h/d"),
            ("memcached://a:1,b:2/", "memcached", "SESSION_MEMCACHED", "a:1,b:2"),
            ("file:///var/lib/s", "filesystem", "SESSION_FILE_DIR", "/var/lib/s"),
            ("file:///var/my%20app", "filesystem", "SESSION_FILE_DIR", "/var/my app"),
            ("dynamodb://My_Table.x", "dynamodb", "SESSION_DYNAMODB_TABLE", "My_Table.x"),
            ("dynamodb://t", "dynamodb", "SESSION_DYNAMODB_TABLE", "t"),
        ] {
            let settings = store_url(url).unwrap();
            let expected = [("SESSION_TYPE", word.to_owned()), (key, value.to_owned())];
            assert_eq!(settings, expected, "{url}");
        }
        let settings = store_url("dynamodb://t?region=eu-west-1&endpoint=http://h:8000").unwrap();
        let expected = [
            ("SESSION_TYPE", "dynamodb"),
            ("SESSION_DYNAMODB_TABLE", "t"),
            ("SESSION_DYNAMODB_REGION", "eu-west-1"),
            ("SESSION_DYNAMODB", "http://h:8000"),
        ];
        assert_eq!(settings, expected.map(|(key, value)| (key, value.to_owned())));
    }

    #[test]
    fn what_names_no_store_is_refused_without_being_shown() {
        for url in [
            "",
            "redis",
            "ftp://u:hunter2@h",
            "http://hunter2",
            "memcached://",
            "file://relative",
            "file:hunter2",
            "file://host/hunter2",
            "dynamodb://",
            "dynamodb://S/hunter2",
            "dynamodb://S?key=hunter2",
            "dynamodb://t?hunter2=1",
        ] {
            let said = store_url(url).unwrap_err().to_string();
            assert!(said.contains("expected redis://") && !said.contains("hunter2"), "{said}");
        }
    }
}
