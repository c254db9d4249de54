//! Settings that are wrong by themselves: no server is asked.

use super::{Row, check};

#[tokio::test]
async fn names_and_words() {
    let rows: &[Row<'_>] = &[
        (
            &[("SESSION_TYPE", "redsi")],
            "read SESSION_TYPE: expected null or redis or memcached or filesystem or mongodb or \
             sqlalchemy or dynamodb or memory",
        ),
        (
            &[("SESSION_CONECT", "lazy")],
            "read SESSION_CONECT: there is no such setting; did you mean SESSION_CONNECT?",
        ),
        (
            &[("SESSION_REDIS_URL", "redis://:hunter2@a")],
            "read SESSION_REDIS_URL: there is no such setting; did you mean SESSION_REDIS?",
        ),
        (
            &[("COLOUR", "red")],
            "read COLOUR: there is no such setting; docs/configuration.md lists the names",
        ),
        (
            &[("SESSION_CACHELIB", "x")],
            "read SESSION_CACHELIB: it holds a cachelib object of Python; for files set \
             SESSION_TYPE=filesystem and SESSION_FILE_DIR",
        ),
        (&[("SESSION_CONNECT", "later")], "read SESSION_CONNECT: expected eager or lazy"),
        (&[("SESSION_PROFILE", "strict")], "read SESSION_PROFILE: expected flask or hardened"),
        (
            &[("SESSION_COOKIE_SAMESITE", "lx")],
            "read SESSION_COOKIE_SAMESITE: expected Lax or Strict or None",
        ),
        (
            &[("SESSION_SERIALIZATION_FORMAT", "pikle")],
            "read SESSION_SERIALIZATION_FORMAT: expected msgpack or json or pickle",
        ),
    ];
    check("memory", rows).await;
}

#[tokio::test]
async fn values() {
    let rows: &[Row<'_>] = &[
        (
            &[("SESSION_COOKIE_SECURE", "maybe")],
            "read SESSION_COOKIE_SECURE: expected true or false (also 1/0, yes/no, on/off)",
        ),
        (
            &[("PERMANENT_SESSION_LIFETIME", "1h")],
            "read PERMANENT_SESSION_LIFETIME: expected a whole number of seconds, such as 3600",
        ),
        (
            &[("PERMANENT_SESSION_LIFETIME", "0")],
            "PERMANENT_SESSION_LIFETIME must be 1 second to 36500 days",
        ),
        (&[("SESSION_TIMEOUT", "1s")], "read SESSION_TIMEOUT: expected seconds, such as 2 or 0.5"),
        (
            &[("SESSION_ID_LENGTH", "8")],
            "SESSION_ID_LENGTH must be 16 to 64: the random bytes of an id, not its characters",
        ),
        (
            &[("SESSION_ID_LENGTH", "-8")],
            "read SESSION_ID_LENGTH: expected a whole number in range",
        ),
        (
            &[("SESSION_KEY_PREFIX", "a b")],
            "SESSION_KEY_PREFIX must be printable ASCII without spaces: Memcached takes nothing \
             else",
        ),
        (
            &[("SESSION_COOKIE_NAME", "a b")],
            "SESSION_COOKIE_NAME must be one or more letters, digits or any of !#$%&'*+-.^_`|~",
        ),
        (&[("SESSION_COOKIE_PATH", "x")], "SESSION_COOKIE_PATH must start with `/`"),
        (
            &[("SESSION_COOKIE_DOMAIN", "https://a.example")],
            "SESSION_COOKIE_DOMAIN must be a host name of two parts or more, as `example.com`, \
             without scheme, port or path, …",
        ),
    ];
    check("memory", rows).await;
}

#[tokio::test]
async fn contradictions() {
    let rows: &[Row<'_>] = &[
        (
            &[("SESSION_COOKIE_SAMESITE", "None")],
            "SESSION_COOKIE_SAMESITE=None needs SESSION_COOKIE_SECURE=true: browsers drop such a \
             cookie otherwise",
        ),
        (
            &[("SESSION_COOKIE_NAME", "__Host-a")],
            "a SESSION_COOKIE_NAME that starts with `__Secure-`, `__Host-` or `__Http-` needs \
             SESSION_COOKIE_SECURE=true",
        ),
        (
            &[("SESSION_ABSOLUTE_LIFETIME", "60")],
            "SESSION_ABSOLUTE_LIFETIME must not be less than PERMANENT_SESSION_LIFETIME, the \
             lifetime without use: no session could live that long",
        ),
        (
            &[("SESSION_SIGNATURE", "flask")],
            "leave session ids unsigned: SESSION_SIGNATURE says how they are signed; set \
             SESSION_USE_SIGNER=true, or leave SESSION_SIGNATURE out",
        ),
        (
            &[("SESSION_TYPE", "sqlite"), ("SESSION_SQLALCHEMY", "postgres://u:hunter2@db/x")],
            "read SESSION_TYPE: it says sqlite, and the URL in SESSION_SQLALCHEMY is of another \
             database",
        ),
        (
            &[("SESSION_TYPE", "null"), ("SESSION_OWNER_INDEX", "true")],
            "the null store has no owner index: turn SESSION_OWNER_INDEX off, or open a redis, \
             filesystem, mongodb, sqlalchemy, dynamodb or memory store with one",
        ),
    ];
    check("memory", rows).await;
}

#[tokio::test]
async fn keys() {
    let rows: &[Row<'_>] = &[
        (
            &[("SESSION_PROFILE", "hardened")],
            "sign session ids, as SESSION_USE_SIGNER says: SECRET_KEY is not set; `openssl rand \
             -base64 48` makes one",
        ),
        (
            &[("SESSION_USE_SIGNER", "true"), ("SECRET_KEY", "hunter2")],
            "take a key that signs cookies: SECRET_KEY and each of SECRET_KEY_FALLBACKS need at \
             least 32 bytes from a random source, as `openssl rand -base64 48` makes",
        ),
        #[cfg(feature = "json")]
        (
            &[("SESSION_USE_SIGNER", "true"), ("SECRET_KEY_FALLBACKS", "hunter2")],
            "read SECRET_KEY_FALLBACKS: expected a JSON list of texts that are not empty",
        ),
        #[cfg(feature = "json")]
        (
            &[("SESSION_USE_SIGNER", "true"), ("SECRET_KEY_FALLBACKS", r#"["hunter2"]"#)],
            "read SECRET_KEY_FALLBACKS: they verify what SECRET_KEY signed before, and there is no \
             SECRET_KEY",
        ),
    ];
    check("memory", rows).await;
}

/// Each store that this build leaves out is in `connect.rs`.
#[cfg(not(all(feature = "json", feature = "flask")))]
#[tokio::test]
async fn features() {
    const KEY: (&str, &str) = ("SECRET_KEY", "hunter2hunter2hunter2hunter2hunter2");
    let rows: &[Row<'_>] = &[
        #[cfg(not(feature = "json"))]
        (
            &[("SESSION_SERIALIZATION_FORMAT", "json")],
            "read a serialization format: this build leaves `json` out; turn on the feature `json` \
             (SESSION_SERIALIZATION_FORMAT)",
        ),
        #[cfg(not(feature = "json"))]
        (
            &[("SESSION_USE_SIGNER", "true"), ("SECRET_KEY_FALLBACKS", r#"["hunter2"]"#)],
            "read SECRET_KEY_FALLBACKS: this build reads no JSON list; turn on the feature `json`",
        ),
        (
            &[("SESSION_SERIALIZATION_FORMAT", "pickle")],
            "read a serialization format: this build leaves `pickle` out; turn on the feature `flask` \
             (SESSION_SERIALIZATION_FORMAT)",
        ),
        (
            &[("SESSION_USE_SIGNER", "true"), KEY, ("SESSION_SIGNATURE", "flask")],
            "make the signer of SESSION_SIGNATURE: this build leaves out the signatures of Flask; \
             turn on the feature `flask`",
        ),
    ];
    check("memory", rows).await;
}
